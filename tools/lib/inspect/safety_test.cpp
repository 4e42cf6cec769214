// SPDX-License-Identifier: BSD-3-Clause
#include "inspect/safety.h"

#include <endian.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include <map>

#include "basic/child_work.h"
#include "basic/files.h"
#include "basic/text.h"
#include "basic/walk.h"
#include "scratch.h"
#include "silent_fuse.h"

namespace chos::test {
namespace {

using Named = std::map<std::string, std::string>;

class TreeSafety : public Scratch {
 protected:
  void SetUp() override {
    Scratch::SetUp();
    if (::geteuid() != 0) GTEST_SKIP() << "only root can give files to others";
    ASSERT_EQ(::chmod(directory().c_str(), 0755), 0);
    for (const char* name :
         {"bin", "etc", "lib", "usr", "usr/bin", "usr/lib", "usr/share", "usr/local", "opt", "var"})
      make(name);
    file("bin/sh");
    file("etc/passwd");
  }

  void make(const std::string& name, mode_t mode = 0755, uid_t uid = 0, gid_t gid = 0) {
    std::filesystem::create_directories(path(name));
    own(name, mode, uid, gid);
  }
  void file(const std::string& name, mode_t mode = 0644, uid_t uid = 0, gid_t gid = 0) {
    std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
    write(name, "x");
    own(name, mode, uid, gid);
  }
  void own(const std::string& name, mode_t mode, uid_t uid, gid_t gid) {
    ASSERT_EQ(::chown(path(name).c_str(), uid, gid), 0) << name;
    ASSERT_EQ(::chmod(path(name).c_str(), mode), 0) << name;
  }

  struct Acl {
    unsigned tag, permissions, id;
  };
  void give_acl(const std::string& name, const std::string& kind, const std::vector<Acl>& entries) {
    const posix_acl_xattr_header header{htole32(POSIX_ACL_XATTR_VERSION)};
    std::string value(reinterpret_cast<const char*>(&header), sizeof header);
    for (const auto& [tag, permissions, id] : entries) {
      const posix_acl_xattr_entry entry{htole16(static_cast<std::uint16_t>(tag)),
                                        htole16(static_cast<std::uint16_t>(permissions)), htole32(id)};
      value.append(reinterpret_cast<const char*>(&entry), sizeof entry);
    }
    ASSERT_EQ(::setxattr(path(name).c_str(), kind.c_str(), value.data(), value.size(), 0), 0) << name;
  }

