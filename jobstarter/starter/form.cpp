// SPDX-License-Identifier: BSD-3-Clause
#include "starter/form.h"

#include "basic/exit_status.h"

namespace chos::starter {
namespace {

constexpr int sge_error_state = 100;

std::string variable(const Environment& environment, const std::string& name) {
  const std::string* value = find_variable(environment, name);
  return value == nullptr ? std::string() : *value;
}

// "SPOOL/active_jobs/5.1" -> "SPOOL/job_scripts/", where Grid Engine keeps what was submitted.
std::string script_directory(const Environment& environment) {
  const std::string spool = variable(environment, "SGE_JOB_SPOOL_DIR");
  const auto end = spool.rfind("/active_jobs/");
  return end == std::string::npos ? std::string() : spool.substr(0, end) + "/job_scripts/";
}

Job with_shell(const std::string& shell, const std::vector<std::string>& words,
               const Environment& environment) {
  const bool login = variable(environment, "SGE_STARTER_USE_LOGIN_SHELL") == "true";
  Job job{shell, {login ? login_argv0(shell) : shell}, {}};
  job.arguments.insert(job.arguments.end(), words.begin(), words.end());
  return job;
}

Job sge_job(const std::vector<std::string>& words, const Environment& environment) {
  const std::string scripts = script_directory(environment);
  const std::string shell = variable(environment, "SGE_STARTER_SHELL_PATH");
  const std::string mode = variable(environment, "SGE_STARTER_SHELL_START_MODE");
  const bool from_stdin = words.front() == "-s";
  const bool is_script = !scripts.empty() && words.front().starts_with(scripts);
  Job job{words.front(), words, {}};
  if (!shell.empty() && (from_stdin || (is_script && mode != "unix_behavior")))
    job = with_shell(shell, words, environment);
  if (is_script) job.script = words.front();
  return job;
}

// As a shell joins the words of `sh -c "$*"`.
Job shell_line(const std::vector<std::string>& words) {
  std::string line;
  for (const auto& word : words) line += (line.empty() ? "" : " ") + word;
  return {"/bin/sh", {"sh", "-c", line}, {}};
}

}  // namespace

Result<Job> job_of(Form form, const std::vector<std::string>& words, const Environment& environment) {
  if (words.empty() || words.front().empty())
    return Error{"there is no command to run", "see: chos_jobstarter --help", 0};
  if (form == Form::sge) return sge_job(words, environment);
  if (form == Form::lsf) return shell_line(words);
  return Job{words.front(), words, {}};
}

int status_of_failure(Form form) { return form == Form::sge ? sge_error_state : exit_cannot; }

}  // namespace chos::starter
