// SPDX-License-Identifier: BSD-3-Clause
// chosctl batch, on a node that is a directory, with commands of batch systems that are scripts.
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "program_fixture.h"

namespace chos::test {
namespace {

namespace fs = std::filesystem;

class Batch : public Program {
 protected:
  void SetUp() override {
    Program::SetUp();
    if (!is_root()) GTEST_SKIP() << "needs root";
    fs::create_directories(path("bin"));
    for (const char* name : {"chos_jobstarter", "chos_sge_starter"}) program("n/usr/bin/", name, "");
  }
  void program(const std::string& directory, const std::string& name, const std::string& script) {
    fs::create_directories(path(directory));
    write(directory + "/" + name, "#!/bin/sh\n" + script);
    ASSERT_EQ(::chmod(path(directory + "/" + name).c_str(), 0755), 0);
  }
  void file(const std::string& name, const std::string& text) {
    fs::create_directories(fs::path(path("n" + name)).parent_path());
    write("n" + name, text);
  }
  std::string text(const std::string& name) const { return read("n" + name); }
  bool there(const std::string& name) const { return fs::exists(path("n" + name)); }

  Ran batch(const std::string& words, const std::string& before = "") {
    return shell("PATH='" + path("bin") + "':$PATH " + before + " '" CHOSCTL_PROGRAM
                 "' batch --root '" + path("n") + "' --backups '" + path("kept") + "' " + words);
  }
  void done(const std::string& words, const std::string& before = "") {
    const auto ran = batch(words, before);
    EXPECT_EQ(ran.status, 0) << words << ": " << ran.err;
    EXPECT_EQ(ran.out.rfind("+ ", 0) == 0 || ran.out.find("\n+ ") != std::string::npos, true)
        << ran.out;
  }
  // All files of the node, to the byte.
  std::map<std::string, std::string> node() const {
    std::map<std::string, std::string> all;
    for (const auto& entry : fs::recursive_directory_iterator(path("n")))
      if (entry.is_regular_file()) {
        const auto name = entry.path().string();
        all[name] = read(name.substr(directory().size() + 1));
      }
    return all;
  }
  void nothing(const std::string& words, const std::string& before = "") {
    const auto then = node();
    const auto ran = batch(words, before);
    EXPECT_EQ(ran.status, 0) << ran.err;
    EXPECT_NE(ran.out.find("nothing was to be changed"), std::string::npos) << ran.out;
    EXPECT_EQ(ran.out.find("+ "), std::string::npos) << ran.out;
    EXPECT_EQ(node(), then);
  }
  void refused(const std::string& words, const std::string& why, const std::string& before = "") {
    const auto then = node();
    const auto ran = batch(words, before);
    EXPECT_NE(ran.status, 0) << words;
    EXPECT_NE(ran.err.find(why), std::string::npos) << ran.err;
    EXPECT_NE(ran.err.find("\nchosctl:   "), std::string::npos) << "says what to do: " << ran.err;
    EXPECT_EQ(node(), then);
  }
  nlohmann::json state(const std::string& system, const std::string& before = "") {
    const auto ran = batch("status --json " + system, before);
    const auto all = nlohmann::json::parse(ran.out, nullptr, false);
    return all.is_discarded() ? nlohmann::json() : all["systems"].at(0);
  }
  std::string state_of(const std::string& system, const std::string& before = "") {
    return state(system, before)["state"];
  }
};

class BatchSlurm : public Batch {
 protected:
  void SetUp() override {
    Batch::SetUp();
    if (IsSkipped()) return;
    file("/etc/slurm/slurm.conf", "SlurmdSpoolDir=/var/spool/slurmd # x\n");
    file(plugin, "");
  }
  const std::string plugin = "/usr/lib/x86_64-linux-gnu/slurm-wlm/spank_chos.so";
};

TEST_F(BatchSlurm, PlugstackConf) {
  EXPECT_EQ(state_of("slurm"), "not enabled");
  file("/etc/slurm/plugstack.conf", "optional other.so\n");
  const auto before = node();
  done("enable slurm");
  EXPECT_NE(text("/etc/slurm/plugstack.conf").find("\nrequired spank_chos.so\n"), std::string::npos);
  EXPECT_EQ(read("kept/slurm-plugstack.conf.orig"), "optional other.so\n");
  EXPECT_EQ(mode_of("kept") & 07777, 0700u);
  nothing("enable slurm");
  EXPECT_EQ(state_of("slurm"), "enabled");
  done("disable slurm");
  EXPECT_EQ(node(), before);
  nothing("disable slurm");
}

TEST_F(BatchSlurm, AFileThatWasNotThere) {
  const auto before = node();
  done("enable slurm");
  EXPECT_EQ(mode_of("n/etc/slurm/plugstack.conf") & 07777, 0644u);
  done("disable slurm");
  EXPECT_EQ(node(), before);
}

TEST_F(BatchSlurm, ADirectoryThatIsIncluded) {
  file("/etc/slurm/plugstack.conf", "include /etc/slurm/plugstack.conf.d/*.conf\n");
  fs::create_directories(path("n/etc/slurm/plugstack.conf.d"));
  const auto before = node();
  done("enable slurm");
  EXPECT_TRUE(there("/etc/slurm/plugstack.conf.d/chos.conf"));
  EXPECT_EQ(text("/etc/slurm/plugstack.conf"), "include /etc/slurm/plugstack.conf.d/*.conf\n");
  nothing("enable slurm");
  EXPECT_EQ(state_of("slurm"), "enabled");
  done("disable slurm");
  EXPECT_EQ(node(), before);
  // One written by hand elsewhere in it.
  file("/etc/slurm/plugstack.conf.d/site.conf", "required /opt/x/spank_chos.so default=x\n");
  nothing("enable slurm");
  EXPECT_EQ(state("slurm")["by_hand"], true);
  EXPECT_EQ(state_of("slurm"), "partly") << "there is no such file";
  refused("disable slurm", "was written by hand");
}

TEST_F(BatchSlurm, WhereThePluginIs) {
  fs::rename(path("n" + plugin), path("n/usr/lib/x86_64-linux-gnu/elsewhere.so"));
  refused("enable slurm", "spank_chos.so is in no directory of Slurm's plugins");
  file("/usr/local/lib/slurm-wlm/spank_chos.so", "");
  done("enable slurm");
  EXPECT_NE(text("/etc/slurm/plugstack.conf")
                .find("required /usr/local/lib/slurm-wlm/spank_chos.so\n"), std::string::npos);
  // Moved to where Slurm looks: the line follows.
  file(plugin, "");
  done("enable slurm");
  EXPECT_NE(text("/etc/slurm/plugstack.conf").find("required spank_chos.so\n"), std::string::npos);
  EXPECT_EQ(text("/etc/slurm/plugstack.conf").find("/usr/local"), std::string::npos);
}

TEST_F(BatchSlurm, OptionalIsNotEnough) {
  file("/etc/slurm/plugstack.conf", "optional spank_chos.so\n");
  refused("enable slurm", "plugstack.conf:1 says something else already: 'optional spank_chos.so'");
  EXPECT_EQ(state_of("slurm"), "other");
}

TEST_F(BatchSlurm, PlacesOfItsConfiguration) {
  file("/srv/slurm/slurm.conf", "PlugStackConfig=/srv/ps/stack\nLaunchParameters=a,test_exec\n");
  file("/srv/ps/stack", "# mine\n");
  auto ran = batch("enable slurm --directory /srv/slurm");
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_NE(text("/srv/ps/stack").find("required spank_chos.so"), std::string::npos);
  EXPECT_NE((ran.out + ran.err).find("test_exec"), std::string::npos) << ran.out;
  refused("enable slurm --directory /srv/nowhere", "there is no slurm.conf in /srv/nowhere");
  EXPECT_EQ(state_of("slurm", "SLURM_CONF=/srv/slurm/slurm.conf"), "enabled");
}

TEST_F(BatchSlurm, FilesOfOthers) {
  file("/etc/slurm/plugstack.conf", "x\n");
  ASSERT_EQ(::chmod(path("n/etc/slurm/plugstack.conf").c_str(), 0666), 0);
  refused("enable slurm", "is writable by others than its owner");
  ASSERT_EQ(::chmod(path("n/etc/slurm/plugstack.conf").c_str(), 0644), 0);
  ASSERT_EQ(::chown(path("n/etc/slurm/plugstack.conf").c_str(), 12345, 0), 0);
  refused("enable slurm", "belongs to uid 12345");
  // The batch system's own user may have both; they stay its.
  ASSERT_EQ(::chown(path("n/etc/slurm").c_str(), 12345, 0), 0);
  done("enable slurm");
  struct stat info {};
  ASSERT_EQ(::stat(path("n/etc/slurm/plugstack.conf").c_str(), &info), 0);
  EXPECT_EQ(info.st_uid, 12345u);
  fs::remove(path("n/etc/slurm/plugstack.conf"));
  fs::create_symlink("nowhere", path("n/etc/slurm/plugstack.conf"));
  refused("enable slurm", "leads nowhere");
  file("/srv/stack", "y\n");
  fs::remove(path("n/etc/slurm/plugstack.conf"));
  fs::create_symlink(path("n/srv/stack"), path("n/etc/slurm/plugstack.conf"));
  done("enable slurm");
  EXPECT_TRUE(fs::is_symlink(path("n/etc/slurm/plugstack.conf"))) << "the link stays";
  EXPECT_EQ(text("/srv/stack").rfind("y\n#", 0), 0u);
}

class BatchSge : public Batch {
 protected:
  void SetUp() override {
    Batch::SetUp();
    if (IsSkipped()) return;
    file("/var/lib/gridengine/default/common/sge_request", "-w w\n");
    queue("all.q", "NONE");
    queue("long.q", "NONE");
    // As qconf(1): -sq breaks long lines, -mattr says what it did.
    program("bin", "qconf",
            "cd '" + path("n/q") + "' || exit 1\n"
            "case $1 in\n"
            "  -sql) ls ;;\n"
            "  -sq) [ -f $2 ] || { echo \"no queue $2\" >&2; exit 1; }\n"
            "       printf 'qname  %s\\nstarter_method  \\\\\\n    %s\\n' $2 \"$(cat $2)\" ;;\n"
            "  -mattr) echo $4 >$5; echo root modified $5 ;;\n"
            "  *) exit 1 ;;\nesac\n");
  }
  void queue(const std::string& name, const std::string& starter) {
    file("/q/" + name, starter + "\n");
  }
};

TEST_F(BatchSge, AllQueues) {
  EXPECT_EQ(state_of("sge"), "not enabled");
  const auto before = node();
  done("enable sge");
  EXPECT_EQ(text("/q/all.q"), "/usr/bin/chos_sge_starter\n");
  EXPECT_EQ(text("/q/long.q"), "/usr/bin/chos_sge_starter\n");
  EXPECT_NE(text("/var/lib/gridengine/default/common/sge_request").find("\n-v CHOS\n"),
            std::string::npos);
  nothing("enable sge");
  EXPECT_EQ(state_of("sge"), "enabled");
  done("disable sge");
  EXPECT_EQ(node(), before);
  nothing("disable sge");
}

TEST_F(BatchSge, OneQueue) {
  const auto before = node();
  done("enable sge --queue all.q");
  EXPECT_EQ(text("/q/long.q"), "NONE\n");
  EXPECT_EQ(state_of("sge"), "partly");
  EXPECT_NE(state("sge")["problem"].get<std::string>().find("long.q"), std::string::npos);
  done("enable sge --queue long.q");
  done("disable sge --queue all.q");
  EXPECT_NE(text("/var/lib/gridengine/default/common/sge_request").find("-v CHOS"),
            std::string::npos) << "long.q needs it";
  done("disable sge --queue long.q");
  EXPECT_EQ(node(), before);
  refused("enable sge --queue no.q", "no queue no.q");
  refused("enable sge --queue -x", "is not the name of a cluster queue");
}

TEST_F(BatchSge, AnotherStarter) {
  queue("long.q", "/opt/site/starter");
  const auto before = node();
  refused("enable sge", "long.q has a starter_method already: '/opt/site/starter'");
  done("enable sge --force");
  EXPECT_EQ(text("/q/long.q"), "/usr/bin/chos_sge_starter\n");
  nothing("enable sge");
  done("disable sge");
  EXPECT_EQ(node(), before) << "the site's starter is back";
  queue("long.q", "NONE,[host=/x]");
  refused("enable sge --force", "NONE,[host=/x]");
}

TEST_F(BatchSge, CHosPassedOnByHand) {
  for (const std::string line : {"-v A=1,CHOS", "-q x -v CHOS=trixie", "-V"}) {
    file("/var/lib/gridengine/default/common/sge_request", line + "\n");
    done("enable sge");
    EXPECT_EQ(text("/var/lib/gridengine/default/common/sge_request"), line + "\n");
    done("disable sge");
    EXPECT_EQ(text("/var/lib/gridengine/default/common/sge_request"), line + "\n");
  }
}

TEST_F(BatchSge, QconfThatFailsOrHangs) {
  program("bin", "qconf", "echo 'error: commlib error: got select error' >&2; exit 1\n");
  refused("enable sge", "commlib error");
  EXPECT_EQ(state_of("sge"), "unclear");
  EXPECT_EQ(batch("status sge").status, 1);
  EXPECT_EQ(batch("status").status, 0);
  // One that says it has done it and has not.
  program("bin", "qconf", "case $1 in -sql) echo all.q ;; -sq) echo starter_method NONE ;; esac\n");
  const auto ran = batch("enable sge");
  EXPECT_EQ(ran.status, 1);
  EXPECT_NE(ran.err.find("is still 'NONE'"), std::string::npos) << ran.err << ran.out;
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
            "value=$(cat '" + path("n/etc/condor/config.d") + "'/* 2>/dev/null | sed -n "
            "'s/^USER_JOB_WRAPPER *= *//p' | tail -n 1)\n"
            "[ -n \"$value\" ] || { echo 'Not defined: USER_JOB_WRAPPER' >&2; exit 1; }\n"
            "echo \"$value\"\n");
  }
  const std::string shipped = "# c\nUSER_JOB_WRAPPER = /usr/bin/chos_jobstarter\n\nA = 1\n";
};

