// SPDX-License-Identifier: BSD-3-Clause
// The grid gatekeeper: its services fork and slurm become job managers of chos.
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>

#include "basic/subprocess.h"
#include "basic/text.h"
#include "batch/systems.h"

namespace chos {
namespace {

constexpr const char* services = "/etc/grid-services";

// A job manager of chos, the service that it becomes, and a list of attributes that Globus looks for
// by the name of the job manager: a link to the one of the job manager below it.
struct Manager {
  const char* file;
  const char* service;
  const char* attributes;
  const char* attributes_of;
};
constexpr Manager managers[] = {{"jobmanager-chosfork", "jobmanager-fork", nullptr, nullptr},
                                {"jobmanager-chosslurm", "jobmanager-slurm", "/etc/globus/gram/chosslurm.rvf",
                                 "/usr/share/globus/globus_gram_job_manager/slurm.rvf"}};
constexpr const Manager& slurm = managers[1];

std::string link_target(const std::string& path) {
  char target[PATH_MAX];
  const ssize_t size = ::readlink(path.c_str(), target, sizeof target);
  return size < 0 ? std::string() : std::string(target, static_cast<std::size_t>(size));
}

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

class Globus : public BatchSystem {
 public:
  using BatchSystem::BatchSystem;
  std::string name() const override { return "globus"; }
  std::string title() const override { return "the grid gatekeeper"; }

  Result<BatchPlan> enable(const BatchWish&) override {
    if (auto status = present(); !status) return status.error();
    BatchPlan plan;
    for (const auto& manager : managers) {
      if (!serves(manager)) continue;
      const auto content = installed_file(node_, std::string("globus/") + manager.file);
      if (!content) return content.error();
      auto file = put_file(node_, name(), available(manager), *content, manager.file + 11);
      if (!file) return file.error();
      plan.steps.push_back(std::move(*file));
      if (manager.attributes != nullptr) plan.steps.push_back(attributes_step(manager));
      const std::string now = in_service(manager);
      const bool there = now == manager.file;
      BatchStep step{manager.service,
                     !there,
                     there ? std::string("is ") + manager.file + " already"
                           : std::string("is now ") + manager.file + (now.empty() ? "" : ", was " + now),
                     {}};
      step.act = [this, manager, now]() -> Status {
        if (!now.empty())
          if (auto status = keep_word(node_, kept_name(manager), now); !status) return status;
        return admin({"-e", manager.file, "-n", manager.service});
      };
      plan.steps.push_back(std::move(step));
    }
    plan.warnings = warnings(serves(slurm));
    plan.next = {"check, with a proxy: globus-job-run HOST/jobmanager-fork /bin/cat /etc/os-release"};
    return plan;
  }

  Result<BatchPlan> disable(const BatchWish&) override {
    if (auto status = present(); !status) return status.error();
    BatchPlan plan;
    for (const auto& manager : managers) {
      const bool there = in_service(manager) == manager.file;
      const std::string before = kept_word(node_, kept_name(manager));
      BatchStep step{manager.service,
                     there,
                     !there           ? "is not of chos; nothing to do"
                     : before.empty() ? "taken out of service"
                                      : "is " + before + " again",
                     {}};
      step.act = [this, manager, before]() -> Status {
        const auto status =
            before.empty() ? admin({"-d", manager.service}) : admin({"-e", before, "-n", manager.service});
        if (!status) return status;
        forget_word(node_, kept_name(manager));
        // What was put in service by another name is a service by its own, too.
        const std::string own = std::string(services) + "/" + manager.file;
        return link_target(node_.path(own)).empty() ? Status() : admin({"-d", manager.file});
      };
      plan.steps.push_back(std::move(step));
      if (::access(available(manager).c_str(), F_OK) == 0) {
        const auto content = installed_file(node_, std::string("globus/") + manager.file);
        if (!content) return content.error();
        auto file = drop_file(node_, name(), available(manager), *content);
        if (!file) return file.error();
        plan.steps.push_back(std::move(*file));
      }
      if (manager.attributes == nullptr) continue;
      const std::string link = node_.path(manager.attributes);
      const bool ours = link_target(link) == manager.attributes_of;
      plan.steps.push_back({link, ours, ours ? "removed" : "is not there; nothing to do", [link]() -> Status {
                              return ::unlink(link.c_str()) == 0
                                         ? Status()
                                         : system_error("cannot remove " + link, errno);
                            }});
    }
    return plan;
  }

  BatchState state(const BatchWish&) override {
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
    if (!without.empty()) state.problem = "not in " + listed(without);
    return state;
  }

  std::vector<std::string> traps() override { return warnings(in_service(slurm) == slurm.file); }

 private:
  // Of the batch systems behind it.  What is unclear is said of themselves.
  std::vector<std::string> warnings(bool with_slurm) const {
    std::vector<std::string> out;
    if (with_slurm && lacks_starter(*make_slurm(node_)))
      out.emplace_back(
          "spank_chos is not enabled in Slurm, and jobs for jobmanager-slurm that choose an "
          "OS are refused without it: chosctl batch enable slurm");
    const std::string sge = node_.path(std::string(services) + "/jobmanager-sge");
    if (::access(sge.c_str(), F_OK) == 0 && lacks_starter(*make_sge(node_)))
      out.emplace_back(
          "Grid Engine does not start the jobs of all queues in OSs, and those of "
          "jobmanager-sge that choose one run in the base OS: chosctl batch enable sge");
    return out;
  }
  static bool lacks_starter(BatchSystem& behind) {
    const auto what = behind.state({}).what;
    return what != BatchState::What::enabled && what != BatchState::What::unclear;
  }
  Status present() const {
    if (is_directory(node_.path(std::string(services) + "/available"))) return {};
    return Error{std::string("there is no directory ") + services + "/available",
                 "run this on the node of the gatekeeper", ENOENT};
  }
  // Slurm's only where Globus has its job manager for Slurm.
  bool serves(const Manager& manager) const {
    return manager.attributes_of == nullptr || is_file(node_.path(manager.attributes_of));
  }
  std::string available(const Manager& manager) const {
    return node_.path(std::string(services) + "/available/" + manager.file);
  }
  // The file in `available` that the service is a link to; "": it is none.
  std::string in_service(const Manager& manager) const {
    return base_name(link_target(node_.path(std::string(services) + "/" + manager.service)));
  }
  static std::string kept_name(const Manager& manager) {
    return std::string("globus-") + manager.service + ".before";
  }

  BatchStep attributes_step(const Manager& manager) const {
    const std::string link = node_.path(manager.attributes);
    const bool there = link_target(link) == manager.attributes_of;
    return {link, !there, there ? "there already" : std::string("leads to ") + manager.attributes_of,
            [link, manager]() -> Status {
              const std::string directory = link.substr(0, link.rfind('/'));
              if (::mkdir(directory.c_str(), 0755) != 0 && errno != EEXIST)
                return system_error("cannot make the directory " + directory, errno);
              if (::symlink(manager.attributes_of, link.c_str()) != 0)
                return system_error("cannot make the link " + link, errno);
              return {};
            }};
  }

  Status admin(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "globus-gatekeeper-admin");
    const auto done = run_command(arguments, node_.patience);
    if (!done) return done.error();
    if (done->status == 0) return {};
    std::string command;
    for (const auto& word : arguments) command += (command.empty() ? "" : " ") + word;
    return Error{command + ": " + done->said(), "see: globus-gatekeeper-admin -l", EIO};
  }
};

}  // namespace

std::unique_ptr<BatchSystem> make_globus(const BatchNode& node) { return std::make_unique<Globus>(node); }

}  // namespace chos
