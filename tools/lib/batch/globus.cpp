// SPDX-License-Identifier: BSD-3-Clause
// No header of its own: systems.h declares what makes it.
// The grid gatekeeper: the services fork and slurm are switched to the job managers of chos.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "basic/files.h"
#include "basic/text.h"
#include "batch/config_text.h"
#include "batch/steps.h"
#include "batch/systems.h"

namespace chos {
namespace {

constexpr const char* services = "/etc/grid-services";

struct Manager {
  const char* file;     // the job manager of chos, below services/available
  const char* type;     // its name for Globus
  const char* service;  // the service that it takes over
  // Globus looks for a list of RSL attributes by the job manager's name.  Null, or a link to make and
  // its target: the list of Globus's own job manager.
  const char* attributes;
  const char* attributes_target;
};
constexpr Manager managers[] = {
    {"jobmanager-chosfork", "chosfork", "jobmanager-fork", nullptr, nullptr},
    {"jobmanager-chosslurm", "chosslurm", "jobmanager-slurm", "/etc/globus/gram/chosslurm.rvf",
     "/usr/share/globus/globus_gram_job_manager/slurm.rvf"}};
constexpr const Manager& slurm = managers[1];

std::string link_target(const std::string& path) { return read_link(AT_FDCWD, path); }

class Globus : public BatchSystem {
 public:
  explicit Globus(const BatchNode& node) : BatchSystem("globus", "the grid gatekeeper", node) {}

  Result<BatchPlan> enable(const BatchOptions&) override {
    if (auto status = present(); !status) return status.error();
    BatchPlan plan;
    for (const auto& manager : managers) {
      if (!serves(manager)) continue;
      const auto content = node_.installed_text(std::string("globus/") + manager.file);
      if (!content) return content.error();
      auto file = put_file(node_, name(), available(manager), *content, manager.type);
      if (!file) return file.error();
      plan.steps.push_back(std::move(*file));
      if (manager.attributes != nullptr) plan.steps.push_back(put_attributes_step(manager));
      plan.steps.push_back(enable_service_step(manager));
    }
    plan.warnings = warnings(serves(slurm));
    plan.next = {"check, with a proxy: globus-job-run HOST/jobmanager-fork /bin/cat /etc/os-release"};
    return plan;
  }

  Result<BatchPlan> disable(const BatchOptions&) override {
    if (auto status = present(); !status) return status.error();
    BatchPlan plan;
    for (const auto& manager : managers) {
      plan.steps.push_back(disable_service_step(manager));
      if (::access(available(manager).c_str(), F_OK) == 0) {
        const auto content = node_.installed_text(std::string("globus/") + manager.file);
        if (!content) return content.error();
        auto file = drop_file(node_, name(), available(manager), *content);
        if (!file) return file.error();
        plan.steps.push_back(std::move(*file));
      }
      if (manager.attributes != nullptr) plan.steps.push_back(drop_attributes_step(manager));
    }
    return plan;
  }

  BatchState state(const BatchOptions&) override {
    BatchState state;
    if (!present()) return state;
    state.what = BatchState::What::not_enabled;
    std::vector<std::string> without;
    for (const auto& manager : managers) {
      if (in_service(manager) == manager.file)
        state.where.push_back(std::string(manager.service) + " (" + manager.file + ")");
      else if (serves(manager)) without.emplace_back(manager.service);
    }
    if (state.where.empty()) return state;
    state.what = without.empty() ? BatchState::What::enabled : BatchState::What::partly;
    if (!without.empty()) state.problem = "not enabled for " + listed(without);
    return state;
  }

  std::vector<std::string> traps() override { return warnings(in_service(slurm) == slurm.file); }

