// SPDX-License-Identifier: BSD-3-Clause
// Torque: $job_starter in the configuration of pbs_mom.
#include <cerrno>

#include "basic/text.h"
#include "batch/systems.h"

namespace chos {
namespace {

bool is_starter(const std::string& path) { return path.substr(path.rfind('/') + 1) == "chos_jobstarter"; }

Sight judge(std::string_view line) {
  const auto words = words_of(line);
  if (words.empty() || words[0] != "$job_starter") return Sight::nothing;
  return words.size() > 1 && is_starter(words[1]) ? Sight::same : Sight::other;
}

class Torque : public BatchSystem {
 public:
  using BatchSystem::BatchSystem;
  std::string name() const override { return "torque"; }
  std::string title() const override { return "Torque"; }

  Result<BatchPlan> enable(const BatchWish& wish) override {
    if (auto status = present(wish); !status) return status.error();
    const auto starter = installed_program(node_, "chos_jobstarter");
    if (!starter) return starter.error();
    const std::string file = node_.path(directory(wish) + "/config");
    const std::string text = text_of(file);
    for (const auto line : split(text, '\n')) {
      const auto words = words_of(line);
      if (words.size() > 1 && words[0] == "$job_starter_run_privileged" && words[1] != "false" &&
          words[1] != "0")
        return Error{file +
                         " has $job_starter_run_privileged: chos_jobstarter would be run as root "
                         "and with it the job",
                     "take that line out", EINVAL};
    }
    auto step = put_line(node_, name(), file, "$job_starter " + *starter, judge);
    if (!step) return step.error();
    BatchPlan plan;
    plan.steps.push_back(std::move(*step));
    plan.next = {"make pbs_mom read it: send it SIGHUP, or restart it",
                 "jobs say which OS: qsub -v CHOS=NAME, or -v CHOS from inside one"};
    return plan;
  }

  Result<BatchPlan> disable(const BatchWish& wish) override {
    if (auto status = present(wish); !status) return status.error();
    auto step = drop_line(node_, name(), node_.path(directory(wish) + "/config"), judge);
    if (!step) return step.error();
    BatchPlan plan;
    plan.steps.push_back(std::move(*step));
    plan.next = {"make pbs_mom read it: send it SIGHUP, or restart it"};
    return plan;
  }

  BatchState state(const BatchWish& wish) override {
    directory_ = directory(wish);
    if (!present(wish)) return {};
    return line_state(name(), node_.path(directory(wish) + "/config"), judge);
  }

  std::vector<BatchPlace> places() override {
    return {{"the scripts of jobs", directory_ + "/jobs"},
            {"the output of jobs", directory_.substr(0, directory_.rfind('/')) + "/spool"}};
  }

 private:
  static std::string directory(const BatchWish& wish) {
    return wish.directory.empty() ? "/var/spool/torque/mom_priv" : wish.directory;
  }
  Status present(const BatchWish& wish) const {
    if (is_directory(node_.path(directory(wish)))) return {};
    return Error{"there is no directory " + directory(wish),
                 "is pbs_mom of Torque installed? Its "
                 "mom_priv can be named: --directory DIR",
                 ENOENT};
  }

  std::string directory_ = directory({});  // that state() has looked at
};

}  // namespace

std::unique_ptr<BatchSystem> make_torque(const BatchNode& node) { return std::make_unique<Torque>(node); }

}  // namespace chos