  Safety look(Extent extent = Extent::whole) {
    const UniqueFd tree(::open(directory().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    auto safety = survey(tree.get(), extent);
    EXPECT_TRUE(safety) << safety.error().what;
    return safety ? *safety : Safety();
  }
  static Named named(const FileList& list) {
    Named out;
    for (const auto& file : list.files()) out[file.path] = file.about;
    return out;
  }
  Named writable() { return named(look().writable); }
  Named tolerated() { return named(look().tolerated); }
};

constexpr unsigned no_id = static_cast<unsigned>(ACL_UNDEFINED_ID);

TEST_F(TreeSafety, AnOrdinaryTree) {
  make("tmp", 01777);
  make("var/tmp", 01777);
  make("var/mail", 02775, 0, 8);
  make("var/lib/postgresql", 0755, 101, 104);
  make("home/alice", 0700, 1000, 1000);
  file("home/alice/.profile", 0644, 1000, 1000);
  file("usr/bin/screen", 02755, 0, 43);
  std::filesystem::create_symlink("/etc/passwd", path("usr/lib/link"));
  ASSERT_EQ(::lchown(path("usr/lib/link").c_str(), 1000, 1000), 0);
  const auto safety = look();
  EXPECT_EQ(named(safety.writable), Named{});
  EXPECT_EQ(named(safety.tolerated), Named{});
  EXPECT_EQ(named(safety.closed), Named{});
  EXPECT_EQ(named(safety.privileged), (Named{{"/usr/bin/screen", "setgid"}}));
}

TEST_F(TreeSafety, WhatIsExecutedLinkedOrReadAsConfiguration) {
  make("lib/private", 0777, 1000);
  file("lib/private/libnss_files.so.2", 0666, 1000);
  file("etc/ld.so.preload", 0666, 1000);
  file("etc/nsswitch.conf", 0664, 0, 1000);
  file("etc/pam.d/sshd", 0644, 1000);
  file("etc/profile.d/x.sh", 0646);
  file("usr/share/bash-completion/completions/x", 0644, 12);
  file("opt/app/libx.so", 0666);
  file("bin/tool", 0777);
  EXPECT_EQ(writable(), (Named{{"/lib/private", "uid 1000, everybody"},
                               {"/lib/private/libnss_files.so.2", "uid 1000, everybody"},
                               {"/etc/ld.so.preload", "uid 1000, everybody"},
                               {"/etc/nsswitch.conf", "gid 1000"},
                               {"/etc/pam.d/sshd", "uid 1000"},
                               {"/etc/profile.d/x.sh", "everybody"},
                               {"/usr/share/bash-completion/completions/x", "uid 12"},
                               {"/opt/app/libx.so", "everybody"},
                               {"/bin/tool", "everybody"}}));
}

TEST_F(TreeSafety, TheDirectoriesAboveThem) {
  own("", 0777, 0, 0);
  own("usr", 0755, 1000, 0);
  own("usr/lib", 01777, 0, 0);
  own("var", 0775, 0, 100);
  make("var/lib/dpkg/info", 0757);
  EXPECT_EQ(writable(), (Named{{"/", "everybody"},
                               {"/usr", "uid 1000"},
                               {"/usr/lib", "everybody"},
                               {"/var", "gid 100"},
                               {"/var/lib/dpkg/info", "everybody"}}));
}

TEST_F(TreeSafety, ServicesMayOwnTheirConfigurationOnly) {
  make("etc/munge", 0700, 101, 107);
  file("etc/munge/munge.key", 0600, 101, 107);
  make("etc/polkit-1/rules.d", 0700, 996);
  make("usr/share/polkit-1/rules.d", 0700, 996);
  file("etc/tcsd.conf", 0600, 59, 59);
  file("usr/bin/at", 06755, 1, 1);
  make("usr/local/lib", 02775, 0, 50);
  make("usr/local/lib/python3", 02775, 0, 50);
  const Named as_distributions{{"/etc/munge", "uid 101"},
                               {"/etc/munge/munge.key", "uid 101"},
                               {"/etc/polkit-1/rules.d", "uid 996"},
                               {"/usr/share/polkit-1/rules.d", "uid 996"},
                               {"/etc/tcsd.conf", "uid 59"},
                               {"/usr/bin/at", "uid 1"},
                               {"/usr/local/lib", "gid 50"},
                               {"/usr/local/lib/python3", "gid 50"}};
  EXPECT_EQ(tolerated(), as_distributions);
  EXPECT_EQ(writable(), Named{});
  // Not by their groups, not elsewhere, and not for users.
  make("etc/other", 0755, 1000);
  file("etc/shells", 0644, 101);
  make("etc/pam.d", 0755, 101);
  file("usr/bin/plain", 0755, 1);
  file("usr/bin/setuid", 04775, 1, 1);
  make("usr/lib/x", 02775, 0, 50);
  file("usr/local/lib/file", 0664, 0, 50);
  make("usr/local/bin", 0775, 0, 44);
  make("etc/mock", 0775, 0, 100);
  EXPECT_EQ(tolerated(), as_distributions);
  EXPECT_EQ(writable(), (Named{{"/etc/other", "uid 1000"},
                               {"/etc/shells", "uid 101"},
                               {"/etc/pam.d", "uid 101"},
                               {"/usr/bin/plain", "uid 1"},
                               {"/usr/bin/setuid", "uid 1, gid 1"},
                               {"/usr/lib/x", "gid 50"},
                               {"/usr/local/lib/file", "gid 50"},
                               {"/usr/local/bin", "gid 44"},
                               {"/etc/mock", "gid 100"}}));
}

TEST_F(TreeSafety, AclsCount) {
  for (const char* name : {"bin/named", "bin/group", "bin/masked", "bin/owning", "bin/reads"})
    file(name, 0755);
  const auto acl = [](Acl named, unsigned group, unsigned mask) {
    return std::vector<Acl>{{ACL_USER_OBJ, 7, no_id},
                            named,
                            {ACL_GROUP_OBJ, group, no_id},
                            {ACL_MASK, mask, no_id},
                            {ACL_OTHER, 5, no_id}};
  };
  give_acl("bin/named", "system.posix_acl_access", acl({ACL_USER, 7, 1000}, 5, 7));
  give_acl("bin/masked", "system.posix_acl_access", acl({ACL_USER, 7, 1000}, 5, 5));
  give_acl("bin/reads", "system.posix_acl_access", acl({ACL_USER, 5, 1000}, 7, 7));
  own("bin/reads", 0775, 0, 0);
  give_acl("etc", "system.posix_acl_default", acl({ACL_USER, 7, 1000}, 5, 7));
  const std::vector<Acl> by_group{{ACL_USER_OBJ, 7, no_id},
                                  {ACL_GROUP_OBJ, 5, no_id},
                                  {ACL_GROUP, 6, 2000},
                                  {ACL_MASK, 7, no_id},
                                  {ACL_OTHER, 4, no_id}};
  give_acl("bin/group", "system.posix_acl_access", by_group);
  give_acl("bin/owning", "system.posix_acl_access", acl({ACL_USER, 5, 1000}, 7, 7));
  ASSERT_EQ(::chown(path("bin/owning").c_str(), 0, 3000), 0);
  EXPECT_EQ(writable(), (Named{{"/bin/named", "uid 1000 by an ACL"},
                               {"/bin/group", "gid 2000 by an ACL"},
                               {"/bin/owning", "gid 3000"},
                               {"/etc", "uid 1000 by a default ACL"}}));
}

TEST_F(TreeSafety, ModesThatNoUserGetsPast) {
  own("", 0700, 0, 0);
  own("usr", 0750, 0, 0);
  own("usr/bin", 0710, 0, 1000);  // a group of users does
  make("usr/lib/x86_64-linux-gnu", 0700);
  make("usr/lib/private", 0700);
  make("root", 0700);
  EXPECT_EQ(named(look().closed),
            (Named{{"/", "mode 0700"}, {"/usr", "mode 0750"}, {"/usr/lib/x86_64-linux-gnu", "mode 0700"}}));
  Findings found;
  report_safety(look(), {}, "tree x", directory(), found);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].level, Finding::Level::error);
  EXPECT_EQ(found[0].remedy,
            "chmod a+rx " + directory() + " " + path("usr") + " " + path("usr/lib/x86_64-linux-gnu"));
}

TEST_F(TreeSafety, WhatGivesRights) {
  file("usr/bin/su", 04755);
  file("usr/bin/locked", 02644);
  file("var/hidden", 04711);
  file("usr/bin/ping", 0755);
  const vfs_cap_data capability{htole32(VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE),
                                {{htole32(1U << CAP_NET_RAW), 0}, {0, 0}}};
  ASSERT_EQ(
      ::setxattr(path("usr/bin/ping").c_str(), "security.capability", &capability, sizeof capability, 0), 0);
  make("dev");
  ASSERT_EQ(::mknod(path("dev/null").c_str(), S_IFCHR | 0666, makedev(1, 3)), 0);
  ASSERT_EQ(::mknod(path("dev/mem").c_str(), S_IFCHR | 0666, makedev(1, 1)), 0);
  ASSERT_EQ(::mknod(path("etc/null").c_str(), S_IFCHR | 0666, makedev(1, 3)), 0);
  ASSERT_EQ(::mknod(path("usr/disk").c_str(), S_IFBLK | 0666, makedev(8, 0)), 0);
  const auto safety = look();
  EXPECT_EQ(named(safety.privileged),
            (Named{{"/usr/bin/su", "setuid"}, {"/var/hidden", "setuid"}, {"/usr/bin/ping", "capabilities"}}));
  EXPECT_EQ(named(safety.devices),
            (Named{{"/dev/mem", "char 1:1"}, {"/etc/null", "char 1:3"}, {"/usr/disk", "block 8:0"}}));
}

TEST_F(TreeSafety, AQuickLookSeesProgramsLibrariesAndConfiguration) {
  const Named seen{{"/bin/tool", "everybody"},
                   {"/lib/security/pam_x.so", "everybody"},
                   {"/usr/lib/x86_64-linux-gnu/security/pam_y.so", "everybody"},
                   {"/usr/local/bin/z", "everybody"},
                   {"/etc/systemd/system/x.service", "everybody"},
                   {"/usr/share/x", "everybody"}};
  for (const auto& one : seen) file(one.first.substr(1), 0666);
  file("usr/share/doc/y", 0666);
  file("opt/app/lib/z.so", 0666);
  EXPECT_EQ(named(look(Extent::critical).writable), seen);
  EXPECT_EQ(writable().size(), seen.size() + 2);
}

// Names of a tree must not fill memory, a record or the terminal.
TEST_F(TreeSafety, LinksToWhatUsersCanChange) {
  const auto link = [this](const std::string& name, const std::string& target) {
    std::filesystem::create_symlink(target, path(name));
  };
  make("var/open", 01777);
  file("var/open/roots");
  file("var/open/others", 0644, 1000);
  make("var/theirs", 0755, 1000);
  file("var/theirs/lib/x.so");
  file("var/state/service", 0644, 101);
  file("var/state/plain");
  file("srv/conf", 0666);
  link("etc/ld.so.preload", "/tmp/preload");
  link("usr/lib/a.so", "../../var/tmp/x/../a.so");
  link("usr/lib/b.so", "/var/theirs/lib/x.so");
  link("etc/nsswitch.conf", "/srv/conf");
  link("opt/app", "/var/open/others");
  // As distributions have them.
  make("var/tmp", 01777);
  link("usr/tmp", "../var/tmp");
  link("etc/mtab", "../proc/self/mounts");
  link("etc/resolv.conf", "../run/systemd/resolve/stub-resolv.conf");
  link("etc/service", "/var/state/service");
  link("etc/plain", "/var/state/plain");
  link("usr/lib/roots", "/var/open/roots");
  link("usr/lib/away", "/nowhere");
  link("usr/lib/loop", "loop");
  link("var/data", "/var/theirs");
  EXPECT_EQ(writable(), (Named{{"/etc/ld.so.preload", "link to /tmp/preload, which everybody can make"},
                               {"/usr/lib/a.so", "link to /var/tmp/a.so, which everybody can make"},
                               {"/usr/lib/b.so", "link to /var/theirs, which uid 1000 can change"},
                               {"/etc/nsswitch.conf", "link to /srv/conf, which everybody can change"},
                               {"/opt/app", "link to /var/open/others, which uid 1000 can change"}}));
  Findings found;
  report_safety(look(), {}, "tree x", "/srv/x", found);
  ASSERT_EQ(found.size(), 1U);
  // Not by a command that follows the links, perhaps to files of the base OS.
  EXPECT_EQ(found[0].remedy,
            "rm /srv/x/etc/ld.so.preload /srv/x/etc/nsswitch.conf /srv/x/opt/app /srv/x/usr/lib/a.so "
            "/srv/x/usr/lib/b.so");
}

TEST_F(TreeSafety, LinksByWayOfOtherLinks) {
  const auto link = [this](const std::string& name, const std::string& target) {
    std::filesystem::create_symlink(target, path(name));
  };
  make("srv");
  make("var/spool");
  link("srv/hop", "/tmp/evil.so");
  link("srv/hops", "hop");
  link("srv/scratch", "../dev/shm");
  link("var/run", "../run");
  link("srv/spool", "/var/spool");
  link("usr/lib/hops.so", "/srv/hops");
  link("usr/lib/up.so", "/srv/spool/../tmp/./x.so");
  link("usr/lib/scratch.so", "/srv/scratch/x.so");
  link("usr/lib/lock.so", "/var/run/lock/x.so");
  link("usr/lib/home.so", "/home/mallory/x.so");
  link("usr/lib/session.so", "/run/user/1000/x.so");
  link("usr/lib/plain.so", "/srv/spool/x.so");
  // The tree's own, which users can change; by an absolute link it would be the node's.
  make("run");
  file("run/x.so", 0666);
  link("usr/lib/own.so", "../../run/x.so");
  link("usr/lib/node.so", "/run/x.so");
  link("usr/lib/round.so", "/srv/round");
  link("srv/round", "../usr/lib/round.so");
  EXPECT_EQ(writable(), (Named{{"/usr/lib/home.so", "link to /home/mallory/x.so, which a user can make"},
                               {"/usr/lib/hops.so", "link to /tmp/evil.so, which everybody can make"},
                               {"/usr/lib/lock.so", "link to /run/lock/x.so, which everybody can make"},
                               {"/usr/lib/own.so", "link to /run/x.so, which everybody can change"},
                               {"/usr/lib/scratch.so", "link to /dev/shm/x.so, which everybody can make"},
                               {"/usr/lib/session.so", "link to /run/user/1000/x.so, which a user can make"},
                               {"/usr/lib/up.so", "link to /var/tmp/x.so, which everybody can make"}}));
}

TEST_F(TreeSafety, ManyFilesAreCountedAndSomeNamed) {
  for (int i = 0; i < 1500; ++i) file("opt/f" + std::to_string(i), 0666);
  file("bin/\x1b[31mred", 0666);
  const auto safety = look();
  EXPECT_EQ(safety.writable.count(), 1501U);
  EXPECT_EQ(safety.writable.files().size(), FileList::most_files);
  Findings found;
  report_safety(safety, {}, "tree x", directory(), found);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_NE(found[0].what.find(" and 1493 more"), std::string::npos) << found[0].what;
  EXPECT_LT(found[0].what.size(), 2000U);
  EXPECT_EQ(found[0].what.find('\x1b'), std::string::npos);
  FileList list;
  for (int i = 0; i < 20; ++i) list.add(std::string(60'000, 'x'), "y");
  EXPECT_EQ(list.count(), 20U);
  EXPECT_LT(list.files().size(), 5U);
}

TEST_F(TreeSafety, TheRemedyNamesEachCommand) {
  file("etc/ld.so.preload", 0666, 1000);
  file("bin/a b", 0755, 1000);
  Findings found;
  report_safety(look(), {}, "tree x", "/srv/x", found);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].level, Finding::Level::error);
  EXPECT_EQ(found[0].what,
            "others than root can change 2 files and directories that are executed, linked or read as "
            "configuration: /bin/a b (uid 1000) and /etc/ld.so.preload (uid 1000, everybody)");
  EXPECT_EQ(found[0].remedy,
            "chown root '/srv/x/bin/a b' /srv/x/etc/ld.so.preload; chmod go-w /srv/x/etc/ld.so.preload");
  found.clear();
  report_safety(look(), {.suid = false, .allow_writable = true, .publishing = false}, "tree x", "/srv/x",
                found);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].level, Finding::Level::warning);
}

