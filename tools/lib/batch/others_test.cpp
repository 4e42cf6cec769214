// SPDX-License-Identifier: BSD-3-Clause
// chosctl batch: HTCondor, OpenPBS, the grid gatekeeper, Torque, LSF; and what is of all.
#include <fstream>
#include <sstream>

#include "batch/batch.h"
#include "batch/batch_fixture.h"

namespace chos::test {
namespace {

namespace fs = std::filesystem;

std::string text_of_build(const char* name) {
  std::ostringstream text;
  text << std::ifstream(name).rdbuf();
  return text.str();
}

class BatchCondor : public Batch {
 protected:
  void SetUp() override {
    Batch::SetUp();
    if (IsSkipped()) return;
    fs::create_directories(path("n/etc/condor/config.d"));
    file(CHOS_DATADIR "/chos/condor/50-chos.conf", shipped);
    // The last file counts.
    program("bin", "condor_config_val",
            "cd '" + path("n/etc/condor/config.d") +
                "' || exit 1\n"
                "value=$(cat ./* 2>/dev/null | while read -r line; do\n"
                "  case $line in\n"
                "    include*:*) cat \"" +
                path("n") +
                "$(echo ${line#*:})\" ;;\n"
                "    *) echo \"$line\" ;;\n"
                "  esac\ndone | sed -n 's/^USER_JOB_WRAPPER *= *//p' | tail -n 1)\n"
                "[ -n \"$value\" ] || { echo 'Not defined: USER_JOB_WRAPPER' >&2; exit 1; }\n"
                "echo \"$value\"\n");
  }
  const std::string conf = "/etc/condor/config.d/50-chos.conf";
  const std::string shipped = text_of_build(CHOS_CONDOR_FILE);
  const std::string line = "include : " CHOS_DATADIR "/chos/condor/50-chos.conf\n";
};

TEST_F(BatchCondor, ALineInAFileOfItsOwn) {
  EXPECT_EQ(state_of("condor"), "not enabled");
  const auto before = node();
  const auto ran = batch("enable condor");
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_NE(ran.out.find("condor_reconfig"), std::string::npos) << ran.out;
  EXPECT_EQ(text(conf), line);
  nothing("enable condor");
  EXPECT_EQ(state_of("condor"), "enabled");
  EXPECT_EQ(state("condor")["by_hand"], false);
  done("disable condor");
  EXPECT_EQ(node(), before);
  nothing("disable condor");
  // After an update of chos too.
  done("enable condor");
  file(CHOS_DATADIR "/chos/condor/50-chos.conf", shipped + "C = 3\n");
  nothing("enable condor");
  done("disable condor");
  EXPECT_FALSE(there(conf));
  // What an admin added stays; what he changed is his.
  done("enable condor");
  file(conf, line + "B = 2\n");
  nothing("enable condor");
  done("disable condor");
  EXPECT_EQ(text(conf), "B = 2\n");
  refused("enable condor", "is there and not of chos");
  file(conf, "USER_JOB_WRAPPER = /usr/bin/chos_jobstarter\n");
  nothing("enable condor");
  refused("disable condor", "was changed by hand");
}

TEST_F(BatchCondor, TheLineOfThePage) {
  file("/srv/chos/condor/50-chos.conf", shipped);
  const std::string by_hand = "# mine\ninclude :  /srv/chos/condor/50-chos.conf\n";
  file(conf, by_hand);
  EXPECT_EQ(state_of("condor"), "enabled");
  nothing("enable condor");
  done("disable condor");
  EXPECT_EQ(text(conf), "# mine\n");
  // To where chos is no more.
  file(conf, by_hand);
  fs::remove(path("n/srv/chos/condor/50-chos.conf"));
  EXPECT_EQ(state_of("condor"), "partly");
  done("enable condor");
  EXPECT_EQ(text(conf), "# mine\n" + line);
  EXPECT_EQ(state_of("condor"), "enabled");
}

// As enable once made it: all of the file that was installed then.
TEST_F(BatchCondor, AnOlderCopy) {
  std::string copy = shipped;
  const auto at = copy.find("#   include");
  copy.erase(at, copy.find('\n', at) + 1 - at);
  file(conf, copy);
  EXPECT_EQ(state_of("condor"), "enabled");
  done("disable condor");
  EXPECT_FALSE(there(conf));
  file(conf, copy + "B = 2\n");
  done("enable condor");
  EXPECT_EQ(text(conf), line + "B = 2\n");
  EXPECT_EQ(read("kept/condor-50-chos.conf.orig"), copy + "B = 2\n");
  nothing("enable condor");
  // Another farm's path was to be changed in the copy.
  const std::string farm = "\nMOUNT_UNDER_SCRATCH = strcat($(MOUNT_UNDER_SCRATCH), \",/srv/tmp\")\n";
  file(conf, copy.substr(0, copy.rfind("\nMOUNT_UNDER")) + farm);
  done("enable condor");
  EXPECT_EQ(text(conf), line + farm.substr(1));
  // One that was cut short is nobody's that we know.
  file(conf, copy.substr(0, copy.rfind("\nMOUNT_UNDER") + 1));
  nothing("enable condor");
  refused("disable condor", "was changed by hand");
}

// cmake fills in two directories, and leaves HTCondor's own @=end and @end alone.
TEST(BatchCondorFile, AsItIsInstalled) {
  const std::string built = text_of_build(CHOS_CONDOR_FILE);
  std::string expected = text_of_build(CHOS_CONDOR_SOURCE);
  for (const auto& [variable, value] : std::map<std::string, std::string>{
           {"@CMAKE_INSTALL_FULL_BINDIR@", CHOS_BINDIR}, {"@CMAKE_INSTALL_FULL_DATADIR@", CHOS_DATADIR}}) {
    const auto at = expected.find(variable);
    ASSERT_NE(at, std::string::npos) << variable;
    expected.replace(at, variable.size(), value);
  }
  EXPECT_EQ(built, expected);
  EXPECT_NE(built.find("\nUSER_JOB_WRAPPER = " CHOS_BINDIR "/chos_jobstarter\n"), std::string::npos);
  EXPECT_NE(built.find("JOB_TRANSFORM_chos @=end\n"), std::string::npos);
  EXPECT_NE(built.find("\n@end\n"), std::string::npos);
}

TEST_F(BatchCondor, AnotherWrapper) {
  file("/etc/condor/config.d/10-site", "USER_JOB_WRAPPER = /opt/wrap\n");
  const auto before = node();
  refused("enable condor", "USER_JOB_WRAPPER is '/opt/wrap' already");
  EXPECT_EQ(state_of("condor"), "other");
  done("enable condor --force");
  EXPECT_EQ(state_of("condor"), "enabled");
  done("disable condor");
  EXPECT_EQ(node(), before);
  file("/etc/condor/config.d/10-site", "USER_JOB_WRAPPER=/usr/local/bin/chos_jobstarter\n");
  nothing("enable condor");
  EXPECT_EQ(state("condor")["by_hand"], true);
}

TEST_F(BatchCondor, WithoutTheStarter) {
  fs::remove(path("n/usr/bin/chos_jobstarter"));
  refused("enable condor", "chos_jobstarter is not installed: it was looked for in ");
  using Names = std::vector<std::string>;
  EXPECT_EQ(program_directories("/usr/bin"), (Names{"/usr/bin", "/usr/local/bin"}));
  EXPECT_EQ(program_directories("/usr/local/bin"), (Names{"/usr/local/bin", "/usr/bin"}));
  EXPECT_EQ(program_directories("/opt/bin"), (Names{"/opt/bin", "/usr/bin", "/usr/local/bin"}));
}

class BatchPbs : public Batch {
 protected:
  void SetUp() override {
    Batch::SetUp();
    if (IsSkipped()) return;
    file("/etc/pbs.conf", "PBS_HOME=/var/spool/pbs\n");
    file("/srv/chos_hook.py", "# runs chos_jobstarter\n");
    fs::create_directories(path("n/hooks"));
    // As qmgr(8): a hook is a file with its attributes, its script another.
    program("bin", "qmgr",
            "cd '" + path("n/hooks") +
                "' || exit 1\n"
                "echo \"$2\" >>'" +
                path("commands") +
                "'\n"
                "set -- $2\n"
                "none() { echo \"qmgr obj=chos svr=default: hook not found\" >&2; exit 1; }\n"
                "case $1 in\n"
                "  create) printf 'Hook chos\\n    enabled = true\\n    "
                "event = \"\"\\n    order = 1\\n' >chos ;;\n"
                "  *) [ -f chos ] || none ;;\nesac\n"
                "case $1 in\n"
                "  list) cat chos ;;\n"
                "  export) cat script 2>/dev/null; true ;;\n"
                "  import) cp \"$6\" script ;;\n"
                "  set) sed -i \"s/ $4 = .*/ $4 = $6/\" chos ;;\n"
                "  delete) rm -f chos script ;;\nesac\n");
  }
};

TEST_F(BatchPbs, TheHook) {
  const std::string where = " --directory /srv";
  EXPECT_EQ(state_of("openpbs"), "not enabled");
  const auto before = node();
  done("enable openpbs" + where);
  EXPECT_EQ(text("/hooks/script"), "# runs chos_jobstarter\n");
  EXPECT_NE(text("/hooks/chos").find("event = execjob_launch"), std::string::npos);
  // After hooks that change the program themselves.
  EXPECT_NE(text("/hooks/chos").find("order = 900\n"), std::string::npos) << text("/hooks/chos");
  EXPECT_EQ(state_of("openpbs"), "enabled");
  write("commands", "");
  nothing("enable openpbs" + where);
  EXPECT_EQ(read("commands").find("import"), std::string::npos);
  file("/srv/chos_hook.py", "# runs chos_jobstarter, newer\n");
  done("enable openpbs" + where);
  EXPECT_EQ(text("/hooks/script"), "# runs chos_jobstarter, newer\n");
  file("/srv/chos_hook.py", "# runs chos_jobstarter\n");
  done("enable openpbs" + where);
  file("/hooks/chos", "Hook chos\n    enabled = true\n    event = execjob_launch\n    order = 1\n");
  done("enable openpbs" + where);
  EXPECT_NE(text("/hooks/chos").find("order = 900\n"), std::string::npos);
  done("disable openpbs");
  EXPECT_EQ(node(), before);
  nothing("disable openpbs");
}

TEST_F(BatchPbs, SomebodyElsesHook) {
  file("/hooks/chos", "Hook chos\n    enabled = true\n    event = queuejob\n");
  file("/hooks/script", "import pbs\n");
  refused("enable openpbs --directory /srv", "has a hook named chos which is not of chos");
  refused("disable openpbs", "is not of chos");
  EXPECT_NE(batch("disable openpbs").err.find("--force"), std::string::npos);
  EXPECT_EQ(state_of("openpbs"), "other");
  done("disable openpbs --force");
  EXPECT_EQ(state_of("openpbs"), "not enabled");
}

TEST_F(BatchPbs, ADisabledHookAndNoServer) {
  done("enable openpbs --directory /srv");
  file("/hooks/chos", "Hook chos\n    enabled = false\n    event = execjob_launch\n    order = 1\n");
  EXPECT_EQ(state_of("openpbs"), "partly");
  done("enable openpbs --directory /srv");
  EXPECT_EQ(state_of("openpbs"), "enabled");
  program("bin", "qmgr", "echo 'qmgr: cannot connect to server node' >&2; exit 2\n");
  refused("enable openpbs --directory /srv", "cannot connect to server");
  EXPECT_EQ(state_of("openpbs"), "unclear");
}

class BatchGlobus : public Batch {
 protected:
  void SetUp() override {
    Batch::SetUp();
    if (IsSkipped()) return;
    for (const char* name : {"jobmanager-chosfork", "jobmanager-chosslurm"})
      file(std::string(CHOS_DATADIR "/chos/globus/") + name, std::string("-type ") + (name + 11) + "\n");
    file("/etc/grid-services/available/jobmanager-fork-poll", "x\n");
    fs::create_symlink("available/jobmanager-fork-poll", path("n/etc/grid-services/jobmanager-fork-poll"));
    fs::create_symlink("jobmanager-fork-poll", path("n/etc/grid-services/jobmanager-fork"));
    fs::create_directories(path("n/etc/globus"));
    // As globus-gatekeeper-admin(8): -e FILE -n NAME, which makes two links, and -d NAME.
    program("bin", "globus-gatekeeper-admin",
            "cd '" + path("n/etc/grid-services") +
                "' || exit 1\n"
                "case $1 in\n"
                "  -e) [ -f available/$2 ] || { echo \"no $2\" >&2; exit 1; }\n"
                "      ln -sfn available/$2 $2; ln -sfn $2 $4 ;;\n"
                "  -d) rm $2 ;;\nesac\n");
  }
  std::string service(const std::string& name) const {
    std::error_code none;
    return fs::read_symlink(path("n/etc/grid-services/jobmanager-" + name), none).filename();
  }
};

TEST_F(BatchGlobus, ServicesAndBack) {
  const auto before = node();
  EXPECT_EQ(state_of("globus"), "not enabled");
  done("enable globus");
  EXPECT_EQ(service("fork"), "jobmanager-chosfork");
  EXPECT_EQ(service("slurm"), "") << "Globus has nothing for Slurm here";
  nothing("enable globus");
  EXPECT_EQ(state_of("globus"), "enabled");
  // Slurm is added later; there was no service before.
  file("/usr/share/globus/globus_gram_job_manager/slurm.rvf", "");
  EXPECT_EQ(state_of("globus"), "partly");
  done("enable globus");
  EXPECT_EQ(service("slurm"), "jobmanager-chosslurm");
  EXPECT_EQ(fs::read_symlink(path("n/etc/globus/gram/chosslurm.rvf")),
            "/usr/share/globus/globus_gram_job_manager/slurm.rvf");
  nothing("enable globus");
  done("disable globus");
  EXPECT_EQ(service("fork"), "jobmanager-fork-poll");
  EXPECT_EQ(service("slurm"), "");
  fs::remove_all(path("n/usr/share/globus"));
  EXPECT_FALSE(fs::is_symlink(path("n/etc/globus/gram/chosslurm.rvf")));
  EXPECT_EQ(node(), before);
  nothing("disable globus");
}

TEST_F(BatchGlobus, WhatIsBehindIt) {
  const std::string of_slurm = "spank_chos is not enabled in Slurm", of_sge = "Grid Engine does not start";
  const auto warned = [&] {
    const auto ran = batch("enable globus");
    EXPECT_EQ(ran.status, 0) << ran.err;
    return std::pair((ran.out + ran.err).find(of_slurm) != std::string::npos,
                     (ran.out + ran.err).find(of_sge) != std::string::npos);
  };
  EXPECT_EQ(warned(), std::pair(false, false)) << "neither is served";
  file("/usr/share/globus/globus_gram_job_manager/slurm.rvf", "");
  file("/etc/slurm/slurm.conf", "ClusterName=x\n");
  EXPECT_EQ(warned(), std::pair(true, false));
  file("/usr/lib/x/slurm-wlm/spank_chos.so", "");
  file("/etc/slurm/plugstack.conf", "required spank_chos.so\n");
  file("/etc/grid-services/jobmanager-sge", "x\n");
  file("/var/lib/gridengine/default/common/sge_request", "-v CHOS\n");
  const std::string qconf = "case $1 in -sql) echo a.q ;; -sq) echo 'starter_method  ";
  program("bin", "qconf", qconf + "NONE' ;; esac\n");
  EXPECT_EQ(warned(), std::pair(false, true));
  program("bin", "qconf", qconf + "/usr/bin/chos_sge_starter' ;; esac\n");
  EXPECT_EQ(warned(), std::pair(false, false));
}

TEST_F(BatchGlobus, AnAdministratorsFile) {
  file("/etc/grid-services/available/jobmanager-chosfork", "something else\n");
  refused("enable globus", "is there and not of chos");
}

TEST_F(Batch, Torque) {
  const std::string config = "/var/spool/torque/mom_priv/config";
  EXPECT_EQ(state_of("torque"), "absent");
  file(config, "$logevent 0x1ff\n");
  const auto before = node();
  done("enable torque");
  EXPECT_NE(text(config).find("\n$job_starter /usr/bin/chos_jobstarter\n"), std::string::npos);
  nothing("enable torque");
  EXPECT_EQ(state_of("torque"), "enabled");
  done("disable torque");
  EXPECT_EQ(node(), before);
  file(config, "$job_starter /opt/other\n");
  refused("enable torque", "'$job_starter /opt/other'");
  file(config, "$job_starter_run_privileged true\n");
  refused("enable torque", "run as root");
}

TEST_F(Batch, LsfQueues) {
  const std::string queues =
      "Begin Queue\nQUEUE_NAME = normal\nEnd Queue\n\n# c\nbegin queue\n"
      "queue_name=night # x\nPRIORITY = 3\nend queue\n";
  const std::string name = "/srv/work/cluster1/configdir/lsb.queues";
  file("/srv/lsf/lsf.conf", "LSB_CONFDIR=/srv/work\n");
  file(name, queues);
  const std::string env = "LSF_ENVDIR=/srv/lsf";
  const auto before = node();
  refused("enable lsf", "which queue", env);
  refused("enable lsf --queue day", "there is no section of a queue 'day'", env);
  refused("enable lsf --queue night", "there is no lsb.queues in /etc");
  done("enable lsf --queue night", env);
  const std::string line = "JOB_STARTER = /usr/bin/chos_jobstarter --lsf \"%USRCMD\"\n";
  EXPECT_NE(text(name).find("PRIORITY = 3\n#"), std::string::npos) << text(name);
  EXPECT_NE(text(name).find(line + "end queue\n"), std::string::npos) << text(name);
  nothing("enable lsf --queue night", env);
  EXPECT_EQ(state_of("lsf", env), "partly");
  done("enable lsf --queue normal --queue night", env);
  EXPECT_NE(text(name).find(line + "End Queue\n"), std::string::npos) << text(name);
  EXPECT_EQ(state_of("lsf", env), "enabled");
  EXPECT_EQ(read("kept/lsf-lsb.queues.orig"), queues);
  done("disable lsf --queue normal", env);
  EXPECT_NE(text(name).find(line + "end queue\n"), std::string::npos) << text(name);
  done("disable lsf --queue night", env);
  EXPECT_EQ(node(), before);
  file(name, "Begin Queue\nQUEUE_NAME = a\nJOB_STARTER = /x %USRCMD\nEnd Queue\n");
  refused("enable lsf --queue a", "line 3 says", env);
}

TEST_F(Batch, NamesAndRights) {
  refused("enable pbs", "there are two: openpbs and torque");
  refused("enable loadleveler", "there is no batch system 'loadleveler'");
  EXPECT_EQ(batch("enable").status, 2);
  EXPECT_EQ(batch("status nosuch").status, 2);
  const auto ran = batch("status");
  EXPECT_EQ(ran.status, 0);
  EXPECT_EQ(ran.out, "there is no batch system on this node\n");
}

}  // namespace
}  // namespace chos::test
