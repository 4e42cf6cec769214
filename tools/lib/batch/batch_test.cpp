// SPDX-License-Identifier: BSD-3-Clause
// chosctl batch: Slurm and Grid Engine.
#include "batch/batch_fixture.h"

namespace chos::test {
namespace {

namespace fs = std::filesystem;

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
  EXPECT_NE(text("/etc/slurm/plugstack.conf").find("required /usr/local/lib/slurm-wlm/spank_chos.so\n"),
            std::string::npos);
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
            "cd '" + path("n/q") +
                "' || exit 1\n"
                "case $1 in\n"
                "  -sql) ls ;;\n"
                "  -sq) [ -f $2 ] || { echo \"no queue $2\" >&2; exit 1; }\n"
                "       printf 'qname  %s\\nstarter_method  \\\\\\n    %s\\n' $2 \"$(cat $2)\" ;;\n"
                "  -mattr) echo $4 >$5; echo root modified $5 ;;\n"
                "  *) exit 1 ;;\nesac\n");
  }
  void queue(const std::string& name, const std::string& starter) { file("/q/" + name, starter + "\n"); }
};

TEST_F(BatchSge, AllQueues) {
  EXPECT_EQ(state_of("sge"), "not enabled");
  const auto before = node();
  done("enable sge");
  EXPECT_EQ(text("/q/all.q"), "/usr/bin/chos_sge_starter\n");
  EXPECT_EQ(text("/q/long.q"), "/usr/bin/chos_sge_starter\n");
  EXPECT_NE(text("/var/lib/gridengine/default/common/sge_request").find("\n-v CHOS\n"), std::string::npos);
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
  EXPECT_NE(text("/var/lib/gridengine/default/common/sge_request").find("-v CHOS"), std::string::npos)
      << "long.q needs it";
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

}  // namespace
}  // namespace chos::test
