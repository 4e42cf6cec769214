// SPDX-License-Identifier: BSD-3-Clause
// OpenPBS: a hook for the event execjob_launch, by qmgr(8).
#include <cerrno>

#include "basic/subprocess.h"
#include "batch/systems.h"

namespace chos {
namespace {

constexpr const char* hook = "chos";
constexpr const char* order = "900";  // after hooks that change the program themselves

class OpenPbs : public BatchSystem {
 public:
  using BatchSystem::BatchSystem;
  std::string name() const override { return "openpbs"; }
  std::string title() const override { return "OpenPBS"; }

  Result<BatchPlan> enable(const BatchWish& wish) override {
    const std::string file = hook_file(wish);
    if (!is_file(node_.path(file)))
      return Error{"there is no " + file,
                   "install chos wholly, or name the directory of "
                   "chos_hook.py: --directory DIR",
                   ENOENT};
    if (const auto starter = installed_program(node_, "chos_jobstarter"); !starter) return starter.error();
    const auto there = look();
    if (!there) return there.error();
    if (there->exists && !there->ours && !wish.force)
      return Error{"PBS has a hook named chos which is not of chos",
                   "rename it; or, if nobody "
                   "needs it: --force",
                   EEXIST};
    const bool same = there->exists && there->enabled && there->launch && there->ordered &&
                      there->script == trimmed_end(text_of(node_.path(file)));
    BatchStep step{"hook chos", !same, same ? "is there already" : "imported from " + file, {}};
    const bool make = !there->exists;
    step.act = [this, make, file]() -> Status {
      std::vector<std::string> commands;
      if (make) commands.emplace_back("create hook chos");
      commands.emplace_back("set hook chos event = execjob_launch");
      commands.push_back(std::string("set hook chos order = ") + order);
      commands.push_back("import hook chos application/x-python default " + node_.path(file));
      commands.emplace_back("set hook chos enabled = True");
      for (const auto& command : commands)
        if (const auto done = qmgr(command); !done) return done.error();
      return {};
    };
    BatchPlan plan;
    plan.steps.push_back(std::move(step));
    plan.next = {"jobs say which OS: qsub -v CHOS=NAME, or -v CHOS from inside one",
                 "check: qmgr -c 'list hook chos'"};
    return plan;
  }

  Result<BatchPlan> disable(const BatchWish& wish) override {
    const auto there = look();
    if (!there) return there.error();
    if (there->exists && !there->ours && !wish.force)
      return Error{"the hook named chos is not of chos",
                   "look at it: qmgr -c 'export hook chos "
                   "application/x-python default'; if nobody needs it: --force",
                   EEXIST};
    BatchStep step{"hook chos", there->exists, there->exists ? "deleted" : "is not there; nothing to do", {}};
    step.act = [this]() -> Status {
      const auto done = qmgr("delete hook chos");
      return done ? Status() : Status(done.error());
    };
    BatchPlan plan;
    plan.steps.push_back(std::move(step));
    return plan;
  }

  BatchState state(const BatchWish&) override {
    BatchState state;
    // Torque has a qmgr too, but no hooks.
    if (!is_file(node_.path("/etc/pbs.conf"))) return state;
    const auto there = look();
    if (!there) {
      state.what = BatchState::What::unclear;
      state.problem = there.error().what;
      return state;
    }
    state.what = BatchState::What::not_enabled;
    if (!there->exists) return state;
    state.where = {"hook chos"};
    state.what = BatchState::What::enabled;
    if (!there->ours) {
      state.what = BatchState::What::other;
      state.problem = "the hook named chos is not of chos";
    } else if (!there->enabled || !there->launch) {
      state.what = BatchState::What::partly;
      state.problem =
          there->enabled ? "the hook is not called for execjob_launch" : "the hook is there but not enabled";
    }
    return state;
  }

  std::vector<BatchPlace> places() override {
    std::string home = setting_of(text_of(node_.path("/etc/pbs.conf")), "PBS_HOME");
    if (home.empty()) home = "/var/spool/pbs";
    return {{"the scripts of jobs", home + "/mom_priv/jobs"}, {"the output of jobs", home + "/spool"}};
  }

 private:
  struct Hook {
    bool exists = false, enabled = false, launch = false, ordered = false, ours = false;
    std::string script;
  };

  static std::string hook_file(const BatchWish& wish) {
    return (wish.directory.empty() ? CHOS_DATADIR "/chos/pbs" : wish.directory) + "/chos_hook.py";
  }
  static std::string trimmed_end(std::string text) {
    while (text.ends_with('\n')) text.pop_back();
    return text;
  }

  Result<std::string> qmgr(const std::string& command) const {
    const auto answer = run_command({"qmgr", "-c", command}, node_.patience);
    if (!answer && answer.error().code == ENOENT)
      return Error{answer.error().what,
                   "run this on the host of the PBS server, with its bin "
                   "directory in PATH",
                   ENOENT};
    if (!answer) return answer.error();
    if (answer->status == 0) return answer->out;
    return Error{"qmgr -c '" + command + "': " + answer->said(),
                 "run this as root on the host of the PBS server", EIO};
  }

  Result<Hook> look() const {
    Hook found;
    const auto answer = run_command({"qmgr", "-c", std::string("list hook ") + hook}, node_.patience);
    if (!answer) {
      const auto why = qmgr(std::string("list hook ") + hook);
      return why ? answer.error() : why.error();
    }
    if (answer->status != 0) {
      const std::string said = answer->said();
      if (said.find("hook not found") != std::string::npos || said.find("nknown hook") != std::string::npos)
        return found;
      return Error{"qmgr -c 'list hook chos': " + said,
                   "is the PBS server running, and does it have "
                   "hooks?",
                   EIO};
    }
    // "Hook chos", then "    enabled = true" and the like.
    found.exists = answer->out.find("Hook chos") != std::string::npos;
    if (!found.exists) return found;
    const std::string enabled = setting_of(answer->out, "enabled");
    found.enabled = enabled == "true" || enabled == "True";
    found.launch = setting_of(answer->out, "event").find("execjob_launch") != std::string::npos;
    found.ordered = setting_of(answer->out, "order") == order;
    const auto script = qmgr("export hook chos application/x-python default");
    if (!script) return script.error();
    found.script = trimmed_end(*script);
    // One that has no script yet is of a run that was stopped.
    found.ours = found.script.empty() || found.script.find("chos_jobstarter") != std::string::npos;
    return found;
  }
};

}  // namespace

std::unique_ptr<BatchSystem> make_openpbs(const BatchNode& node) { return std::make_unique<OpenPbs>(node); }

}  // namespace chos
