// SPDX-License-Identifier: BSD-3-Clause
// What batch systems pass to the starter, and the command that follows from it.
#include "starter/form.h"

#include <gtest/gtest.h>

namespace chos::starter {
namespace {

using Words = std::vector<std::string>;

const std::string script = "/var/spool/gridengine/execd/node1/job_scripts/7";

Environment sge(const std::string& mode, const std::string& shell = "/bin/bash") {
  return {{"SGE_JOB_SPOOL_DIR", "/var/spool/gridengine/execd/node1/active_jobs/7.1"},
          {"SGE_STARTER_SHELL_PATH", shell},
          {"SGE_STARTER_SHELL_START_MODE", mode}};
}

void expect(const Job& job, const std::string& file, const Words& arguments, const std::string& shown = {}) {
  EXPECT_EQ(job.file, file);
  EXPECT_EQ(job.arguments, arguments);
  EXPECT_EQ(job.script, shown);
}

TEST(StarterForm, Plain) {
  expect(*job_of(Form::plain, {"./job", "a b", "", "$x"}, {}), "./job", {"./job", "a b", "", "$x"});
  EXPECT_FALSE(job_of(Form::plain, {}, {}));
  EXPECT_FALSE(job_of(Form::plain, {""}, {}));
}

TEST(StarterForm, SgeScriptRunsInItsShell) {
  expect(*job_of(Form::sge, {script, "a b", ""}, sge("posix_compliant")), "/bin/bash",
         {"/bin/bash", script, "a b", ""}, script);
}

TEST(StarterForm, SgeProgramRunsItself) {
  expect(*job_of(Form::sge, {"/bin/echo", "x"}, sge("posix_compliant")), "/bin/echo", {"/bin/echo", "x"});
  expect(*job_of(Form::sge, {"/bin/echo", "x"}, sge("unix_behavior")), "/bin/echo", {"/bin/echo", "x"});
}

TEST(StarterForm, SgeUnixBehaviorLeavesTheScriptItsInterpreter) {
  expect(*job_of(Form::sge, {script, "x"}, sge("unix_behavior")), script, {script, "x"}, script);
}

TEST(StarterForm, SgeScriptFromStandardInput) {
  expect(*job_of(Form::sge, {"-s", "x"}, sge("script_from_stdin", "/bin/sh")), "/bin/sh",
         {"/bin/sh", "-s", "x"});
}

TEST(StarterForm, SgeQrshHasNoShell) {
  expect(*job_of(Form::sge, {"hostname"}, sge("posix_compliant", "")), "hostname", {"hostname"});
  expect(*job_of(Form::sge, {"hostname"}, {}), "hostname", {"hostname"});
}

TEST(StarterForm, SgeScriptWithoutAShellHasItsInterpreter) {
  expect(*job_of(Form::sge, {script}, sge("posix_compliant", "")), script, {script}, script);
  expect(*job_of(Form::sge, {"-s"}, sge("script_from_stdin", "")), "-s", {"-s"});
}

TEST(StarterForm, SgeLoginShell) {
  auto environment = sge("posix_compliant");
  environment.emplace_back("SGE_STARTER_USE_LOGIN_SHELL", "true");
  expect(*job_of(Form::sge, {script}, environment), "/bin/bash", {"-bash", script}, script);
}

TEST(StarterForm, SgeScriptsOfAnotherDirectoryAreNone) {
  const std::string other = "/home/anna/job_scripts/7";
  expect(*job_of(Form::sge, {other}, sge("posix_compliant")), other, {other});
}

TEST(StarterForm, LsfLineIsTheShells) {
  expect(*job_of(Form::lsf, {"./a.out -x >out; echo $?"}, {}), "/bin/sh",
         {"sh", "-c", "./a.out -x >out; echo $?"});
  expect(*job_of(Form::lsf, {"./a.out", "-x", "$HOME"}, {}), "/bin/sh", {"sh", "-c", "./a.out -x $HOME"});
  EXPECT_FALSE(job_of(Form::lsf, {}, {}));
}

TEST(StarterForm, StatusOfWhatWasNotStarted) {
  EXPECT_EQ(status_of_failure(Form::plain), 126);
  EXPECT_EQ(status_of_failure(Form::lsf), 126);
  EXPECT_EQ(status_of_failure(Form::sge), 100);
}

}  // namespace
}  // namespace chos::starter