TEST_F(BatchCondor, AFileOfItsOwn) {
  EXPECT_EQ(state_of("condor"), "not enabled");
  const auto before = node();
  const auto ran = batch("enable condor");
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_NE(ran.out.find("condor_reconfig"), std::string::npos) << ran.out;
  EXPECT_EQ(text("/etc/condor/config.d/50-chos.conf"), shipped);
  nothing("enable condor");
  EXPECT_EQ(state_of("condor"), "enabled");
  done("disable condor");
  EXPECT_EQ(node(), before);
  nothing("disable condor");
  // What an admin added stays; what he changed is his.
  done("enable condor");
  file("/etc/condor/config.d/50-chos.conf", shipped + "B = 2\n");
  nothing("enable condor");
  done("disable condor");
  EXPECT_EQ(text("/etc/condor/config.d/50-chos.conf"), "B = 2\n");
  refused("enable condor", "is there and not of chos");
  file("/etc/condor/config.d/50-chos.conf", "USER_JOB_WRAPPER = /usr/bin/chos_jobstarter\n");
  nothing("enable condor");
  refused("disable condor", "was changed by hand");
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
  refused("enable condor", "chos_jobstarter is not installed");
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
            "cd '" + path("n/hooks") + "' || exit 1\n"
            "echo \"$2\" >>'" + path("commands") + "'\n"
            "set -- $2\n"
            "none() { echo \"qmgr obj=chos svr=default: hook not found\" >&2; exit 1; }\n"
            "case $1 in\n"
            "  create) printf 'Hook chos\\n    enabled = true\\n    event = \"\"\\n' >chos ;;\n"
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
  EXPECT_EQ(state_of("openpbs"), "enabled");
  write("commands", "");
  nothing("enable openpbs" + where);
  EXPECT_EQ(read("commands").find("import"), std::string::npos);
  file("/srv/chos_hook.py", "# runs chos_jobstarter, newer\n");
  done("enable openpbs" + where);
  EXPECT_EQ(text("/hooks/script"), "# runs chos_jobstarter, newer\n");
  file("/srv/chos_hook.py", "# runs chos_jobstarter\n");
  done("disable openpbs");
  EXPECT_EQ(node(), before);
  nothing("disable openpbs");
}