 private:
  // Warnings about the batch systems behind the gatekeeper.  Their unclear states are reported elsewhere.
  std::vector<std::string> warnings(bool with_slurm) const {
    std::vector<std::string> out;
    if (with_slurm && lacks_starter(*make_slurm(node_)))
      out.emplace_back(
          "spank_chos is not enabled in Slurm, so jobs for jobmanager-slurm that choose an OS are "
          "refused; run: chosctl batch enable slurm");
    const std::string sge = node_.path(std::string(services) + "/jobmanager-sge");
    if (::access(sge.c_str(), F_OK) == 0 && lacks_starter(*make_sge(node_)))
      out.emplace_back(
          "Grid Engine does not start the jobs of all queues in OSs, so jobs for jobmanager-sge that "
          "choose one run in the base OS; run: chosctl batch enable sge");
    return out;
  }
  static bool lacks_starter(BatchSystem& behind) {
    const auto what = behind.state({}).what;
    return what != BatchState::What::enabled && what != BatchState::What::unclear;
  }
  Status present() const {
    if (node_.has_directory(std::string(services) + "/available")) return {};
    return Error{std::string("there is no directory ") + services + "/available",
                 "run this on the gatekeeper's node", ENOENT};
  }
  // The job manager for Slurm is used only where Globus has its own job manager for Slurm.
  bool serves(const Manager& manager) const {
    return manager.attributes_target == nullptr || node_.has_file(manager.attributes_target);
  }
  std::string available(const Manager& manager) const {
    return node_.path(std::string(services) + "/available/" + manager.file);
  }
  // The file in `available` that the service is a link to; "" if it is no link.
  std::string in_service(const Manager& manager) const {
    return last_part(link_target(node_.path(std::string(services) + "/" + manager.service)));
  }
  static std::string saved_name(const Manager& manager) {
    return std::string("globus-") + manager.service + ".before";
  }

  BatchStep enable_service_step(const Manager& manager) const {
    const std::string now = in_service(manager);
    const bool ours = now == manager.file;
    BatchStep step{manager.service,
                   !ours,
                   ours ? std::string("is already ") + manager.file
                        : std::string("is now ") + manager.file + (now.empty() ? "" : ", was " + now),
                   {}};
    step.act = [this, manager, now]() -> Status {
      if (!now.empty())
        if (auto status = save_value(node_, saved_name(manager), now); !status) return status;
      return admin({"-e", manager.file, "-n", manager.service});
    };
    return step;
  }

  BatchStep disable_service_step(const Manager& manager) const {
    const bool ours = in_service(manager) == manager.file;
    const std::string before = saved_value(node_, saved_name(manager));
    BatchStep step{manager.service,
                   ours,
                   !ours            ? "does not use chos; nothing to do"
                   : before.empty() ? "taken out of service"
                                    : "set back to " + before,
                   {}};
    step.act = [this, manager, before]() -> Status {
      const auto status =
          before.empty() ? admin({"-d", manager.service}) : admin({"-e", before, "-n", manager.service});
      if (!status) return status;
      forget_value(node_, saved_name(manager));
      // Enabling a job manager under another name also made a service of its own name.
      const std::string own = std::string(services) + "/" + manager.file;
      return link_target(node_.path(own)).empty() ? Status() : admin({"-d", manager.file});
    };
    return step;
  }

  BatchStep drop_attributes_step(const Manager& manager) const {
    const std::string link = node_.path(manager.attributes);
    if (link_target(link) != manager.attributes_target) return missing_step(link);
    return {link, true, "removed", [link]() -> Status {
              return ::unlink(link.c_str()) == 0 ? Status() : system_error("cannot remove " + link, errno);
            }};
  }

  BatchStep put_attributes_step(const Manager& manager) const {
    const std::string link = node_.path(manager.attributes);
    const bool there = link_target(link) == manager.attributes_target;
    return {link, !there, there ? "already in place" : std::string("links to ") + manager.attributes_target,
            [link, manager]() -> Status {
              const std::string directory = link.substr(0, link.rfind('/'));
              if (::mkdir(directory.c_str(), 0755) != 0 && errno != EEXIST)
                return system_error("cannot create the directory " + directory, errno);
              if (::symlink(manager.attributes_target, link.c_str()) != 0)
                return system_error("cannot create the link " + link, errno);
              return {};
            }};
  }

  Status admin(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "globus-gatekeeper-admin");
    const auto done = node_.output_of(arguments, "see: globus-gatekeeper-admin -l");
    return done ? Status() : Status(done.error());
  }
};

}  // namespace

std::unique_ptr<BatchSystem> make_globus(const BatchNode& node) { return std::make_unique<Globus>(node); }

}  // namespace chos
