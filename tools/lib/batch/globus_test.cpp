// SPDX-License-Identifier: BSD-3-Clause
// `chosctl batch` for the grid gatekeeper.
#include "batch/batch_fixture.h"

namespace chos::test {
namespace {

namespace fs = std::filesystem;

class BatchGlobus : public Batch {
 protected:
  void prepare_node() override {
    for (const char* name : {"jobmanager-chosfork", "jobmanager-chosslurm"})
      file(std::string(CHOS_DATADIR "/chos/globus/") + name, std::string("-type ") + (name + 11) + "\n");
    file("/etc/grid-services/available/jobmanager-fork-poll", "x\n");
    fs::create_symlink("available/jobmanager-fork-poll", path("n/etc/grid-services/jobmanager-fork-poll"));
    fs::create_symlink("jobmanager-fork-poll", path("n/etc/grid-services/jobmanager-fork"));
    fs::create_directories(path("n/etc/globus"));
    // A stand-in for globus-gatekeeper-admin(8): -e FILE -n NAME, which makes two links, and -d NAME.
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

TEST_F(BatchGlobus, SwitchesServicesAndBack) {
  const auto before = node();
  EXPECT_EQ(state_of("globus"), "not enabled");
  changes("enable globus");
  EXPECT_EQ(service("fork"), "jobmanager-chosfork");
  EXPECT_EQ(service("slurm"), "") << "Globus has no job manager for Slurm here";
  changes_nothing("enable globus");
  EXPECT_EQ(state_of("globus"), "enabled");
  // Slurm is added later, where there was no service before.
  file("/usr/share/globus/globus_gram_job_manager/slurm.rvf", "");
  EXPECT_EQ(state_of("globus"), "partly");
  changes("enable globus");
  EXPECT_EQ(service("slurm"), "jobmanager-chosslurm");
  EXPECT_EQ(fs::read_symlink(path("n/etc/globus/gram/chosslurm.rvf")),
            "/usr/share/globus/globus_gram_job_manager/slurm.rvf");
  changes_nothing("enable globus");
  changes("disable globus");
  EXPECT_EQ(service("fork"), "jobmanager-fork-poll");
  EXPECT_EQ(service("slurm"), "");
  fs::remove_all(path("n/usr/share/globus"));
  EXPECT_FALSE(fs::is_symlink(path("n/etc/globus/gram/chosslurm.rvf")));
  EXPECT_EQ(node(), before);
  changes_nothing("disable globus");
}

TEST_F(BatchGlobus, WarnsOfTheBatchSystemsBehindIt) {
  const std::string of_slurm = "spank_chos is not enabled in Slurm", of_sge = "Grid Engine does not start";
  const auto warned = [&] {
    const auto ran = batch("enable globus");
    EXPECT_EQ(ran.status, 0) << ran.err;
    return std::pair((ran.out + ran.err).find(of_slurm) != std::string::npos,
                     (ran.out + ran.err).find(of_sge) != std::string::npos);
  };
  EXPECT_EQ(warned(), std::pair(false, false)) << "there is no service for either";
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

TEST_F(BatchGlobus, AForeignFile) {
  file("/etc/grid-services/available/jobmanager-chosfork", "something else\n");
  refused("enable globus", "exists and does not come from chos");
}

}  // namespace
}  // namespace chos::test