TEST_F(BatchPbs, SomebodyElsesHook) {
  file("/hooks/chos", "Hook chos\n    enabled = true\n    event = queuejob\n");
  file("/hooks/script", "import pbs\n");
  refused("enable openpbs --directory /srv", "has a hook named chos which is not of chos");
  refused("disable openpbs", "is not of chos");
  EXPECT_EQ(state_of("openpbs"), "other");
}

TEST_F(BatchPbs, ADisabledHookAndNoServer) {
  done("enable openpbs --directory /srv");
  file("/hooks/chos", "Hook chos\n    enabled = false\n    event = execjob_launch\n");
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
    fs::create_symlink("available/jobmanager-fork-poll", path("n/etc/grid-services/jobmanager-fork"));
    fs::create_directories(path("n/etc/globus"));
    // As globus-gatekeeper-admin(8): -e FILE -n NAME, -d NAME.
    program("bin", "globus-gatekeeper-admin",
            "cd '" + path("n/etc/grid-services") + "' || exit 1\n"
            "case $1 in\n"
            "  -e) [ -f available/$2 ] || { echo \"no $2\" >&2; exit 1; }\n"
            "      ln -sfn available/$2 $4 ;;\n"
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
  const std::string queues = "Begin Queue\nQUEUE_NAME = normal\nEnd Queue\n\n# c\nbegin queue\n"
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
