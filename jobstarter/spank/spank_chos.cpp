// SPDX-License-Identifier: BSD-3-Clause
// spank_chos.so: translates between Slurm and step.h, which has the logic.  This is the only file that calls
// spank_*.
#include <signal.h>
#include <syslog.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <exception>
#include <optional>
#include <string>
#include <vector>

#include "basic/exit_status.h"
#include "basic/syslog.h"
#include "basic/text.h"
#include "spank/arguments.h"
#include "spank/step.h"

extern "C" {
#include <slurm/slurm.h>
#include <slurm/spank.h>

// Slurm looks these symbols up.  A constant has internal linkage in C++ unless it was declared extern before.
extern const char plugin_name[], plugin_type[];
extern const unsigned int plugin_version, spank_plugin_version;
SPANK_PLUGIN(chos, 1)
}

namespace {

using chos::Paths;
using chos::spank::Asked;

constexpr int failed = -1;
constexpr int patience = 60;  // seconds

// The option as it was given, here or where the job was submitted.
std::string& option_value() {
  static std::string value;
  return value;
}
bool option_given = false;

// Set by user_init for the tasks of this node.
bool refused = false;

int take_option(int, const char* value, int) {
  option_value() = value == nullptr ? "" : value;
  option_given = true;
  return ESPANK_SUCCESS;
}

char option_name[] = "chos", option_argument[] = "OS",
     option_usage[] = "run in that OS (chos --list shows them; base: the node's own)";
spank_option the_option{option_name, option_argument, option_usage, 1, 0, take_option};

// The variables in which Slurm passes an option of a submitting program to the job.
constexpr const char* left_by_option[] = {"_SLURM_SPANK_OPTION_chos_chos",
                                          "SLURM_SPANK__SLURM_SPANK_OPTION_chos_chos"};

bool submits() {
  const auto context = spank_context();
  return context == S_CTX_LOCAL || context == S_CTX_ALLOCATOR;
}

// slurm_spank_init has refused any other word.
Paths paths_of(int count, char** words) {
  std::vector<std::string> all(words, words + count);
  return chos::spank::take_paths(all);
}

std::string own_variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// A variable of the job.  A value that is longer than any name is truncated, and later refused as unknown.
std::string variable(spank_t handle, const char* name) {
  std::array<char, 4096> buffer{};
  const auto got = spank_getenv(handle, name, buffer.data(), static_cast<int>(buffer.size()));
  if (got != ESPANK_SUCCESS && got != ESPANK_NOSPACE) return {};
  buffer.back() = '\0';
  return buffer.data();
}

Asked asked_of(spank_t handle) {
  Asked asked{{}, variable(handle, "CHOS"), variable(handle, chos::spank::carrier), {}};
  if (option_given) asked.option = option_value();
  return asked;
}

// For slurm_error(), which writes to a terminal and to the log of slurmd.
std::string text_of(const chos::Error& error, const char* end) {
  return chos::escaped(error.what + (error.remedy.empty() ? "" : " (" + error.remedy + ")") + end);
}

std::string node_of(spank_t handle) {
  std::string name = variable(handle, "SLURMD_NODENAME");
  std::array<char, 256> host{};
  if (name.empty() && ::gethostname(host.data(), host.size() - 1) == 0) name = host.data();
  return name;
}

// Reports the refusal in one line to the user who waits for the job, and to the system's log.
void say_refusal(spank_t handle, const Paths& paths, const chos::Error& error) {
  const std::string text = text_of(error, "; the task was not started");
  uint32_t job = 0;
  (void)spank_get_item(handle, S_JOB_ID, &job);
  chos::Syslog("spank_chos", "job " + std::to_string(job), paths.log.c_str())
      .write(LOG_WARNING, "uid " + std::to_string(::geteuid()) + ": " + text);
  slurm_error("chos: %s: %s", chos::escaped(node_of(handle)).c_str(), text.c_str());
}

// The arguments of slurm_kill_job_step() differ between releases.
template <typename Number, typename StepId>
void kill_step(Number job, Number step, StepId id) {
  constexpr uint16_t kill = SIGKILL, no_flags = 0;
  id.job_id = job;
  id.step_id = step;
  id.step_het_comp = NO_VAL;
  if constexpr (requires { slurm_kill_job_step(&id, kill, no_flags); })
    (void)slurm_kill_job_step(&id, kill, no_flags);
  else if constexpr (requires { slurm_kill_job_step(job, step, kill, no_flags); })
    (void)slurm_kill_job_step(job, step, kill, no_flags);
  else (void)slurm_kill_job_step(job, step, kill);
}

// The jobs that take part in the step: each component of a heterogeneous job is a job, and Slurm counts their
// steps together.
std::vector<uint32_t> jobs_of_step(spank_t handle, uint32_t own) {
  constexpr unsigned long most = 128;  // MAX_HET_JOB_COMPS of Slurm
  std::vector<uint32_t> jobs{own};
  const unsigned long size = std::strtoul(variable(handle, "SLURM_HET_SIZE").c_str(), nullptr, 10);
  // sbatch and salloc set the first, srun the second, older name.
  for (const std::string name : {"SLURM_JOB_ID_HET_GROUP_", "SLURM_JOB_ID_PACK_GROUP_"})
    for (unsigned long i = 0; i < std::min(size, most); ++i) {
      const std::string text = variable(handle, (name + std::to_string(i)).c_str());
      const auto job = static_cast<uint32_t>(std::strtoul(text.c_str(), nullptr, 10));
      if (job != 0 && std::find(jobs.begin(), jobs.end(), job) == jobs.end()) jobs.push_back(job);
    }
  return jobs;
}

// Ends the step on all nodes, because it cannot work without this task: slurmctld signals the other tasks and
// srun, which signals again those that were still starting.  Then ends this process: for a returned failure
// Slurm would print more messages, which do not help.
[[noreturn]] void fail_step(spank_t handle) {
  uint32_t job = 0, step = 0, tasks = 0;
  int number = 0;
  const bool known = spank_get_item(handle, S_JOB_ID, &job) == ESPANK_SUCCESS &&
                     spank_get_item(handle, S_JOB_STEPID, &step) == ESPANK_SUCCESS &&
                     spank_get_item(handle, S_JOB_TOTAL_TASK_COUNT, &tasks) == ESPANK_SUCCESS &&
                     spank_get_item(handle, S_TASK_ID, &number) == ESPANK_SUCCESS;
  // If all tasks of the node are refused, the first of them ends the step.
  if (known && (number == 0 || !refused)) {
    const auto jobs = jobs_of_step(handle, job);
    if (tasks > 1 || jobs.size() > 1)
      for (const uint32_t part : jobs) kill_step(part, step, slurm_step_id_t{});
  }
  ::_exit(chos::exit_cannot);
}

// No exception may reach the daemon.
template <typename Work>
int guarded(Work work) noexcept {
  try {
    return work();
  } catch (const std::exception& error) {
    slurm_error("chos: %s", chos::escaped(error.what()).c_str());
    return failed;
  }
}

int register_option(spank_t handle, int count, char** words) {
  if (!submits() && spank_context() != S_CTX_REMOTE) return ESPANK_SUCCESS;
  std::vector<std::string> rest(words, words + count);
  (void)chos::spank::take_paths(rest);
  if (const auto good = chos::spank::check_arguments(rest); !good) {
    slurm_error("chos: %s", text_of(good.error(), "").c_str());
    return failed;
  }
  // sbatch and salloc set these for the job's first step.  They must not act as options of the steps in it,
  // which may ask for another OS; `carrier` passes the choice to those.
  if (submits())
    for (const char* name : left_by_option) ::unsetenv(name);
  return spank_option_register(handle, &the_option);
}

// Slurm calls it for each component of a heterogeneous job.
int submit(spank_t handle, const Paths& paths) {
  static std::optional<std::string> before;
  Asked asked{{}, own_variable("CHOS"), own_variable(chos::spank::carrier), before};
  if (option_given) asked.option = before = option_value();
  const auto submission = chos::spank::at_submission(asked, paths);
  if (!submission) {
    slurm_error("chos: %s", text_of(submission.error(), "; nothing was submitted").c_str());
    return failed;
  }
  if (!submission->chos.empty()) ::setenv("CHOS", submission->chos.c_str(), 1);
  if (submission->carried.empty()) return ESPANK_SUCCESS;
  ::setenv(chos::spank::carrier, submission->carried.c_str(), 1);
  // For prolog and epilog, as $SPANK_CHOS, and for job_submit.lua.
  const std::string os = submission->carried.substr(submission->carried.find(':') + 1);
  return spank_job_control_setenv(handle, "CHOS", os.c_str(), 1);
}

}  // namespace

