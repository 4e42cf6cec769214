// SPDX-License-Identifier: BSD-3-Clause
// HTCondor: USER_JOB_WRAPPER and what goes with it, in a file of its own.
#include <cerrno>

#include "lib/batch_systems.h"
#include "lib/command.h"
#include "lib/names.h"

namespace chos {
namespace {

constexpr const char* variable = "USER_JOB_WRAPPER";
constexpr const char* file_name = "50-chos.conf";
constexpr const char* usual_starter = "/usr/bin/chos_jobstarter";

bool is_starter(std::string_view value) {
  return value.substr(value.rfind('/') + 1).starts_with("chos_jobstarter");
}

Sight judge(std::string_view line) {
  const std::string value = setting_of(std::string(line), variable);
  if (value.empty()) return Sight::nothing;
  return is_starter(value) ? Sight::same : Sight::other;
}

class Condor : public BatchSystem {
 public:
  using BatchSystem::BatchSystem;
  std::string name() const override { return "condor"; }
  std::string title() const override { return "HTCondor"; }

  Result<BatchPlan> enable(const BatchWish& wish) override {
    if (auto status = present(wish); !status) return status.error();
    const auto starter = installed_program(node_, "chos_jobstarter");
    if (!starter) return starter.error();
    const auto content = content_for(*starter);
    if (!content) return content.error();
    const std::string file = directory(wish) + "/" + file_name;
    const std::string now = value_in_force(wish);
    if (!now.empty() && !is_starter(now) && !wish.force)
      return Error{std::string(variable) + " is " + in_quotes(now) + " already", "let that program "
                   "call " + *starter + " in turn; or, if nobody needs it: --force", EEXIST};
    if (is_starter(now) && !is_file(node_.path(file)))
      return BatchPlan{{{variable, false, "is " + now + " already", {}}}, {}, {}};
    auto step = put_file(node_, name(), node_.path(file), *content, "chos_jobstarter");
    if (!step) return step.error();
    BatchPlan plan;
    plan.steps.push_back(std::move(*step));
    plan.next = {"run: condor_reconfig",
                 "jobs say which OS: environment = \"CHOS=NAME\" or getenv = CHOS",
                 std::string("check: condor_config_val ") + variable};
    return plan;
  }

  Result<BatchPlan> disable(const BatchWish& wish) override {
    if (auto status = present(wish); !status) return status.error();
    const auto starter = installed_program(node_, "chos_jobstarter");
    const auto content = content_for(starter ? *starter : usual_starter);
    if (!content) return content.error();
    auto step = drop_file(node_, name(), node_.path(directory(wish) + "/" + file_name), *content);
    if (!step) return step.error();
    BatchPlan plan;
    plan.steps.push_back(std::move(*step));
    plan.next = {"run: condor_reconfig"};
    return plan;
  }

  BatchState state(const BatchWish& wish) override {
    BatchState state;
    if (!present(wish)) return state;
    const std::string file = node_.path(directory(wish) + "/" + file_name);
    state = line_state(name(), file, judge);
    const std::string now = value_in_force(wish);
    if (state.what == BatchState::What::not_enabled && is_starter(now)) {
      state.what = BatchState::What::enabled;
      state.by_hand = true;
      state.where = {std::string(variable) + " = " + now};
    } else if (!now.empty() && !is_starter(now)) {
      state.what = BatchState::What::other;
      state.problem = std::string(variable) + " is " + in_quotes(now);
    } else if (state.what == BatchState::What::enabled && asked_ && now.empty()) {
      state.what = BatchState::What::partly;
      state.problem = "HTCondor does not read " + file + ": is LOCAL_CONFIG_DIR another?";
    }
    return state;
  }

  std::vector<BatchPlace> places() override {
    const auto answer = run_command({"condor_config_val", "EXECUTE"}, node_.patience);
    if (answer && answer->status == 0 && answer->out.starts_with('/'))
      return {{"EXECUTE", answer->out}};
    return {{"EXECUTE", "/var/lib/condor/execute"}};
  }

 private:
  // The file that is installed, with the path of the starter as it is here.
  Result<std::string> content_for(const std::string& starter) const {
    auto text = installed_file(node_, std::string("condor/") + file_name);
    if (!text) return text;
    const auto at = text->find(usual_starter);
    if (at != std::string::npos) text->replace(at, std::string(usual_starter).size(), starter);
    return text;
  }
  static std::string directory(const BatchWish& wish) {
    return wish.directory.empty() ? "/etc/condor/config.d" : wish.directory;
  }
  Status present(const BatchWish& wish) const {
    if (is_directory(node_.path(directory(wish)))) return {};
    return Error{"there is no directory " + directory(wish), "is HTCondor installed? Its "
                 "LOCAL_CONFIG_DIR can be named: --directory DIR", ENOENT};
  }

  // Of all its files, as HTCondor itself reads them; "" if it is not set or cannot be asked.
  std::string value_in_force(const BatchWish& wish) {
    const auto answer = run_command({"condor_config_val", variable}, node_.patience);
    asked_ = answer && (answer->status == 0 || answer->err.find("Not defined") != std::string::npos
                        || answer->out.find("Not defined") != std::string::npos);
    if (asked_) return answer->status == 0 ? std::string(trimmed(answer->out)) : std::string();
    std::string value = setting_of(text_of(node_.path("/etc/condor/condor_config")), variable);
    if (value.empty())
      value = setting_of(text_of(node_.path(directory(wish) + "/../condor_config.local")), variable);
    return value;
  }

  bool asked_ = false;
};

}  // namespace

std::unique_ptr<BatchSystem> make_condor(const BatchNode& node) {
  return std::make_unique<Condor>(node);
}

}  // namespace chos
