// SPDX-License-Identifier: BSD-3-Clause
// chos_jobstarter, as batch systems run it.
#include "process_state.h"
#include "starter/starter_fixture.h"

namespace chos::test {
namespace {

TEST_F(Starter, TheJobStaysWhatItWas) {
  const auto ran = starter(
      "sh -c 'echo $CHOS $KEPT; pwd; printf \"<%s>\" \"$@\"; exit 7' sh "
      "'a b' '' -o -- '$x'",
      "CHOS=trixie KEPT=1");
  EXPECT_EQ(ran.status, 7) << ran.err;
  EXPECT_EQ(ran.out, "trixie 1\n" + directory() + "\n<a b><><-o><--><$x>");
  EXPECT_EQ(ran.err, "");
  EXPECT_EQ(entered().rfind("trixie", 0), 0u);
}

TEST_F(Starter, ProcessEnvironmentLimitsAndDescriptorsStay) {
  write("look", "env; ls /proc/self/fd; grep \"^Sig[^Q]\" /proc/self/status; ulimit -a; umask; ulimit -Hn\n");
  // Two signals ignored, a descriptor, an odd environment, a limit.
  const std::string set_up =
      "exec 7<list; trap \"\" USR1 CHLD; ulimit -n 77; umask 027; export CHOS=trixie "
      "Z=1 A= LC_ALL=de_DE SPACE=\"a  b\"; ";
  const auto direct = shell(set_up + "sh look");
  write("kernel/setchos", "/\n");
  const auto started = shell(set_up + "'" CHOS_STARTER "' sh look");
  EXPECT_EQ(started.out, direct.out) << started.err;
  EXPECT_NE(direct.out.find("SPACE=a  b"), std::string::npos);
  EXPECT_EQ(entered().rfind("trixie", 0), 0u);
  // The process too.
  const auto ran = shell("sh -c 'echo $$; exec \"$@\"' sh '" CHOS_STARTER "' -o trixie sh -c 'echo $$'");
  const auto middle = ran.out.find('\n');
  ASSERT_NE(middle, std::string::npos) << ran.err;
  EXPECT_EQ(ran.out.substr(0, middle + 1), ran.out.substr(middle + 1));
}

TEST_F(Starter, WhoChooses) {
  EXPECT_EQ(starter("sh -c 'echo $CHOS'").out, "trixie\n") << "the site's default";
  EXPECT_EQ(starter("-o base sh -c 'echo $CHOS'", "CHOS=trixie").out, "base\n");
  EXPECT_EQ(starter("sh -c 'echo $CHOS'", "CHOS=/os/trixie").out, "/os/trixie\n");
  EXPECT_EQ(starter("sh -c 'echo $CHOS'", "CHOS=").out, "trixie\n");
  no_default();
  write("kernel/setchos", "/\n");
  EXPECT_EQ(starter("sh -c 'echo \"<$CHOS>\"'").out, "<>\n");
  EXPECT_EQ(entered(), "/\n");
  write("home/.chos", "");
  EXPECT_EQ(starter("--user-file sh -c 'echo \"<$CHOS>\"'").out, "<>\n") << "an empty file says nothing";
  write("home/.chos", "trixie\n");
  EXPECT_EQ(starter("sh -c 'echo \"<$CHOS>\"'").out, "<>\n") << "~/.chos is not asked";
  EXPECT_EQ(starter("--user-file sh -c 'echo $CHOS'").out, "trixie\n");
  EXPECT_EQ(entered().rfind("trixie", 0), 0u);
}

TEST_F(Starter, NoJobInAnotherOs) {
  const auto refused = [this](const Ran& ran, const std::string& why, int status = 126) {
    EXPECT_EQ(ran.status, status);
    EXPECT_EQ(ran.out, "");
    EXPECT_NE(ran.err.find(why), std::string::npos) << ran.err;
    EXPECT_NE(ran.err.find("the job was not started"), std::string::npos) << ran.err;
    EXPECT_EQ(std::count(ran.err.begin(), ran.err.end(), '\n'), 1) << ran.err;
    EXPECT_EQ(entered(), "/\n");
  };
  refused(starter("echo wrong", "CHOS=sarge"), "$CHOS names 'sarge'");
  refused(starter("echo wrong", "CHOS=sl6"), "closed");
  refused(starter("echo wrong", "CHOS=$(printf \"a\\nb\")"), "$CHOS");
  refused(starter("-o lab echo wrong", "CHOS=trixie"), "'lab'");
  refused(starter("--sge echo wrong", "CHOS=sarge"), "$CHOS names 'sarge'", 100);
  refused(starter("--lsf 'echo wrong'", "CHOS=sarge"), "$CHOS names 'sarge'");
  refused(starter(""), "no command");
  write("home/.chos", "sarge\n");
  refused(starter("--user-file echo wrong"), "names 'sarge'");
  // The default is unknown.
  write("list", "nonsense\n");
  refused(starter("echo wrong"), "the site's default is not known");
  // No module.
  refused(shell("CHOS=trixie CHOS_TEST_PROC=nowhere '" CHOS_STARTER "' echo wrong"), "is not loaded");
}

TEST_F(Starter, TheLogSaysWhatTheUserIsTold) {
  const auto ran = starter("echo wrong", "CHOS=sarge");
  const auto lines = log_.lines();
  ASSERT_EQ(lines.size(), 1u);
  const std::string told = ran.err.substr(std::string("chos_jobstarter: ").size());
  EXPECT_NE(lines[0].find("chos_jobstarter["), std::string::npos) << lines[0];
  EXPECT_NE(lines[0].find("user 'root': " + told.substr(0, told.size() - 1)), std::string::npos) << lines[0];
  EXPECT_EQ(starter("true").status, 0);
  EXPECT_TRUE(log_.lines().empty());
}

TEST_F(Starter, WithoutAnOsNoModuleIsNeeded) {
  no_default();
  const std::string nowhere = "export CHOS_TEST_PROC=nowhere; ";
  const auto ran = shell(nowhere + "'" CHOS_STARTER "' echo fine");
  EXPECT_EQ(ran.out, "fine\n") << ran.err;
  EXPECT_EQ(shell(nowhere + "CHOS_TEST_ALLOWLIST=none '" CHOS_STARTER "' echo fine").out, "fine\n");
  EXPECT_EQ(shell(nowhere + "CHOS=base CHOS_TEST_ALLOWLIST=none '" CHOS_STARTER "' echo fine").out, "fine\n");
}

TEST_F(Starter, CommandsThatAreNotThere) {
  auto ran = starter("-o trixie no-such-command-at-all");
  EXPECT_EQ(ran.status, 127);
  EXPECT_NE(ran.err.find("'no-such-command-at-all' is not found in trixie"), std::string::npos);
  EXPECT_EQ(starter("-o trixie --sge no-such-command-at-all").status, 100);
  EXPECT_EQ(starter("-o trixie ./list").status, 126);
}

TEST_F(Starter, FormsOfGridEngineAndLsf) {
  for (const char* name : {"spool", "spool/active_jobs", "spool/job_scripts"})
    ASSERT_EQ(::mkdir(path(name).c_str(), 0755), 0);
  write("spool/job_scripts/7", "echo script $0 $1 $CHOS\n");
  const std::string sge = "CHOS=trixie SGE_JOB_SPOOL_DIR=" + path("spool") +
                          "/active_jobs/7.1 "
                          "SGE_STARTER_SHELL_PATH=/bin/sh ";
  const std::string script = path("spool/job_scripts/7");
  EXPECT_EQ(starter("--sge " + script + " x", sge).out, "script " + script + " x trixie\n");
  EXPECT_EQ(starter("--sge echo -o x", sge).out, "-o x\n");
  EXPECT_EQ(shell("echo 'echo stdin $1 $CHOS' | { " + sge + "'" CHOS_STARTER "' --sge -s x; }").out,
            "stdin x trixie\n");
  auto ran = starter("--sge " + path("spool/job_scripts/8"), sge);
  EXPECT_EQ(ran.status, 100);
  EXPECT_NE(ran.err.find("job_scripts/8' is not visible in trixie"), std::string::npos) << ran.err;
  EXPECT_EQ(starter("--lsf 'echo $CHOS | tr t T; exit 3'", "CHOS=trixie").out, "Trixie\n");
  EXPECT_EQ(starter("--lsf 'exit 3'", "CHOS=trixie").status, 3);
  // By its other name.
  ASSERT_EQ(::symlink(CHOS_STARTER, path("chos_sge_starter").c_str()), 0);
  ran = shell("./chos_sge_starter");
  EXPECT_EQ(ran.status, 100) << ran.err;
  // Grid Engine gives it the shell's name when the script is on standard input.
  ran = shell("bash -c 'exec -a -bash ./chos_sge_starter -s x'");
  EXPECT_EQ(ran.status, 100) << ran.err;
  EXPECT_EQ(ran.err.find("not expected"), std::string::npos) << ran.err;
}

TEST_F(Starter, TheInstalledProgramHasNoOptionForTests) {
  const std::string installed = " '" CHOS_JOBSTARTER_PROGRAM "' ";
  for (const std::string option : {"--allowlist", "--proc", "--log", "--pam-dir", "--session-program"}) {
    const auto ran = shell(installed + option + " x true");
    EXPECT_EQ(ran.status, 126) << option;
    EXPECT_NE(ran.err.find(option), std::string::npos) << ran.err;
  }
  EXPECT_EQ(shell("CHOS=base" + installed + "echo fine").out, "fine\n");
}

TEST_F(Starter, HelpAndComplaints) {
  const auto help = starter("--help");
  EXPECT_EQ(help.status, 0);
  EXPECT_NE(help.out.find("USER_JOB_WRAPPER=/usr/bin/chos_jobstarter"), std::string::npos);
  EXPECT_EQ(starter("--version").out.rfind("chos_jobstarter 1.", 0), 0u);
}

// Like every failure: one line on standard error, one in the log, and HTCondor's file.
TEST_F(Starter, ComplaintsGoWhereFailuresGo) {
  const auto refused = [this](const std::string& words, int status, const std::string& why) {
    ASSERT_EQ(::mkdir(path("scratch").c_str(), 0755), 0);
    const auto ran = starter(words, "_CONDOR_WRAPPER_ERROR_FILE=" + path("scratch/why"));
    EXPECT_EQ(ran.status, status) << words;
    EXPECT_EQ(std::count(ran.err.begin(), ran.err.end(), '\n'), 1) << ran.err;
    EXPECT_NE(ran.err.find(why), std::string::npos) << ran.err;
    EXPECT_NE(ran.err.find("the job was not started"), std::string::npos) << ran.err;
    EXPECT_EQ(read("scratch/why"), ran.err);
    const auto lines = log_.lines();
    ASSERT_EQ(lines.size(), 1u) << words;
    EXPECT_NE(lines[0].find("user 'root': "), std::string::npos) << lines[0];
    EXPECT_NE(lines[0].find(why), std::string::npos) << lines[0];
    std::filesystem::remove_all(path("scratch"));
  };
  refused("--nope true", 126, "--nope");
  refused("--nope --sge true", 100, "--nope");
  refused("--nope true --sge", 126, "--nope");  // that one is the job's
  refused("--argv0 x --sge true", 100, "--argv0 cannot be used with --sge or --lsf");
  refused("--argv0 x --lsf true", 126, "--argv0 cannot be used with --sge or --lsf");
  refused("\"$(printf \"%s\\n%s\" --no pe)\" true", 126, "--no");
  EXPECT_EQ(starter("-o").status, 126);
}

// Unexpected errors: here there is too little memory for a long command line.
TEST_F(Starter, ExceptionsToo) {
  if (CHOS_TEST_SANITIZED) GTEST_SKIP() << "a sanitizer needs much memory";
  const std::string tell =
      "long=$(head -c 100000 /dev/zero | tr \"\\0\" x); for i in 1 2 3; do "
      "set -- \"$@\" $long $long $long; done; (ulimit -v ";
  int seen = 0;
  for (int limit = 4000; limit <= 16000; limit += 400) {
    const auto ran = shell(tell + std::to_string(limit) + "; exec '" CHOS_STARTER "' --sge true \"$@\")");
    if (ran.err.find("chos_jobstarter: std::bad_alloc; the job was not started\n") == std::string::npos)
      continue;
    ++seen;
    EXPECT_EQ(ran.status, 100);
  }
  if (seen == 0) GTEST_SKIP() << "no limit was the right one";
  EXPECT_FALSE(log_.lines().empty());
}

}  // namespace
}  // namespace chos::test
