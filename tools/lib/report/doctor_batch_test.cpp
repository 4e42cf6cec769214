// SPDX-License-Identifier: BSD-3-Clause
// doctor's findings about batch systems, and paths in OSs.  The node, its farm and the trees are plain
// directories.
#include "report/doctor_batch.h"

#include <sys/resource.h>

#include <filesystem>

#include "allowlist/allowlist.h"
#include "allowlist/parse.h"
#include "batch/batch.h"
#include "batch/registry.h"
#include "farm/layout.h"
#include "farm/os_path.h"
#include "inspect/finding.h"
#include "process_state.h"
#include "scratch.h"

namespace chos::test {
namespace {

namespace fs = std::filesystem;

class BatchDoctor : public Scratch {
 protected:
  void SetUp() override {
    Scratch::SetUp();
    node.config.farm = path("chos");
    node.config.dirs = {"run"};
    for (const char* name :
         {"n/etc/slurm", "n/var/spool/slurmd", "n/usr/lib/x/slurm-wlm", "chos/run/munge", "chos/os/one/etc",
          "chos/os/two/etc", "chos/os/one/var/spool", "chos/os/two/var/spool"})
      fs::create_directories(path(name));
    put("n/etc/slurm/slurm.conf", "ClusterName=x\nSlurmdSpoolDir=/var/spool/slurmd\n");
    put("n/usr/lib/x/slurm-wlm/spank_chos.so", "");
    put("n/etc/slurm/plugstack.conf", "required spank_chos.so\n");
    auto parsed = parse_allowlist("one:/os/one\ntwo:/os/two\ndefault:/os/one\n", "list",
                                  [](const std::string&) { return Result<gid_t>(Error{}); });
    ASSERT_TRUE(parsed.list);
    list = *parsed.list;
  }
  void TearDown() override {
    if (!path_before.empty()) ::setenv("PATH", path_before.c_str(), 1);
    Scratch::TearDown();
  }
  // A command of a batch system.
  void command(const std::string& name, const std::string& script) {
    put("bin/" + name, "#!/bin/sh\n" + script);
    ASSERT_EQ(::chmod(path("bin/" + name).c_str(), 0755), 0);
    if (!path_before.empty()) return;
    path_before = ::getenv("PATH");
    ::setenv("PATH", (path("bin") + ":" + path_before).c_str(), 1);
  }
  void put(const std::string& name, const std::string& text) {
    fs::create_directories(fs::path(path(name)).parent_path());
    write(name, text);
  }
  // As a bind mount would show it.
  void share(const std::string& name, const std::string& os) {
    const std::string in_os = "chos/os/" + os + name;
    fs::create_directories(fs::path(path(in_os)).parent_path());
    fs::remove_all(path(in_os));
    if (fs::is_directory(path("n" + name))) {
      ASSERT_EQ(::symlink("/run/base", path(in_os).c_str()), 0);
      fs::create_directories(path("chos/run"));
      fs::remove(path("chos/run/base"));
      // The farm's /run/base is the very directory of the base.
      fs::rename(path("n" + name), path("chos/run/base"));
      fs::create_directory_symlink(path("chos/run/base"), path("n" + name));
    } else {
      fs::create_hard_link(path("n" + name), path(in_os));
    }
  }
  Findings examined() {
    BatchNode where;
    where.root = path("n");
    where.patience = 5;
    Findings out;
    examine_batch(node, list, TreeStates(), where, out);
    return out;
  }
  static bool says(const Findings& findings, Finding::Level level, const std::string& part) {
    for (const auto& finding : findings)
      if (finding.level == level && finding.what.find(part) != std::string::npos) return true;
    return false;
  }

