// SPDX-License-Identifier: BSD-3-Clause
#include "report/doctor.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/xattr.h>

#include "allowlist/allowlist.h"
#include "basic/elf.h"
#include "basic/files.h"
#include "config/config.h"
#include "elf_file.h"
#include "inspect/finding.h"
#include "inspect/safety.h"
#include "inspect/tree.h"
#include "scratch.h"
#include "tree/links.h"

namespace chos::test {
namespace {

class Doctor : public Scratch {
 protected:
  OsEntry entry;
  Config config;

  void SetUp() override {
    Scratch::SetUp();
    ASSERT_EQ(::chmod(directory().c_str(), 0755), 0);
    entry.name = "x";
    entry.path = "/os/x";
    for (const char* name : {"usr", "usr/bin", "usr/lib", "usr/lib/x86_64-linux-gnu", "etc", "opt"})
      ASSERT_EQ(::mkdir(path(name).c_str(), 0755), 0);
    ASSERT_EQ(::symlink("usr/bin", path("bin").c_str()), 0);
    ASSERT_EQ(::symlink("/usr/lib", path("lib").c_str()), 0);
    std::filesystem::copy_file("/proc/self/exe", path("usr/bin/dash"));
    ASSERT_EQ(::symlink("/usr/bin/dash", path("usr/bin/sh").c_str()), 0);
    const UniqueFd self(::open("/proc/self/exe", O_RDONLY));
    const auto facts = read_elf(self.get(), "self");
    ASSERT_TRUE(facts);
    loader = facts->interpreter;
    std::filesystem::create_directories(path(loader.substr(1, loader.rfind('/'))));
    write(loader.substr(1), "loader");
    write("usr/lib/x86_64-linux-gnu/libc.so.6", elf_with_note(3, 2, 0));
    write("etc/passwd", "");
    write("etc/group", "");
    write("usr/bin/chos", "");
    write("usr/bin/chos-base", "");
    // Other files of the machine that runs the test must not matter.
    config.share = {"/etc/passwd", "/etc/group"};
    config.base_commands.clear();
  }

  std::string loader;

  Findings examine(const std::string& kernel = "6.1.0-28-amd64") {
    Findings out;
    if (!examine_tree(Allowlist(), entry, directory(), config, kernel, Servers(MountTable()), out))
      return out;
    examine_safety(directory(), {.suid = entry.suid, .allow_writable = false, .publishing = false}, "tree x",
                   out);
    // Files that are not root's are an error, which a test without root cannot avoid.
    if (::geteuid() != 0)
      std::erase_if(out, [](const Finding& f) { return f.what.find("others than root") != f.what.npos; });
    return out;
  }