TEST_F(TreeSafety, DeepDirectoriesOfUsersAreCounted) {
  const auto deepen = [this](std::string name) {
    for (unsigned i = 0; i < deepest_walk; ++i) make(name += "/d");
  };
  make("var/tmp", 01777);
  deepen("var/tmp");
  EXPECT_EQ(look().unread, 1U);
  deepen("usr/lib");
  const UniqueFd tree(::open(directory().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  const auto safety = survey(tree.get(), Extent::whole);
  ASSERT_FALSE(safety);
  EXPECT_NE(safety.error().what.find(" /usr/lib/d/d"), std::string::npos) << safety.error().what;
}

// Neither that of root, which never answers, nor that of a user, which refuses root everything.
TEST_F(TreeSafety, AsksNoServerOfWhatIsMounted) {
  ASSERT_EQ(::unshare(CLONE_NEWNS), 0);
  ASSERT_EQ(::mount(nullptr, "/", nullptr, MS_PRIVATE | MS_REC, nullptr), 0);
  for (const char* name : {"usr/lib/closed", "usr/lib/silent", "usr/lib/near"}) make(name);
  UniqueFd silent = mount_silent_fuse(path("usr/lib/silent"));
  if (!silent) GTEST_SKIP() << "no /dev/fuse here";
  const UniqueFd closed = mount_silent_fuse(path("usr/lib/closed"), 1000);
  ASSERT_EQ(::mount("near", path("usr/lib/near").c_str(), "tmpfs", 0, "mode=1777"), 0);
  const auto said = do_in_child(
      [this] {
        const auto found = look();
        std::string out = std::to_string(found.unread) + " unread\n";
        for (const auto& [name, about] : found.writable.files()) out += concat({name, ": ", about, "\n"});
        return out;
      },
      5);
  silent.reset();
  for (const char* name : {"closed", "silent", "near"})
    EXPECT_EQ(::umount2(path(std::string("usr/lib/") + name).c_str(), MNT_DETACH), 0) << name;
  ASSERT_TRUE(said) << said.error().what;
  EXPECT_EQ(*said, "1 unread\n/usr/lib/near: everybody\n");
}

}  // namespace
}  // namespace chos::test
