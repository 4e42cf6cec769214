// SPDX-License-Identifier: BSD-3-Clause
// What HTCondor, LSF and Torque promise a starter, replayed: argv, standard input, environment,
// uid, and what they make of its failure.  Sources: HTCondor's manual and 23.9 as met; for LSF the
// page of JOB_STARTER in lsb.queues(5); for Torque $job_starter in its administrator's guide.
#include "starter/starter_fixture.h"

namespace chos::test {
namespace {

const std::string own = "\"" CHOS_STARTER "\"";

class StarterContracts : public Starter {
 protected:
  void SetUp() override {
    Starter::SetUp();
    if (IsSkipped()) return;
    // Nothing outside the starter sets CHOS; inside, the default of the list does.
    write("probe", "echo \"${CHOS-outside}\"; printf '<%s>' \"$@\"; echo\n");
    write("second", "read -r line; echo \"$line, ${CHOS-outside}\"\n");
  }
  unsigned mode(const std::string& name) {
    struct stat info {};
    return ::stat(path(name).c_str(), &info) == 0 ? info.st_mode & 07777 : 0;
  }
  // Like sbatchd: the user's command replaces %USRCMD or is appended, and /bin/sh runs the line.
  Ran lsf(const std::string& job_starter, const std::string& command, const std::string& before = "") {
    std::string line = own + job_starter;
    const auto at = line.find("%USRCMD");
    if (at == std::string::npos) line += " " + command;
    else line.replace(at, 7, command);
    write("line", line);
    return shell(before + " /bin/sh -c \"$(cat line)\"");
  }
};

// HTCondor

TEST_F(StarterContracts, CondorIsToldInTheFileThatItNames) {
  ASSERT_EQ(::mkdir(path("scratch").c_str(), 0700), 0);
  write("scratch/input", "secret\n");
  ASSERT_EQ(::chmod(path("scratch/input").c_str(), 0755), 0);
  const std::string condor = "umask 077; _CONDOR_SCRATCH_DIR=" + path("scratch") +
                             " _CONDOR_WRAPPER_ERROR_FILE=" + path("scratch/.failure");
  auto ran = starter("echo wrong", condor + " CHOS=sarge");
  EXPECT_EQ(ran.status, 126);
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(read("scratch/.failure"), ran.err);
  EXPECT_EQ(std::count(ran.err.begin(), ran.err.end(), '\n'), 1);
  // HTCondor's own account looks for the file; other users find nothing else.
  EXPECT_EQ(mode("scratch/.failure"), 0644u);
  EXPECT_EQ(mode("scratch"), 0711u);
  EXPECT_EQ(mode("scratch/input"), 0700u);
  ran = starter("no-such-command-at-all", condor + " CHOS=trixie");
  EXPECT_EQ(ran.status, 127);
  EXPECT_EQ(read("scratch/.failure"), ran.err);
}

TEST_F(StarterContracts, CondorIsToldNothingOfAJobThatRan) {
  ASSERT_EQ(::mkdir(path("scratch").c_str(), 0700), 0);
  const std::string condor =
      "_CONDOR_SCRATCH_DIR=" + path("scratch") + " _CONDOR_WRAPPER_ERROR_FILE=" + path("scratch/.failure");
  // Nor of a starter that the job itself calls.
  const auto ran = starter("sh -c 'echo $CHOS; ls /proc/self/fd | wc -l; CHOS=sarge " + own +
                               " true; echo $_CONDOR_SCRATCH_DIR; exit 126'",
                           condor + " CHOS=trixie");
  EXPECT_EQ(ran.status, 126);
  EXPECT_NE(ran.err.find("sarge"), std::string::npos);
  EXPECT_EQ(ran.out, "trixie\n" + shell("sh -c 'ls /proc/self/fd | wc -l'").out + path("scratch") + "\n")
      << "a descriptor that the job has of us";
  EXPECT_FALSE(std::filesystem::exists(path("scratch/.failure")));
  EXPECT_EQ(mode("scratch"), 0700u);
}

TEST_F(StarterContracts, CondorsFileIsNoWayToAnother) {
  write("other", "mine\n");
  ASSERT_EQ(::mkdir(path("scratch").c_str(), 0755), 0);
  ASSERT_EQ(::symlink(path("other").c_str(), path("scratch/.failure").c_str()), 0);
  for (const char* name : {"scratch/.failure", "nowhere/.failure", "", "scratch/", "no-slash"}) {
    const std::string file = *name == '\0' ? "" : path(name);
    const auto ran = starter("echo wrong", "CHOS=sarge _CONDOR_WRAPPER_ERROR_FILE=" + file);
    EXPECT_EQ(ran.status, 126) << name;
    EXPECT_NE(ran.err.find("the job was not started"), std::string::npos) << name;
  }
  EXPECT_EQ(read("other"), "mine\n");
  EXPECT_EQ(mode("."), 0700u) << "only HTCondor's directory is opened";
  EXPECT_EQ(mode("scratch"), 0755u);
}

// LSF

TEST_F(StarterContracts, LsfPutsTheCommandBetweenTheQuotes) {
  const std::string form = " --lsf \"%USRCMD\"";
  EXPECT_EQ(lsf(form, "sh probe 'a  b' c").out, "trixie\n<a  b><c>\n");
  EXPECT_EQ(lsf(form, "sh probe").out, "trixie\n<>\n");
  EXPECT_EQ(lsf(form, "sh probe x | sh second; exit 3").out, "trixie, trixie\n");
  EXPECT_EQ(lsf(form, "sh probe x | sh second; exit 3").status, 3);
  EXPECT_EQ(lsf(form, "false || sh probe '|' >made && cat made").out, "trixie\n<|>\n");
  // A script that was submitted on standard input.
  write("1700000000.12.shell", "#!/bin/sh\nsh probe \"a  b\" '$x' | sh second\n");
  ASSERT_EQ(::chmod(path("1700000000.12.shell").c_str(), 0755), 0);
  EXPECT_EQ(lsf(form, path("1700000000.12.shell")).out, "trixie, trixie\n");
  // More of the starter's line follows it, as in the manual.
  EXPECT_EQ(lsf(" --lsf \"%USRCMD; sh probe end\"", "sh probe x").out, "trixie\n<x>\ntrixie\n<end>\n");
}

TEST_F(StarterContracts, LsfsShellSeesDoubleQuotesOfTheCommandFirst) {
  const std::string form = " --lsf \"%USRCMD\"";
  EXPECT_EQ(lsf(form, "sh probe \"a b\" c").out, "trixie\n<a><b><c>\n");
  EXPECT_EQ(lsf(form, "sh probe \"a  b\" $HOME").out, "trixie\n<a><b><" + path("home") + ">\n");
}

TEST_F(StarterContracts, LsfWithoutUsrcmdPutsOnlyTheFirstCommandIntoTheOs) {
  EXPECT_EQ(lsf("", "sh probe 'a  b' \"c  d\"").out, "trixie\n<a  b><c  d>\n");
  EXPECT_EQ(lsf("", "sh probe | sh second").out, "trixie, outside\n") << "why the page warns of it";
}

TEST_F(StarterContracts, LsfStartsNothingInAnotherOs) {
  for (const char* command : {"sh probe", "sh probe | sh second", "touch ran; exit 0"}) {
    const auto ran = lsf(" --lsf \"%USRCMD\"", command, "CHOS=sarge");
    EXPECT_EQ(ran.status, 126) << command;
    EXPECT_EQ(ran.out, "");
    EXPECT_NE(ran.err.find("$CHOS names 'sarge'"), std::string::npos) << ran.err;
  }
  EXPECT_FALSE(std::filesystem::exists(path("ran")));
}

// Torque: the starter, the shell, what the shell is given; the script by its name on standard
// input, on standard input itself, or as an argument, as pbs_mom was built.

TEST_F(StarterContracts, TorqueGivesTheShellItsScript) {
  ASSERT_EQ(::mkdir(path("jobs").c_str(), 0755), 0);
  const std::string script = path("jobs/5.node.SC");
  write("jobs/5.node.SC", "#!/bin/sh\nsh probe \"$PBS_JOBID\" \"$PBS_O_WORKDIR\" \"$PWD\"; exit 4\n");
  ASSERT_EQ(::chmod(script.c_str(), 0755), 0);
  const std::string mom = "export PBS_JOBID=5.node PBS_O_WORKDIR='/data/a b' PBS_ENVIRONMENT=PBS_BATCH; ";
  const std::string said = "trixie\n<5.node></data/a b><" + directory() + ">\n";
  for (const auto& line :
       {"echo " + script + " | " + own + " /bin/sh", "echo exec " + script + " | " + own + " /bin/sh",
        own + " /bin/sh <" + script, own + " /bin/sh " + script + " </dev/null"}) {
    const auto ran = shell(mom + line);
    EXPECT_EQ(ran.out, said) << line << ran.err;
    EXPECT_EQ(ran.status, 4) << line;
  }
}

TEST_F(StarterContracts, TorqueStartsTasksAndTerminalsTheSameWay) {
  EXPECT_EQ(shell(own + " sh probe -n ''").out, "trixie\n<-n><>\n") << "pbsdsh";
  EXPECT_EQ(shell("echo 'sh probe' | " + own + " /bin/sh").out, "trixie\n<>\n") << "qsub -I";
}

TEST_F(StarterContracts, TorqueStartsNothingInAnotherOs) {
  write("script", "echo wrong; touch ran\n");
  const auto ran = shell("CHOS=sarge " + own + " /bin/sh <script");
  EXPECT_EQ(ran.status, 126);
  EXPECT_EQ(ran.out, "");
  EXPECT_FALSE(std::filesystem::exists(path("ran")));
}

// All three run the starter with the rights of the job's user.
TEST_F(StarterContracts, WithTheRightsOfTheUser) {
  ASSERT_EQ(::chmod(directory().c_str(), 0755), 0);
  ASSERT_EQ(::chmod(path("kernel/setchos").c_str(), 0666), 0);
  std::filesystem::copy_file(CHOS_STARTER, path("starter"));
  const std::string user = "setpriv --reuid 65534 --regid 65534 --clear-groups ./starter ";
  EXPECT_EQ(shell(user + "sh -c 'id -u; id -G; sh probe x'").out, "65534\n65534\ntrixie\n<x>\n");
  EXPECT_EQ(shell(user + "--lsf 'id -u; sh probe x'").out, "65534\ntrixie\n<x>\n");
  EXPECT_EQ(shell("CHOS=lab " + user + "sh probe").status, 126) << "he is in none of its groups";
}

TEST_F(StarterContracts, TheJobsArgv0) {
  EXPECT_EQ(starter("--argv0=-sh -- /bin/sh -c 'cat /proc/$$/cmdline | tr \"\\0\" \" \"'").out.substr(0, 7),
            "-sh -c ");
  EXPECT_EQ(starter("--argv0=x --lsf true").status, 126);
  EXPECT_EQ(starter("--argv0=x --sge true").status, 100);
}

}  // namespace
}  // namespace chos::test
