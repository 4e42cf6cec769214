// SPDX-License-Identifier: BSD-3-Clause
// No header of its own: systems.h declares what makes it.
// Torque: $job_starter in the configuration of pbs_mom.
#include <cerrno>

#include "basic/text.h"
#include "batch/config_text.h"
#include "batch/steps.h"
#include "batch/systems.h"

namespace chos {
namespace {

LineMeaning classify_line_of_mom(std::string_view line) {
  const auto words = config_words(line);
  if (words.empty() || words[0] != "$job_starter") return LineMeaning::unrelated;
  return words.size() > 1 && last_part(words[1]) == "chos_jobstarter" ? LineMeaning::same
                                                                      : LineMeaning::conflicting;
}

constexpr const char* make_it_read = "make pbs_mom read it: send it SIGHUP, or restart it";

class Torque : public BatchSystem {
 public:
  explicit Torque(const BatchNode& node) : BatchSystem("torque", "Torque", node) {}

  Result<BatchPlan> enable(const BatchOptions& options) override {
    if (auto status = present(options); !status) return status.error();
    const auto starter = node_.installed_program("chos_jobstarter");
    if (!starter) return starter.error();
    const std::string file = node_.path(directory(options) + "/config");
    const std::string text = config_text(file);
    for (const auto line : split(text, '\n')) {
      const auto words = config_words(line);
      if (words.size() > 1 && words[0] == "$job_starter_run_privileged" && words[1] != "false" &&
          words[1] != "0")
        return Error{
            file +
                " has $job_starter_run_privileged: chos_jobstarter would run as root, and so would the job",
            "remove that line", EINVAL};
    }
    return plan_of(
        put_line(node_, name(), file, "$job_starter " + *starter, classify_line_of_mom),
        {make_it_read, "jobs choose their OS by: qsub -v CHOS=NAME, or qsub -v CHOS from inside an OS"});
  }

  Result<BatchPlan> disable(const BatchOptions& options) override {
    if (auto status = present(options); !status) return status.error();
    return plan_of(drop_line(node_, name(), node_.path(directory(options) + "/config"), classify_line_of_mom),
                   {make_it_read});
  }

  BatchState state(const BatchOptions& options) override {
    directory_ = directory(options);
    if (!present(options)) return {};
    return line_state(name(), node_.path(directory(options) + "/config"), classify_line_of_mom);
  }

  std::vector<BatchPlace> places() override {
    return {{"the scripts of jobs", directory_ + "/jobs"},
            {"the output of jobs", directory_.substr(0, directory_.rfind('/')) + "/spool"}};
  }

 private:
  static std::string directory(const BatchOptions& options) {
    return options.directory.empty() ? "/var/spool/torque/mom_priv" : options.directory;
  }
  Status present(const BatchOptions& options) const {
    if (node_.has_directory(directory(options))) return {};
    return Error{"there is no directory " + directory(options),
                 "install Torque's pbs_mom, or name its mom_priv: --directory DIR", ENOENT};
  }

  std::string directory_ = directory({});  // the one that state() was last asked about
};

}  // namespace

std::unique_ptr<BatchSystem> make_torque(const BatchNode& node) { return std::make_unique<Torque>(node); }

}  // namespace chos
