// SPDX-License-Identifier: BSD-3-Clause
// Trees and stores on an export with root_squash.
#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "kernel/proc_chos.h"
#include "lifecycle/up.h"
#include "manage/os_manager_fixture.h"
#include "store/manifest.h"
#include "store/mounts.h"

namespace chos::test {
namespace {

// As root of a client is on an export with root_squash: modes count for it.
class Squashed {
 public:
  Squashed() { set(false); }
  ~Squashed() { set(true); }
  Squashed(const Squashed&) = delete;
  Squashed& operator=(const Squashed&) = delete;

 private:
  static void set(bool on) {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2]{};
    ASSERT_EQ(::syscall(SYS_capget, &header, data), 0);
    const unsigned rights = 1U << CAP_DAC_OVERRIDE | 1U << CAP_DAC_READ_SEARCH;
    data[0].effective = on ? data[0].effective | rights : data[0].effective & ~rights;
    ASSERT_EQ(::syscall(SYS_capset, &header, data), 0);
  }
};

// As an export with root_squash shows it.
TEST_F(OsManagerTest, ADirectoryWithWhatNobodyMayRead) {
  const std::string tree = top + "/source/one";
  write_text(tree + "/etc/shadow", "root:*:1::::::\n", 0640);
  make_directories(tree + "/root/.ssh");
  for (const char* name : {"/etc/shadow", "/root"})
    ASSERT_EQ(::chown((tree + name).c_str(), 65534, 65534), 0);
  ASSERT_EQ(::chmod((tree + "/root").c_str(), 0700), 0);
  const auto dir = parse_source("dir:" + tree);
  const auto differences = [&](const TreeRecord& record) {
    const auto all = verify_os(store(), record, progress);
    return all ? *all : Names{all.error().what};
  };
  {
    const Squashed squashed;
    BuildOptions options;
    options.allow_writable = true;  // what root may not read belongs to another user here
    const auto record = keep([&](OsManager& k) { return k.add("far", *dir, options, ""); });
    ASSERT_TRUE(record) << record.error().what;
    EXPECT_NE(joined(progress.notes).find("2 entries"), std::string::npos) << joined(progress.notes);
    const auto manifest = store().manifest(*record);
    ASSERT_TRUE(manifest);
    EXPECT_NE(manifest->find("/etc/shadow f 0640 65534:65534 15 unreadable -\n"), std::string::npos)
        << *manifest;
    EXPECT_NE(manifest->find("/root d 0700 65534:65534 0 unreadable -\n"), std::string::npos);
    EXPECT_EQ(differences(*record), Names{});
    write_text(tree + "/etc/os-release", "other\n");
    ASSERT_EQ(::chmod((tree + "/root").c_str(), 0000), 0);
    EXPECT_EQ(differences(*record), (Names{"/etc/os-release: content", "/root: mode 0000, was 0700"}));
  }
  // Whoever may read it is told what was not known.
  const auto all = store().records();
  ASSERT_TRUE(all);
  const auto more = differences(all->front());
  EXPECT_NE(joined(more).find("/etc/shadow: content could not be read before\n"), std::string::npos)
      << joined(more);
  // A tree that chosctl makes is read as a whole or not at all.
  const Squashed squashed;
  EXPECT_FALSE(read_manifest(tree, {}));
}

TEST_F(OsManagerTest, OtherNodesReadTheRecordsOfAnExport) {
  ASSERT_TRUE(add("one", "one"));
  const std::string own = node.config.trees + "/.chos";
  const auto mode = [&](const std::string& path) {
    struct stat info {};
    EXPECT_EQ(::stat((own + path).c_str(), &info), 0) << path;
    return info.st_mode & 07777;
  };
  const auto expect_modes = [&] {
    EXPECT_EQ(mode(""), 0755U);
    EXPECT_EQ(mode("/os"), 0755U);
    EXPECT_EQ(mode("/os/one~1.json"), 0644U);
    EXPECT_EQ(mode("/os/one~1.manifest"), 0600U);
    for (const char* part : {"/images", "/work", "/journal", "/log"}) EXPECT_EQ(mode(part), 0700U);
  };
  expect_modes();
  // As older versions made it.
  ASSERT_EQ(::chmod((own + "/os/one~1.manifest").c_str(), 0644), 0);
  ASSERT_TRUE(store().prepare());
  expect_modes();
  ASSERT_EQ(std::system(("chown -R 65534 " + own).c_str()), 0);
  const Squashed squashed;
  ASSERT_TRUE(store().records());
  EXPECT_EQ(store().records()->size(), 1U);
}

// An administrator may have closed any of them to keep users from the setuid programs of the trees.
TEST_F(OsManagerTest, NoDirectoryIsOpenedThatIsThereAlready) {
  ASSERT_TRUE(add("one", "one"));
  const std::string own = node.config.trees + "/.chos";
  const Names directories{node.config.trees, own, own + "/os", own + "/images", own + "/work"};
  for (const mode_t mode : {0700, 0710, 0750}) {
    for (const auto& directory : directories) ASSERT_EQ(::chmod(directory.c_str(), mode), 0);
    progress.notes.clear();
    ASSERT_TRUE(replace("one", "two"));
    ASSERT_EQ(progress.notes.size(), 1U) << joined(progress.notes);
    EXPECT_EQ(progress.notes.front(), "no user can get past " + node.config.trees +
                                          ", so no program runs in an OS; chmod a+rx " + node.config.trees +
                                          "; to keep users of the base OS from the trees: chmod 700 " + top);
    for (const auto& directory : directories) {
      struct stat info {};
      ASSERT_EQ(::stat(directory.c_str(), &info), 0) << directory;
      EXPECT_EQ(info.st_mode & 07777, mode) << directory;
    }
  }
}

TEST_F(OsManagerTest, ANewStoreIsReachedThroughTheFarmOnly) {
  node.config.trees = top + "/new/chos/os";
  ASSERT_TRUE(add("one", "one"));
  const auto mode = [this](const std::string& path) {
    struct stat info {};
    return ::stat((top + path).c_str(), &info) == 0 ? info.st_mode & 07777 : 0;
  };
  EXPECT_EQ(mode("/new/chos"), 0700U);
  EXPECT_EQ(mode("/new/chos/os"), 0755U);
  EXPECT_EQ(mode("/new/chos/os/.chos"), 0755U);
}

TEST_F(OsManagerTest, AStoreThatCannotBeReadKeepsNobodyFromOtherTrees) {
  node.kernel = ProcChos(top + "/kernel");
  module.is_loaded = true;
  make_tree("byhand");
  make_tree("none");
  write_text(node.allowlist_file, "byhand:/os/byhand\n");
  ASSERT_TRUE(store().prepare());
  const std::string own = node.config.trees + "/.chos";
  ASSERT_EQ(::chown(own.c_str(), 65534, 65534), 0);
  ASSERT_EQ(::chmod(own.c_str(), 0700), 0);
  const Squashed squashed;
  EXPECT_TRUE(bring_up(node, log)) << joined(log.failures);
  EXPECT_NE(joined(log.warnings).find("root_squash"), std::string::npos) << joined(log.warnings);
  EXPECT_EQ(read_text(top + "/kernel/valid"), "byhand:/os/byhand\n");
  log.warnings.clear();
  EXPECT_TRUE(reload(node, log)) << joined(log.failures);
  EXPECT_EQ(log.warnings.size(), 1U) << joined(log.warnings);
  const auto shown = list_oses(node, store());
  ASSERT_FALSE(shown);
  EXPECT_EQ(shown.error().code, EACCES);
}

}  // namespace
}  // namespace chos::test