  static bool says(const Findings& findings, Finding::Level level, const std::string& text) {
    for (const auto& finding : findings)
      if (finding.level == level && finding.what.find(text) != std::string::npos) return true;
    return false;
  }
  static std::string text(const Findings& findings) {
    std::string out;
    for (const auto& f : findings)
      out += std::string(level_key(f.level)) + ": " + f.what + " / " + f.remedy + "\n";
    return out;
  }
};

TEST_F(Doctor, AGoodTree) { EXPECT_EQ(text(examine()), ""); }

TEST_F(Doctor, AMissingTree) {
  std::filesystem::remove_all(directory());
  EXPECT_TRUE(says(examine(), Finding::Level::error, "cannot be found"));
  entry.closed = true;
  EXPECT_FALSE(says(examine(), Finding::Level::error, "cannot be found"));
}

TEST_F(Doctor, NoShellOrNoLoader) {
  ASSERT_EQ(::unlink(path(loader.substr(1)).c_str()), 0);
  EXPECT_TRUE(says(examine(), Finding::Level::error, "the dynamic loader of its /bin/sh"));
  ASSERT_EQ(::chmod(path("usr/bin/dash").c_str(), 0644), 0);
  EXPECT_TRUE(says(examine(), Finding::Level::error, "no /bin/sh"));
  // A link that leads out of the tree is resolved inside it.
  ASSERT_EQ(::unlink(path("usr/bin/sh").c_str()), 0);
  ASSERT_EQ(::symlink("../../../../../../../../bin/sh", path("usr/bin/sh").c_str()), 0);
  EXPECT_TRUE(says(examine(), Finding::Level::error, "no /bin/sh"));
}

// The links of a tree lead elsewhere in the base OS, where root pastes a remedy into a shell.
TEST_F(Doctor, RemediesNameWhatTheyMean) {
  const std::string file = path("opt/it's $HOME");
  std::filesystem::rename(path("usr/bin/dash"), file);
  ASSERT_EQ(::chmod(file.c_str(), 0700), 0);
  ASSERT_EQ(::unlink(path("usr/bin/sh").c_str()), 0);
  ASSERT_EQ(::symlink("/opt/it's $HOME", path("usr/bin/sh").c_str()), 0);
  EXPECT_NE(text(examine()).find(" / chmod a+rx '" + path("opt/it'\\''s $HOME'\n")), std::string::npos)
      << text(examine());

  std::filesystem::rename(path("etc"), path("opt/etc"));
  ASSERT_EQ(::symlink("/opt/etc", path("etc").c_str()), 0);
  ASSERT_EQ(::unlink(path("opt/etc/passwd").c_str()), 0);
  ASSERT_EQ(::symlink("elsewhere", path("opt/etc/passwd").c_str()), 0);
  EXPECT_NE(text(examine()).find(" / rm " + path("opt/etc/passwd") + " && chosctl reload\n"),
            std::string::npos)
      << text(examine());
}

TEST_F(Doctor, LibcAgainstTheKernel) {
  write("usr/lib/x86_64-linux-gnu/libc.so.6", elf_with_note(6, 12, 0));
  EXPECT_TRUE(says(examine("6.1.0-28-amd64"), Finding::Level::error, "a kernel >= 6.12.0"));
  EXPECT_EQ(text(examine("6.12.0")), "");
  EXPECT_EQ(text(examine("7.3.1+deb14-amd64")), "");
  write("usr/lib/x86_64-linux-gnu/libc.so.6", "no ELF");
  EXPECT_TRUE(says(examine(), Finding::Level::info, "no glibc"));
}

TEST_F(Doctor, OwnersAndModes) {
  ASSERT_EQ(::chmod(path("usr/bin").c_str(), 0777), 0);
  ASSERT_EQ(::chmod(path("etc").c_str(), 01777), 0);
  if (::geteuid() != 0) return;
  EXPECT_TRUE(says(examine(), Finding::Level::error, ": /etc (everybody) and /usr/bin (everybody)"))
      << text(examine());
  ASSERT_EQ(::chown(path("opt").c_str(), 1000, 0), 0);
  EXPECT_TRUE(says(examine(), Finding::Level::error, ": /etc (everybody), /opt (uid 1000) and /usr/bin"))
      << text(examine());
}

TEST_F(Doctor, FilesThatGiveRights) {
  write("usr/bin/su", "x");
  write("usr/bin/wall", "x");
  write("usr/bin/plain", "x");
  ASSERT_EQ(::chmod(path("usr/bin/su").c_str(), 04755), 0);
  ASSERT_EQ(::chmod(path("usr/bin/wall").c_str(), 02755), 0);
  auto found = examine();
  EXPECT_TRUE(says(found, Finding::Level::info, "2 files would give rights: ")) << text(found);
  EXPECT_NE(text(found).find("/usr/bin/su (setuid)"), std::string::npos) << text(found);
  EXPECT_NE(text(found).find("/usr/bin/wall (setgid)"), std::string::npos);
  entry.suid = true;
  EXPECT_TRUE(says(examine(), Finding::Level::warning, "2 files would give rights"));
  for (int i = 0; i < 20; ++i) {
    const std::string name = "usr/bin/s" + std::to_string(i);
    write(name, "x");
    ASSERT_EQ(::chmod(path(name).c_str(), 04755), 0);
  }
  EXPECT_NE(text(examine()).find("and 14 more"), std::string::npos) << text(examine());
}

TEST_F(Doctor, LinksOfAnOlderVersion) {
  std::filesystem::create_directories(path("usr/local/bin"));
  ASSERT_EQ(::symlink("/local/elsewhere/chos-base", path("usr/local/bin/one").c_str()), 0);
  EXPECT_EQ(text(examine()), "");
  ASSERT_EQ(::symlink(base_link_target().c_str(), path("usr/local/bin/two").c_str()), 0);
  const auto found = examine();
  EXPECT_TRUE(says(found, Finding::Level::info, "the link /usr/local/bin/two")) << text(found);
  EXPECT_EQ(found.size(), 1u) << text(found);
}

TEST_F(Doctor, AccountsMustBeFilesOrNothing) {
  ASSERT_EQ(::unlink(path("etc/passwd").c_str()), 0);
  EXPECT_EQ(text(examine()), "");  // one is added in the farm
  ASSERT_EQ(::symlink("elsewhere", path("etc/passwd").c_str()), 0);
  EXPECT_TRUE(says(examine(), Finding::Level::warning, "its /etc/passwd is not a regular file"));
}

TEST(DoctorOfShares, MountsCountOnceForEachOs) {
  const auto table = MountTable::parse(
      "20 1 8:1 / / rw - ext4 /dev/a rw\n21 20 0:50 / /scratch rw - ext4 /dev/b rw\n"
      "22 21 0:51 / /scratch/a rw - ext4 /dev/c rw\n23 21 0:52 / /scratch/b rw - ext4 /dev/d rw\n"
      "24 20 0:53 / /var/spool/x rw - ext4 /dev/e rw\n25 20 0:54 / /scratches rw - ext4 /dev/f rw\n");
  ASSERT_TRUE(table);
  const std::vector<std::string> share = {"/scratch", "/var/spool", "/etc/passwd"};
  Findings out;
  examine_mounts_in_shares(share, 4, 120, *table, out);
  EXPECT_TRUE(out.empty());
  examine_mounts_in_shares(share, 5, 120, *table, out);
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(out[0].what.substr(0, out[0].what.find(", of 120")),
            "3 file systems are mounted in shared directories, 2 of them in /scratch: for 5 OSs that "
            "makes 15 mounts");
  EXPECT_NE(out[0].remedy.find("fs.mount-max=1200"), std::string::npos) << out[0].remedy;
}

TEST_F(Doctor, BrokenElfFiles) {
  const std::string good = elf_with_note(5, 10, 0);
  write("elf", good);
  const auto parse = [this] {
    const UniqueFd fd(::open(path("elf").c_str(), O_RDONLY));
    return read_elf(fd.get(), "elf");
  };
  ASSERT_TRUE(parse());
  EXPECT_EQ(version_string(*parse()->oldest_kernel), "5.10.0");
  for (std::size_t size = 0; size < good.size(); ++size) {
    write("elf", good.substr(0, size));
    const auto facts = parse();
    EXPECT_TRUE(!facts || !facts->oldest_kernel) << size;
  }
  // With any byte changed, it must end and stay inside its memory.
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const char value : {'\x00', '\x7f', '\xff'}) {
      std::string bad = good;
      bad[at] = value;
      write("elf", bad);
      (void)parse();
    }
  }
}

TEST_F(Doctor, KernelVersions) {
  EXPECT_EQ(*parse_kernel_version("5.10.0-28-amd64"), (KernelVersion{5, 10, 0}));
  EXPECT_EQ(*parse_kernel_version("7.3"), (KernelVersion{7, 3, 0}));
  EXPECT_EQ(*parse_kernel_version("6.1-rc1"), (KernelVersion{6, 1, 0}));
  EXPECT_FALSE(parse_kernel_version("linux"));
  EXPECT_TRUE(runs_on(EM_386, EM_X86_64));
  EXPECT_FALSE(runs_on(EM_X86_64, EM_386));
}

}  // namespace
}  // namespace chos::test
