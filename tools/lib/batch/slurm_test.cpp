// SPDX-License-Identifier: BSD-3-Clause
// `chosctl batch` for Slurm.
#include <fcntl.h>
#include <sys/file.h>

#include "basic/files.h"
#include "batch/batch_fixture.h"

namespace chos::test {
namespace {

namespace fs = std::filesystem;

class BatchSlurm : public Batch {
 protected:
  void prepare_node() override {
    file("/etc/slurm/slurm.conf", "SlurmdSpoolDir=/var/spool/slurmd # x\n");
    file(plugin, "");
  }
  const std::string plugin = "/usr/lib/x86_64-linux-gnu/slurm-wlm/spank_chos.so";
};

TEST_F(BatchSlurm, AddsALineToPlugstackConf) {
  EXPECT_EQ(state_of("slurm"), "not enabled");
  file("/etc/slurm/plugstack.conf", "optional other.so\n");
  round_trip("slurm", [this] {
    EXPECT_NE(text("/etc/slurm/plugstack.conf").find("\nrequired spank_chos.so\n"), std::string::npos);
    EXPECT_EQ(read("kept/slurm-plugstack.conf.orig"), "optional other.so\n");
    EXPECT_EQ(mode_of("kept") & 07777, 0700u);
  });
}

TEST_F(BatchSlurm, ALockOnTheDirectoryDelaysNothing) {
  // Any user may open this directory and lock it.
  const UniqueFd user(::open(path("n/etc/slurm").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  ASSERT_EQ(::flock(user.get(), LOCK_EX), 0);
  changes("enable slurm", "timeout 5");
  changes("disable slurm", "timeout 5");
}

TEST_F(BatchSlurm, CreatesAMissingFile) {
  round_trip("slurm", [this] { EXPECT_EQ(mode_of("n/etc/slurm/plugstack.conf") & 07777, 0644u); });
}

TEST_F(BatchSlurm, AnIncludedDirectory) {
  file("/etc/slurm/plugstack.conf", "include /etc/slurm/plugstack.conf.d/*.conf\n");
  fs::create_directories(path("n/etc/slurm/plugstack.conf.d"));
  round_trip("slurm", [this] {
    EXPECT_TRUE(exists("/etc/slurm/plugstack.conf.d/chos.conf"));
    EXPECT_EQ(text("/etc/slurm/plugstack.conf"), "include /etc/slurm/plugstack.conf.d/*.conf\n");
  });
  // A line written by hand in another file of the directory.
  file("/etc/slurm/plugstack.conf.d/site.conf", "required /opt/x/spank_chos.so default=x\n");
  changes_nothing("enable slurm");
  EXPECT_EQ(state("slurm")["by_hand"], true);
  EXPECT_EQ(state_of("slurm"), "partly") << "the named file does not exist";
  refused("disable slurm", "was written by hand");
}

TEST_F(BatchSlurm, FindsThePlugin) {
  fs::rename(path("n" + plugin), path("n/usr/lib/x86_64-linux-gnu/elsewhere.so"));
  refused("enable slurm", "spank_chos.so is in none of Slurm's plugin directories");
  file("/usr/local/lib/slurm-wlm/spank_chos.so", "");
  changes("enable slurm");
  EXPECT_NE(text("/etc/slurm/plugstack.conf").find("required /usr/local/lib/slurm-wlm/spank_chos.so\n"),
            std::string::npos);
  // The plugin moves to a directory that Slurm searches: the line is updated.
  file(plugin, "");
  changes("enable slurm");
  EXPECT_NE(text("/etc/slurm/plugstack.conf").find("required spank_chos.so\n"), std::string::npos);
  EXPECT_EQ(text("/etc/slurm/plugstack.conf").find("/usr/local"), std::string::npos);
}

TEST_F(BatchSlurm, OptionalIsNotEnough) {
  file("/etc/slurm/plugstack.conf", "optional spank_chos.so\n");
  refused("enable slurm", "plugstack.conf:1 already has a conflicting line: 'optional spank_chos.so'");
  EXPECT_EQ(state_of("slurm"), "other");
}

TEST_F(BatchSlurm, DirectoriesOfTheConfiguration) {
  file("/srv/slurm/slurm.conf", "PlugStackConfig=/srv/ps/stack\nLaunchParameters=a,test_exec\n");
  file("/srv/ps/stack", "# mine\n");
  auto ran = batch("enable slurm --directory /srv/slurm");
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_NE(text("/srv/ps/stack").find("required spank_chos.so"), std::string::npos);
  EXPECT_NE((ran.out + ran.err).find("test_exec"), std::string::npos) << ran.out;
  refused("enable slurm --directory /srv/nowhere", "there is no slurm.conf in /srv/nowhere");
  EXPECT_EQ(state_of("slurm", "SLURM_CONF=/srv/slurm/slurm.conf"), "enabled");
}

TEST_F(BatchSlurm, OwnersModesAndLinks) {
  file("/etc/slurm/plugstack.conf", "x\n");
  ASSERT_EQ(::chmod(path("n/etc/slurm/plugstack.conf").c_str(), 0666), 0);
  refused("enable slurm", "is writable by others than its owner");
  ASSERT_EQ(::chmod(path("n/etc/slurm/plugstack.conf").c_str(), 0644), 0);
  ASSERT_EQ(::chown(path("n/etc/slurm/plugstack.conf").c_str(), 12345, 0), 0);
  refused("enable slurm", "belongs to uid 12345");
  // The file and its directory may belong to the batch system's own user, and keep that owner.
  ASSERT_EQ(::chown(path("n/etc/slurm").c_str(), 12345, 0), 0);
  changes("enable slurm");
  struct stat info {};
  ASSERT_EQ(::stat(path("n/etc/slurm/plugstack.conf").c_str(), &info), 0);
  EXPECT_EQ(info.st_uid, 12345u);
  fs::remove(path("n/etc/slurm/plugstack.conf"));
  fs::create_symlink("nowhere", path("n/etc/slurm/plugstack.conf"));
  refused("enable slurm", "leads nowhere");
  file("/srv/stack", "y\n");
  fs::remove(path("n/etc/slurm/plugstack.conf"));
  fs::create_symlink(path("n/srv/stack"), path("n/etc/slurm/plugstack.conf"));
  changes("enable slurm");
  EXPECT_TRUE(fs::is_symlink(path("n/etc/slurm/plugstack.conf"))) << "the link stays";
  EXPECT_EQ(text("/srv/stack").rfind("y\n#", 0), 0u);
}

}  // namespace
}  // namespace chos::test
