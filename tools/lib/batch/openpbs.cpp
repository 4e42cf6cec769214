// SPDX-License-Identifier: BSD-3-Clause
// No header of its own: systems.h declares what makes it.
// OpenPBS: a hook for the event execjob_launch, by qmgr(8).
#include <cerrno>

#include "basic/subprocess.h"
#include "batch/config_text.h"
#include "batch/steps.h"
#include "batch/systems.h"

namespace chos {
namespace {

constexpr const char* list_hook = "list hook chos";
constexpr const char* export_hook = "export hook chos application/x-python default";
constexpr const char* order = "900";  // after hooks that themselves change the program of a job

constexpr const char* foreign_hook = "PBS has a hook named chos that does not come from chos";

class OpenPbs : public BatchSystem {
 public:
  explicit OpenPbs(const BatchNode& node) : BatchSystem("openpbs", "OpenPBS", node) {}

  Result<BatchPlan> enable(const BatchOptions& options) override {
    const std::string file = hook_file(options);
    if (!node_.has_file(file))
      return Error{file + " is missing",
                   "install all of chos, or name the directory of chos_hook.py: --directory DIR", ENOENT};
    if (const auto starter = node_.installed_program("chos_jobstarter"); !starter) return starter.error();
    const auto there = replaceable_hook(options);
    if (!there) return there.error();
    const bool same = there->exists && there->enabled && there->launch && there->ordered &&
                      there->script == trimmed_end(node_.text(file));
    BatchStep step{"hook chos", !same, same ? "already imported" : "imported from " + file, {}};
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
    return plan_of(std::move(step),
                   {"jobs choose their OS by: qsub -v CHOS=NAME, or qsub -v CHOS from inside an OS",
                    "check: qmgr -c 'list hook chos'"});
  }

  Result<BatchPlan> disable(const BatchOptions& options) override {
    const auto there = replaceable_hook(options);
    if (!there) return there.error();
    BatchStep step{
        "hook chos", there->exists, there->exists ? "deleted" : "does not exist; nothing to do", {}};
    step.act = [this]() -> Status {
      const auto done = qmgr("delete hook chos");
      return done ? Status() : Status(done.error());
    };
    return plan_of(std::move(step));
  }

  BatchState state(const BatchOptions&) override {
    BatchState state;
    // Torque has a qmgr, too, but no hooks.
    if (!node_.has_file("/etc/pbs.conf")) return state;
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
      state.problem = foreign_hook;
    } else if (!there->enabled || !there->launch) {
      state.what = BatchState::What::partly;
      state.problem =
          there->enabled ? "the hook is not called for execjob_launch" : "the hook exists but is not enabled";
    }
    return state;
  }

  std::vector<BatchPlace> places() override {
    std::string home = config_value(node_.text("/etc/pbs.conf"), "PBS_HOME");
    if (home.empty()) home = "/var/spool/pbs";
    return {{"the scripts of jobs", home + "/mom_priv/jobs"}, {"the output of jobs", home + "/spool"}};
  }

 private:
  struct Hook {
    bool exists = false, enabled = false, launch = false, ordered = false, ours = false;
    std::string script;
  };

  static std::string hook_file(const BatchOptions& options) {
    return (options.directory.empty() ? CHOS_DATADIR "/chos/pbs" : options.directory) + "/chos_hook.py";
  }
  static std::string trimmed_end(std::string text) {
    while (text.ends_with('\n')) text.pop_back();
    return text;
  }

  // The hook as it is now.  Error: EEXIST if it is not ours and --force was not given.
  Result<Hook> replaceable_hook(const BatchOptions& options) const {
    auto there = look();
    if (!there || !there->exists || there->ours || options.force) return there;
    return Error{foreign_hook,
                 "look at it: qmgr -c '" + std::string(export_hook) +
                     "'; rename it or, if nobody needs it, use --force",
                 EEXIST};
  }

  Result<std::string> qmgr(const std::string& command) const {
    const auto out =
        node_.output_of({"qmgr", "-c", command}, "run this as root on the host of the PBS server");
    if (out || out.error().code != ENOENT) return out;
    return Error{out.error().what, "run this on the host of the PBS server, with its bin directory in PATH",
                 ENOENT};
  }

  Result<Hook> look() const {
    Hook found;
    const auto answer = run_command({"qmgr", "-c", list_hook}, node_.patience);
    if (!answer) {
      const auto why = qmgr(list_hook);
      return why ? answer.error() : why.error();
    }
    if (answer->status != 0) {
      const std::string said = answer->said();
      if (said.find("hook not found") != std::string::npos || said.find("nknown hook") != std::string::npos)
        return found;
      return Error{"qmgr -c 'list hook chos': " + said,
                   "check that the PBS server is running and supports hooks", EIO};
    }
    // "Hook chos", followed by lines such as "    enabled = true".
    found.exists = answer->out.find("Hook chos") != std::string::npos;
    if (!found.exists) return found;
    const std::string enabled = config_value(answer->out, "enabled");
    found.enabled = enabled == "true" || enabled == "True";
    found.launch = config_value(answer->out, "event").find("execjob_launch") != std::string::npos;
    found.ordered = config_value(answer->out, "order") == order;
    const auto script = qmgr(export_hook);
    if (!script) return script.error();
    found.script = trimmed_end(*script);
    // A hook without a script is left over from a run that was interrupted.
    found.ours = found.script.empty() || found.script.find("chos_jobstarter") != std::string::npos;
    return found;
  }
};

}  // namespace

std::unique_ptr<BatchSystem> make_openpbs(const BatchNode& node) { return std::make_unique<OpenPbs>(node); }

}  // namespace chos