  std::string path_before;
  Node node;
  Allowlist list;
};

TEST_F(BatchDoctor, PlacesThatAnOsDoesNotShow) {
  auto found = examined();
  EXPECT_TRUE(says(found, Finding::Level::info, "jobs of Slurm run in OSs"));
  EXPECT_TRUE(says(found, Finding::Level::error,
                   "SlurmdSpoolDir of Slurm, /var/spool/slurmd, is not visible in one and two"));
  EXPECT_TRUE(says(found, Finding::Level::error, "slurm.conf of Slurm"));
  share("/etc/slurm/slurm.conf", "one");
  share("/etc/slurm/slurm.conf", "two");
  found = examined();
  EXPECT_FALSE(says(found, Finding::Level::error, "slurm.conf of Slurm"));
  // A directory of the same name is not the same directory.
  fs::create_directories(path("chos/os/one/var/spool/slurmd"));
  share("/var/spool/slurmd", "two");
  found = examined();
  EXPECT_TRUE(says(found, Finding::Level::error, "is not visible in one")) << found.size();
  EXPECT_FALSE(says(found, Finding::Level::error, "two"));
}

TEST_F(BatchDoctor, MungesSocket) {
  put("n/run/munge/munge.socket.2", "");
  EXPECT_TRUE(says(examined(), Finding::Level::error, "munge's socket"));
  fs::create_hard_link(path("n/run/munge/munge.socket.2"), path("chos/run/munge/munge.socket.2"));
  EXPECT_FALSE(says(examined(), Finding::Level::error, "munge's socket")) << "run is shared";
}

TEST_F(BatchDoctor, ABatchSystemThatIsNotEnabledIsNoError) {
  write("n/etc/slurm/plugstack.conf", "");
  const auto found = examined();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_TRUE(says(found, Finding::Level::info, "jobs of Slurm run in the base OS"));
  EXPECT_EQ(found[0].remedy, "if they are to run in OSs: chosctl batch enable slurm");
  fs::remove(path("n/etc/slurm/slurm.conf"));
  EXPECT_TRUE(examined().empty()) << "there is no Slurm";
}

TEST_F(BatchDoctor, AMissingPluginAndTraps) {
  fs::remove(path("n/usr/lib/x/slurm-wlm/spank_chos.so"));
  EXPECT_TRUE(says(examined(), Finding::Level::warning, "spank_chos.so is not installed"));
  put("n/etc/pam.d/slurm", "session optional pam_chos.so\n");
  write("n/etc/slurm/slurm.conf", "LaunchParameters=test_exec\nUsePAM=1\n");
  EXPECT_TRUE(says(examined(), Finding::Level::warning, "test_exec"));
  EXPECT_TRUE(says(examined(), Finding::Level::warning, "pam_chos.so"));
}

TEST_F(BatchDoctor, CommandsThatHangAreNotWaitedFor) {
  fs::create_directories(path("n/etc/condor/config.d"));
  command("condor_config_val", "read x <'" + path("never") + "'\n");
  ASSERT_EQ(::mkfifo(path("never").c_str(), 0600), 0);
  BatchNode where;
  where.root = path("n");
  where.patience = 0.2;
  Findings out;
  examine_batch(node, list, TreeStates(), where, out);
  EXPECT_TRUE(says(out, Finding::Level::info, "jobs of HTCondor run in the base OS"));
}

TEST_F(BatchDoctor, GridEngine) {
  const std::string cell = "n/var/lib/gridengine/default/common/";
  put(cell + "sge_request", "-v CHOS\n");
  const auto qconf = [this](const std::string& of_host) {
    command("qconf",
            "case \"$*\" in\n  -sql) echo a.q ;;\n"
            "  '-sq a.q') echo 'starter_method  /usr/bin/chos_sge_starter' ;;\n"
            "  -sconf) echo 'execd_spool_dir  /srv/spool' ;;\n"
            "  '-sconf '*) " +
                of_host + " ;;\nesac\n");
  };
  qconf("exit 1");
  fs::create_directories(path("n/srv/spool"));
  fs::create_directories(path("n/local/spool"));
  auto found = examined();
  EXPECT_TRUE(says(found, Finding::Level::info, "jobs of Grid Engine run in OSs"));
  EXPECT_TRUE(says(found, Finding::Level::error, "execd_spool_dir of Grid Engine, /srv/spool, is not"));
  EXPECT_TRUE(says(found, Finding::Level::error, "SGE_ROOT of Grid Engine, /var/lib/gridengine, is not"));
  qconf("echo 'execd_spool_dir  /local/spool'");  // this host's own counts
  found = examined();
  EXPECT_TRUE(says(found, Finding::Level::error, "execd_spool_dir of Grid Engine, /local/spool, is not"));
  EXPECT_FALSE(says(found, Finding::Level::error, "/srv/spool"));
  put(cell + "sge_request", "-w w\n");
  EXPECT_TRUE(says(examined(), Finding::Level::warning, "CHOS is not passed on: no -v CHOS in sge_request"));
}

TEST_F(BatchDoctor, HTCondor) {
  put("n/etc/condor/config.d/50-chos.conf", "USER_JOB_WRAPPER = /usr/bin/chos_jobstarter\n");
  fs::create_directories(path("n/srv/execute"));
  command("condor_config_val", "[ $1 = EXECUTE ] && echo /srv/execute || echo /usr/bin/chos_jobstarter\n");
  EXPECT_TRUE(says(examined(), Finding::Level::error, "EXECUTE of HTCondor, /srv/execute, is not"));
}

TEST_F(BatchDoctor, Torque) {
  put("n/var/spool/torque/mom_priv/config", "$job_starter /usr/bin/chos_jobstarter\n");
  fs::create_directories(path("n/var/spool/torque/mom_priv/jobs"));
  EXPECT_TRUE(says(examined(), Finding::Level::error,
                   "the scripts of jobs of Torque, /var/spool/torque/mom_priv/jobs, is not"));
  put("n/opt/torque/mom_priv/config", "$job_starter /usr/bin/chos_jobstarter\n");
  BatchNode where;
  where.root = path("n");
  const auto torque = batch_system("torque", where);
  BatchOptions options;
  options.directory = "/opt/torque/mom_priv";
  EXPECT_EQ(torque->state(options).what, BatchState::What::enabled);
  EXPECT_EQ(torque->places().at(0).path, "/opt/torque/mom_priv/jobs");
  EXPECT_EQ(torque->places().at(1).path, "/opt/torque/spool");
}

TEST_F(BatchDoctor, OpenPbs) {
  put("n/etc/pbs.conf", "PBS_HOME=/srv/pbs\n");
  fs::create_directories(path("n/srv/pbs/mom_priv/jobs"));
  fs::create_directories(path("n/srv/pbs/spool"));
  command("qmgr",
          "case $2 in\n  export*) echo '# runs chos_jobstarter' ;;\n"
          "  *) printf 'Hook chos\\n    enabled = true\\n    event = execjob_launch\\n' ;;\nesac\n");
  const auto found = examined();
  EXPECT_TRUE(
      says(found, Finding::Level::error, "the scripts of jobs of OpenPBS, /srv/pbs/mom_priv/jobs, is not"));
  EXPECT_TRUE(says(found, Finding::Level::error, "the output of jobs of OpenPBS, /srv/pbs/spool, is not"));
}

TEST_F(BatchDoctor, Lsf) {
  put("n/etc/lsb.queues",
      "Begin Queue\nQUEUE_NAME = a\n"
      "JOB_STARTER = /usr/bin/chos_jobstarter --lsf \"%USRCMD\"\nEnd Queue\n");
  fs::create_directories(path("n/srv/lsf"));
  EXPECT_FALSE(says(examined(), Finding::Level::error, "LSF")) << "~/.lsbatch: homes are shared";
  put("n/etc/lsb.params", "Begin Parameters\nJOB_SPOOL_DIR = /srv/lsf/%U # for jobs\nEnd Parameters\n");
  EXPECT_TRUE(says(examined(), Finding::Level::error, "JOB_SPOOL_DIR of LSF, /srv/lsf, is not"));
}

TEST_F(BatchDoctor, TheGatekeeper) {
  fs::create_directories(path("n/etc/grid-services/available"));
  put("n/usr/share/globus/globus_gram_job_manager/slurm.rvf", "");
  for (const char* name : {"fork", "slurm"})
    fs::create_symlink(std::string("available/jobmanager-chos") + name,
                       path(std::string("n/etc/grid-services/jobmanager-") + name));
  EXPECT_FALSE(says(examined(), Finding::Level::warning, "jobmanager-slurm"));
  write("n/etc/slurm/plugstack.conf", "");
  EXPECT_TRUE(says(examined(), Finding::Level::warning, "spank_chos is not enabled in Slurm"));
  put("n/etc/grid-services/jobmanager-sge", "");
  EXPECT_TRUE(says(examined(), Finding::Level::warning, "jobmanager-sge that choose one run in the base OS"));
}

class OsPath : public BatchDoctor {
 protected:
  std::string to(const std::string& name) {
    const auto layout = wanted_layout(node.config, Servers::of_node());
    const auto found = path_in_os(node.config, layout, list.entries().at(0), name);
    if (!found) return "error " + std::to_string(found.error().code);
    return found->substr(node.config.farm.size());
  }
};

TEST_F(OsPath, LinksAreResolvedInTheOs) {
  put("chos/os/one/usr/share/x", "");
  put("chos/run/y", "");
  put("chos/os/one/run/y", "the tree's own, which nobody sees");
  for (const auto& [name, target] :
       std::vector<std::pair<std::string, std::string>>{{"absolute", "/usr/share/x"},
                                                        {"relative", "../usr/share/x"},
                                                        {"shared", "/run/y"},
                                                        {"over", "../../../../usr/share/x"},
                                                        {"loop", "loop"},
                                                        {"gone", "/usr/none"}})
    ASSERT_EQ(::symlink(target.c_str(), path("chos/os/one/etc/" + name).c_str()), 0);
  EXPECT_EQ(to("/etc/absolute"), "/os/one/usr/share/x");
  EXPECT_EQ(to("/etc/relative"), "/os/one/usr/share/x");
  EXPECT_EQ(to("/etc/over"), "/os/one/usr/share/x");
  EXPECT_EQ(to("/etc/shared"), "/run/y");
  EXPECT_EQ(to("/run/y"), "/run/y");
  EXPECT_EQ(to("/etc/../run/./y"), "/run/y");
  EXPECT_EQ(to("/etc/loop"), "error " + std::to_string(ELOOP));
  EXPECT_EQ(to("/etc/gone"), "error " + std::to_string(ENOENT));
}

TEST_F(BatchDoctor, SaysThatItCannotLook) {
  EXPECT_EQ(
      in_a_process([] {
        const rlimit none{0, 0};  // nothing can be opened
        if (::setrlimit(RLIMIT_NOFILE, &none) != 0) return 2;
        Findings findings;
        examine_batch_in_child(Node(), Allowlist(), TreeStates(), 10, findings);
        const auto& what = findings.empty() ? "" : findings[0].what;
        return what == "could not find out whether jobs of Slurm run in OSs: cannot start a process: Too "
                       "many open files"
                   ? 0
                   : 1;
      }),
      0);
}

}  // namespace
}  // namespace chos::test