extern "C" int slurm_spank_init(spank_t handle, int count, char** words) {
  return guarded([=] { return register_option(handle, count, words); });
}

// In srun, sbatch, salloc.
extern "C" int slurm_spank_init_post_opt(spank_t handle, int count, char** words) {
  if (!submits()) return ESPANK_SUCCESS;
  return guarded([=] { return submit(handle, paths_of(count, words)); });
}

// Slurm calls it once on each node, with the user's rights, before any task.  So a problem is reported once
// and not by each task.  The tasks then fail, not this function: if it failed, Slurm would drain the node of
// a batch script, and srun would wait for the tasks of other nodes, or end with status 0 (until 26.05).
extern "C" int slurm_spank_user_init(spank_t handle, int count, char** words) {
  refused = true;  // unless the trial succeeds; an exception counts as a failure
  (void)guarded([=] {
    const Paths paths = paths_of(count, words);
    const auto there = chos::spank::try_out(asked_of(handle), variable(handle, "PWD"), paths, patience);
    if (!there) say_refusal(handle, paths, there.error());
    refused = !there;
    return static_cast<int>(ESPANK_SUCCESS);
  });
  return ESPANK_SUCCESS;
}

// Slurm calls it in the process that becomes the task, immediately before that.
extern "C" int slurm_spank_task_init(spank_t handle, int count, char** words) {
  return guarded([=] {
    if (refused) fail_step(handle);
    const Paths paths = paths_of(count, words);
    const auto entered = chos::spank::enter(asked_of(handle), variable(handle, "PWD"), paths);
    if (!entered) {
      say_refusal(handle, paths, entered.error());
      fail_step(handle);
    }
    if (!entered->empty()) (void)spank_setenv(handle, "CHOS", entered->c_str(), 1);
    return static_cast<int>(ESPANK_SUCCESS);
  });
}
