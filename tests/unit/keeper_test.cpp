// SPDX-License-Identifier: BSD-3-Clause
// Adding, replacing and removing OSs, on a node whose kernel is some files; and chosctl itself,
// killed at any moment.
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include <chrono>
#include <cstddef>
#include <fstream>
#include <random>
#include <thread>

#include "elf_file.h"
#include "keeper_fixture.h"
#include "lib/bring_up.h"
#include "lib/watch.h"
#include "store/build_parts.h"
#include "store/mounts.h"
#include "store/pack.h"
#include "store/remove_tree.h"

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

TEST_F(KeeperTest, Adds) {
  const auto record = add("one", "one", "groups=0,closed");
  ASSERT_TRUE(record) << record.error().what;
  EXPECT_EQ(list(), "# ours\none:/os/one:groups=0,closed\n");
  EXPECT_EQ(record->release, "one");
  EXPECT_EQ(read_text(node.config.trees + "/one/etc/os-release"), "PRETTY_NAME=\"one\"\n");
  EXPECT_TRUE(verify_os(store(), *record, progress)->empty());
  expect_tidy();
  const auto all = list_oses(node, store());
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 1U);
  EXPECT_EQ(all->front().record->digest, record->digest);
  EXPECT_TRUE(all->front().tree_present);
}

TEST_F(KeeperTest, MakesPlacesForWhatAllShareInTreesOfItsOwn) {
  const std::string known = "/etc/ssh/ssh_known_hosts";
  mount_tmpfs("/etc");
  make_directories("/etc/ssh");
  write_text(known, "node ssh-ed25519 AAAA\n");
  write_text("/etc/os-release", "the base's\n");
  node.config.share = {known, "/etc/os-release", "/etc/nowhere"};
  const auto record = add("one", "one");
  ASSERT_TRUE(record) << record.error().what;
  const std::string tree = node.config.trees + "/one";
  ASSERT_TRUE(exists(tree + known));
  EXPECT_EQ(read_text(tree + known), "");
  EXPECT_EQ(read_text(tree + "/etc/os-release"), "PRETTY_NAME=\"one\"\n");
  EXPECT_FALSE(exists(tree + "/etc/nowhere"));
  EXPECT_TRUE(verify_os(store(), *record, progress)->empty());
  fs::remove(tree + known);
  EXPECT_EQ(*verify_os(store(), *record, progress), Names{known + ": missing"});
  // What is not its own stays as it is.
  const auto dir = parse_source("dir:" + top + "/source/two");
  ASSERT_TRUE(keep([&](Keeper& k) { return k.add("far", *dir, {}, ""); }));
  EXPECT_FALSE(exists(top + "/source/two/etc/ssh"));
}

TEST_F(KeeperTest, AddsATreeWithNamesThatAreNoUtf8) {
  const std::string name = "/usr/bin/su\xfc";
  write_text(top + "/source/one" + name, "x", 04755);
  write_text(top + "/source/one/etc/os-release", "PRETTY_NAME=\"\xfc\"\n");
  ASSERT_EQ(std::system(("tar -C " + top + "/source/one -cf " + archive("one") + " .").c_str()), 0);
  const auto record = add("one", "one");
  ASSERT_TRUE(record) << record.error().what;
  ASSERT_EQ(store().records()->size(), 1U);
  EXPECT_EQ(store().records()->front().privileged.front().path, "/usr/bin/su\ufffd");
  EXPECT_TRUE(verify_os(store(), *record, progress)->empty());
  EXPECT_TRUE(remove("one"));
}

// What claims to be small need not be: it is counted while it is read.
TEST_F(KeeperTest, StopsReadingWhatIsTooBig) {
  for (int i = 0; i < 100; ++i) write_text(top + "/source/one/etc/" + std::to_string(i), "x");
  const auto dir = parse_source("dir:" + top + "/source/one");
  BuildOptions options;
  options.max_size = 10;
  const auto added = keep([&](Keeper& k) { return k.add("far", *dir, options, ""); });
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().code, EFBIG) << added.error().what;
  EXPECT_NE(added.error().remedy.find("--max-size"), std::string::npos);
  EXPECT_LT(progress.ticks, 100);
  EXPECT_EQ(trees(), Names{});
  expect_tidy();
}

TEST_F(KeeperTest, MakesTheListIfThereIsNone) {
  fs::remove(node.allowlist_file);
  ASSERT_TRUE(add("one", "one"));
  EXPECT_TRUE(list().ends_with("one:/os/one\n")) << list();
}

TEST_F(KeeperTest, RefusesNamesAndWhatIsThere) {
  for (const char* name : {"", "a b", "../x", "default", "base", "-x", "a~2"})
    EXPECT_FALSE(add(name, "one")) << name;
  ASSERT_TRUE(add("one", "one"));
  EXPECT_EQ(add("one", "two").error().code, EEXIST);
  make_directories(node.config.trees + "/byhand");
  EXPECT_EQ(add("byhand", "two").error().code, EEXIST);
  EXPECT_EQ(trees(), (Names{"byhand", "one"}));
  EXPECT_FALSE(replace("none", "two"));
  EXPECT_FALSE(remove("none"));
  expect_tidy();
}

TEST_F(KeeperTest, RefusesATreeThatIsNotFit) {
  const std::string sound = top + "/source/two", unfit = top + "/source/unfit";
  const auto refused = [&](auto spoil) {
    fs::remove_all(unfit);
    fs::copy(sound, unfit, fs::copy_options::recursive | fs::copy_options::copy_symlinks);
    spoil();
    EXPECT_EQ(std::system(("tar -C " + unfit + " -cf " + archive("unfit") + " .").c_str()), 0);
    const auto added = add("two", "unfit");
    EXPECT_FALSE(added);
    EXPECT_EQ(list(), "# ours\n");
    EXPECT_EQ(trees(), Names{});
    expect_tidy();
    return added ? "added" : added.error().what;
  };
  const std::string says = "the tree is not fit for use: ";
  EXPECT_EQ(refused([&] { fs::remove(unfit + "/bin/sh"); }).find(says + "it has no /bin/sh"), 0u);
  EXPECT_EQ(refused([&] {
    std::fstream shell(unfit + "/bin/sh", std::ios::in | std::ios::out | std::ios::binary);
    shell.seekp(offsetof(Elf64_Ehdr, e_machine)).put(static_cast<char>(EM_AARCH64));
  }), says + "its programs are for another kind of processor");
  EXPECT_EQ(refused([&] {
    make_directories(unfit + "/usr/lib64");
    write_text(unfit + "/usr/lib64/libc.so.6", elf_with_note(99, 2, 0));
  }).find(says + "its libc needs a kernel >= 99.2"), 0u);
}

TEST_F(KeeperTest, KeepsNothingOfWhatWasInterrupted) {
  progress.ticks_left = 2;
  const auto stopped = add("one", "one");
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, EINTR);
  EXPECT_EQ(trees(), Names{});
  expect_tidy();
}

TEST_F(KeeperTest, AFullDiskCostsNothing) {
  ASSERT_EQ(::mount("tmpfs", node.config.trees.c_str(), "tmpfs", 0, "size=100k"), 0);
  const auto full = add("one", "one");
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, ENOSPC) << full.error().what;
  EXPECT_NE(full.error().what.find("No space left on device"), std::string::npos) << full.error().what;
  EXPECT_NE(full.error().remedy.find("make room"), std::string::npos);
  EXPECT_EQ(trees(), Names{});
  EXPECT_EQ(list(), "# ours\n");
  expect_tidy();
  ASSERT_EQ(::mount("tmpfs", node.config.trees.c_str(), "tmpfs", MS_REMOUNT, "size=100m"), 0);
  EXPECT_TRUE(add("one", "one"));
  EXPECT_EQ(::umount2(node.config.trees.c_str(), MNT_DETACH), 0);
}

// A program stands for mmdebstrap: what it says when a suite's Release file is too old is apt's.
TEST_F(KeeperTest, AnExpiredSuiteIsTakenOnlyIfAskedFor) {
  make_directories(top + "/programs");
  // The tree's directory is the last word but one.
  write_text(top + "/programs/mmdebstrap",
             "#!/bin/bash\nmkdir \"${*: -2:1}\"\n"
             "case \"$*\" in *Check-Valid-Until*false*) exec cp -a " + top +
                 "/source/one/. \"${*: -2:1}\" ;; esac\n"
                 "echo 'E: Release file for http://deb/InRelease is expired (invalid since 9d)'\nexit 25\n");
  fs::permissions(top + "/programs/mmdebstrap", fs::perms::owner_all);
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", (top + "/programs:" + path).c_str(), 1);
  BuildOptions options;
  options.mirror = "file:/nowhere";
  const auto debian = parse_source("debian:bullseye");
  ASSERT_TRUE(debian);
  const auto refused = keep([&](Keeper& k) { return k.add("old", *debian, options, ""); });
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().what.find("is expired"), std::string::npos) << refused.error().what;
  EXPECT_NE(refused.error().remedy.find("--allow-expired"), std::string::npos);
  EXPECT_EQ(trees(), Names{});
  options.expired_ok = true;
  const auto taken = keep([&](Keeper& k) { return k.add("old", *debian, options, ""); });
  EXPECT_TRUE(taken) << taken.error().what;
  ::setenv("PATH", path.c_str(), 1);
  EXPECT_EQ(list(), "# ours\nold:/os/old\n");
  expect_tidy();
}

// Stand-ins say what apt and dnf say of a server that accepts and answers nothing.
TEST_F(KeeperTest, ARepositoryThatDoesNotAnswerIsNamedSoon) {
  make_directories(top + "/programs");
  const auto program = [&](const std::string& name, const std::string& text) {
    write_text(top + "/programs/" + name, "#!/bin/bash\n" + text, 0755);
  };
  program("mmdebstrap", "echo \"$*\" > " + top + "/asked\n"
                        "echo 'E: Failed to fetch http://mirror.test/debian/dists/trixie/InRelease"
                        "  Connection failed [IP: 192.0.2.1 80]'\nexit 100\n");
  program("dnf", "for a; do case $a in --config=*) cp \"${a#*=}\" " + top + "/asked;; esac; done\n"
                 "echo 'Error: Failed to download metadata for repo x: Curl error (28): Timeout was "
                 "reached for http://mirror.test/r/repodata/repomd.xml'\nexit 1\n");
  write_text(top + "/x.repo", "[x]\nname=x\nbaseurl=http://mirror.test/r\n");
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", (top + "/programs:" + path).c_str(), 1);
  BuildOptions options;
  options.mirror = "http://mirror.test/debian";
  const auto refused = [&](const std::string& text) {
    const auto source = parse_source(text);
    EXPECT_TRUE(source);
    const auto added = keep([&](Keeper& k) { return k.add("mute", *source, options, ""); });
    EXPECT_FALSE(added);
    EXPECT_EQ(trees(), Names{});
    EXPECT_EQ(list(), "# ours\n");
    expect_tidy();
    return added ? Error{} : added.error();
  };
  const auto debian = refused("debian:trixie");
  EXPECT_NE(debian.remedy.find("http://mirror.test/debian"), std::string::npos) << debian.remedy;
  EXPECT_NE(debian.remedy.find("does not answer"), std::string::npos) << debian.remedy;
  const auto asked = read_text(top + "/asked");
  EXPECT_NE(asked.find("--aptopt=Acquire::http::Timeout \"15\""), std::string::npos) << asked;
  EXPECT_NE(asked.find("--aptopt=Acquire::Retries \"1\""), std::string::npos) << asked;
  const auto rpm = refused("rpm:" + top + "/x.repo");
  EXPECT_NE(rpm.remedy.find("http://mirror.test/r"), std::string::npos) << rpm.remedy;
  EXPECT_NE(rpm.remedy.find("does not answer"), std::string::npos) << rpm.remedy;
  const auto settings = read_text(top + "/asked");
  EXPECT_NE(settings.find("\ntimeout=15\nretries=1\n"), std::string::npos) << settings;
  ::setenv("PATH", path.c_str(), 1);
}

// Layouts of one layer, made by hand.
class OciLayout : public KeeperTest {
 protected:
  void SetUp() override {
    KeeperTest::SetUp();
    if (IsSkipped()) return;
    if (std::system("command -v skopeo umoci >/dev/null") != 0) GTEST_SKIP() << "no skopeo or umoci";
    make_directories(top + "/layout/blobs/sha256");
  }
  // Its digest and size, as a descriptor has them.
  std::string blob(const std::string& file) {
    const auto digest = file_digest(file);
    EXPECT_TRUE(digest);
    fs::copy_file(file, top + "/layout/blobs/sha256/" + digest->substr(7),
                  fs::copy_options::overwrite_existing);
    return "\"digest\":\"" + *digest + "\",\"size\":" + std::to_string(fs::file_size(file));
  }
  std::string blob_of(const std::string& text) {
    write_text(top + "/blob", text);
    return blob(top + "/blob");
  }
  Result<TreeRecord> add_layer(const std::string& file, const BuildOptions& options = {}) {
    const std::string type = "\"mediaType\":\"application/vnd.oci.image.";
    const auto layer = blob(file);
    const auto config = blob_of("{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{"
                                "\"type\":\"layers\",\"diff_ids\":[\"" + *file_digest(file) + "\"]}}");
    const auto manifest = blob_of("{\"schemaVersion\":2," + type + "manifest.v1+json\",\"config\":{" + type +
                                  "config.v1+json\"," + config + "},\"layers\":[{" + type +
                                  "layer.v1.tar\"," + layer + "}]}");
    write_text(top + "/layout/oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}");
    write_text(top + "/layout/index.json",
               "{\"schemaVersion\":2,\"manifests\":[{" + type + "manifest.v1+json\"," + manifest +
                   ",\"annotations\":{\"org.opencontainers.image.ref.name\":\"t\"}}]}");
    const auto source = parse_source("oci:" + top + "/layout");
    EXPECT_TRUE(source) << source.error().what;
    return keep([&](Keeper& k) { return k.add("image", *source, options, ""); });
  }
  void expect_refused(const std::string& file, const std::string& entry, const std::string& why,
                      const BuildOptions& options = {}) {
    const auto added = add_layer(file, options);
    ASSERT_FALSE(added) << entry;
    EXPECT_NE(added.error().what.find("layer 1 of " + top + "/layout"), std::string::npos);
    EXPECT_NE(added.error().what.find("'" + entry + "'"), std::string::npos) << added.error().what;
    EXPECT_NE(added.error().what.find(why), std::string::npos) << added.error().what;
    EXPECT_EQ(trees(), Names{});
    EXPECT_EQ(list(), "# ours\n");
    EXPECT_FALSE(exists(top + "/outside/file"));
    expect_tidy();
  }
  // A tar archive of what `command` makes of the usable tree in the working directory.
  std::string layer(const std::string& command) {
    const std::string tree = top + "/layer", file = top + "/layer.tar";
    EXPECT_EQ(std::system(("rm -rf " + tree + " && cp -a " + top + "/source/one " + tree + " && cd " +
                           tree + " && rm -f " + file + " && " + command).c_str()), 0);
    return file;
  }
};

TEST_F(OciLayout, OneThatIsSound) {
  const auto added = add_layer(layer("ln -s /etc link && tar -cf ../layer.tar ."));
  ASSERT_TRUE(added) << added.error().what;
  EXPECT_TRUE(exists(node.config.trees + "/image/bin/sh"));
  expect_tidy();
}

TEST_F(OciLayout, ADeviceNode) {
  expect_refused(layer("mknod etc/null c 1 3 && tar -cf ../layer.tar ."), "./etc/null", "device node");
}

TEST_F(OciLayout, ANameThatLeadsOut) {
  expect_refused(layer("echo x > file && tar -P --transform='s,^file,../outside/file,' -cf ../layer.tar "
                       "bin etc lib64 file"), "../outside/file", "'..'");
}

TEST_F(OciLayout, AnEntryBehindALinkOfItsOwn) {
  make_directories(top + "/outside");
  expect_refused(layer("ln -s " + top + "/outside a && mkdir b && echo x > b/file && "
                       "tar -cf ../layer.tar bin etc lib64 a && "
                       "tar --transform='s,^b/,a/,' -rf ../layer.tar b/file"), "a/file", "behind");
  // What was a link is a directory by then.
  const auto added = add_layer(layer("ln -s " + top + "/outside a && mkdir b && echo x > b/file && "
                                     "tar -cf ../layer.tar bin etc lib64 a && "
                                     "tar --transform='s,^b,a,' -rf ../layer.tar b"));
  EXPECT_TRUE(added) << added.error().what;
  EXPECT_FALSE(exists(top + "/outside/file"));
}

TEST_F(OciLayout, ABomb) {
  BuildOptions options;
  options.max_size = 4 << 20;
  expect_refused(layer("truncate -s 100M etc/zeros && tar -czf ../layer.tar ."), "./etc/zeros",
                 "--max-size", options);
}

TEST_F(OciLayout, OneThatIsCut) {
  expect_refused(layer("head -c 1000000 /dev/urandom > etc/zz && tar -cf ../layer.tar bin lib64 etc/zz && "
                       "truncate -s -600000 ../layer.tar"), "etc/zz", "truncated");
}

// By an archive and an image, if the archive has them.
TEST_F(KeeperTest, KeepsFileCapabilities) {
  const std::string program = top + "/source/one/bin/ping", name = "security.capability";
  write_text(program, "x", 0755);
  // Revision 2, effective: cap_net_raw.
  const std::string value("\1\0\0\2\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
  ASSERT_EQ(::setxattr(program.c_str(), name.c_str(), value.data(), value.size(), 0), 0);
  ASSERT_EQ(std::system(("tar --xattrs --xattrs-include='*' -C " + top + "/source/one -cf " +
                         archive("one") + " .").c_str()), 0);
  const auto kept = [&](const std::string& file) {
    char found[64];
    const auto size = ::lgetxattr(file.c_str(), name.c_str(), found, sizeof found);
    return size < 0 ? "" : std::string(found, static_cast<std::size_t>(size));
  };
  const auto record = add("one", "one");
  ASSERT_TRUE(record) << record.error().what;
  const std::string tree = store().tree(*record);
  EXPECT_EQ(kept(tree + "/bin/ping"), value);
  ASSERT_EQ(record->privileged.size(), 1U);
  EXPECT_EQ(record->privileged.front().rights, "capabilities");
  for (const std::string type : {"squashfs", "erofs"}) {
    const std::string image = top + "/" + type, target = image + ".mount";
    const auto packed = pack_tree(tree, image, type, progress);
    if (!packed && packed.error().code == ENOENT) continue;  // the program is not there
    ASSERT_TRUE(packed) << packed.error().what;
    make_directories(target);
    if (!mount_image(image, type, target)) continue;  // nor is the file system
    EXPECT_EQ(kept(target + "/bin/ping"), value) << type;
    ::umount2(target.c_str(), MNT_DETACH);
  }
  ASSERT_EQ(::removexattr((tree + "/bin/ping").c_str(), name.c_str()), 0);
  EXPECT_EQ(*verify_os(store(), *record, progress), Names{"/bin/ping: capabilities"});
}

TEST_F(KeeperTest, TakesBackWhatTheListRefuses) {
  write_text(node.allowlist_file, "one:/os/trixie\nbroken\n");
  EXPECT_FALSE(add("two", "two"));
  write_text(node.allowlist_file, "# ours\n");
  EXPECT_FALSE(add("two", "two", "nonsense"));
  EXPECT_EQ(list(), "# ours\n");
  EXPECT_EQ(trees(), Names{});
  expect_tidy();
}

TEST_F(KeeperTest, ReplacesAndGoesBack) {
  ASSERT_TRUE(add("os", "one"));
  ASSERT_TRUE(keep([](Keeper& k) { return k.set_default("os"); }));
  const auto second = replace("os", "two");
  ASSERT_TRUE(second) << second.error().what;
  EXPECT_EQ(second->generation, 2U);
  EXPECT_EQ(list(), "# ours\nos:/os/os~2\ndefault:/os/os~2\n");
  EXPECT_EQ(trees(), (Names{"os", "os~2"}));
  ASSERT_TRUE(keep([](Keeper& k) { return k.rollback("os"); }));
  EXPECT_EQ(list(), "# ours\nos:/os/os\ndefault:/os/os\n");
  ASSERT_TRUE(keep([](Keeper& k) { return k.rollback("os"); }));
  EXPECT_EQ(list(), "# ours\nos:/os/os~2\ndefault:/os/os~2\n");
  // One tree to go back to is kept, no more.
  ASSERT_TRUE(replace("os", "three"));
  EXPECT_EQ(list(), "# ours\nos:/os/os~3\ndefault:/os/os~3\n");
  EXPECT_EQ(trees(), (Names{"os~2", "os~3"}));
  expect_tidy();
}

// Programs of a 32-bit tree ask uname(2) what they run on; those of the next one are others.
TEST_F(KeeperTest, ThePersonalityGoesWithTheTree) {
  std::fstream shell(top + "/source/two/bin/sh", std::ios::in | std::ios::out | std::ios::binary);
  shell.seekp(offsetof(Elf64_Ehdr, e_machine)).put(static_cast<char>(EM_386));
  shell.close();
  ASSERT_EQ(std::system(("tar -C " + top + "/source/two -cf " + archive("two") + " .").c_str()), 0);
  ASSERT_TRUE(add("os", "one", "groups=0"));
  write_text(node.allowlist_file, list() + "alias:/os/os:groups=0\n");
  const auto replaced = replace("os", "two");
  ASSERT_TRUE(replaced) << replaced.error().what;
  ASSERT_EQ(replaced->machine, "i386");
  EXPECT_EQ(list(), "# ours\nos:/os/os~2:groups=0,persona=linux32\n"
                    "alias:/os/os~2:groups=0,persona=linux32\n");
  ASSERT_TRUE(keep([](Keeper& k) { return k.rollback("os"); }));
  EXPECT_EQ(list(), "# ours\nos:/os/os:groups=0\nalias:/os/os:groups=0\n");
  ASSERT_TRUE(keep([](Keeper& k) { return k.rollback("os"); }));
  ASSERT_TRUE(replace("os", "three"));
  EXPECT_EQ(list(), "# ours\nos:/os/os~3:groups=0\nalias:/os/os~3:groups=0\n");
  // What somebody wants of a 64-bit tree stays.
  write_text(node.allowlist_file, "os:/os/os~3:persona=linux32\n");
  ASSERT_TRUE(replace("os", "one"));
  EXPECT_EQ(list(), "os:/os/os~4:persona=linux32\n");
}

TEST_F(KeeperTest, KeepsTheTreeBeforeNotOneThatWasGivenUp) {
  ASSERT_TRUE(add("os", "one"));
  ASSERT_TRUE(replace("os", "two"));
  ASSERT_TRUE(replace("os", "three"));
  ASSERT_TRUE(keep([](Keeper& k) { return k.rollback("os"); }));
  ASSERT_TRUE(replace("os", "one"));
  EXPECT_EQ(trees(), (Names{"os~2", "os~4"}));
  ASSERT_TRUE(keep([](Keeper& k) { return k.rollback("os"); }));
  EXPECT_EQ(list(), "# ours\nos:/os/os~2\n");
  expect_tidy();
}

// It stays as long as somebody is in it.
TEST_F(KeeperTest, GoesBackToTheTreeBeforeNotToOneThatWasGivenUp) {
  ASSERT_TRUE(add("os", "one"));
  ASSERT_TRUE(replace("os", "two"));
  const auto rollback = [&] { return keep([](Keeper& k) { return k.rollback("os"); }); };
  ASSERT_TRUE(rollback());
  node.kernel = KernelLink(top + "/kernel");
  set_kernel_file("usage", "1 1 os /os/os~2\n");
  ASSERT_TRUE(replace("os", "three"));
  EXPECT_EQ(trees(), (Names{"os", "os~2", "os~3"}));
  for (const char* path : {"/os/os", "/os/os~3", "/os/os"}) {
    ASSERT_TRUE(rollback());
    EXPECT_EQ(list(), "# ours\nos:" + std::string(path) + "\n");
  }
}

TEST_F(KeeperTest, KeepsATreeThatTheListNames) {
  ASSERT_TRUE(add("os", "one"));
  ASSERT_TRUE(replace("os", "two"));
  write_text(node.allowlist_file, list() + "stable:/os/os\n");
  ASSERT_TRUE(replace("os", "three"));
  EXPECT_EQ(list(), "# ours\nos:/os/os~3\nstable:/os/os\n");
  EXPECT_EQ(trees(), (Names{"os", "os~2", "os~3"}));
  expect_tidy();
}

// While its new tree is made.
TEST_F(KeeperTest, SaysThatALineWasEditedMeanwhile) {
  ASSERT_TRUE(add("os", "one"));
  ASSERT_TRUE(add("other", "two"));
  for (const std::string edited : {"# ours\nother:/os/other\n", "os:/os/other\n",
                                   "os:/os/other\nalias:/os/os\n"}) {
    progress.at_stage = [&](const std::string& what) {
      if (what == "publishing os") write_text(node.allowlist_file, edited);
    };
    const auto replaced = replace("os", "three");
    ASSERT_FALSE(replaced) << edited;
    EXPECT_NE(replaced.error().what.find("changed by somebody else"), std::string::npos);
    EXPECT_EQ(list(), edited);
    EXPECT_EQ(trees(), (Names{"os", "other"}));
    expect_tidy();
    write_text(node.allowlist_file, "os:/os/os\nother:/os/other\n");
  }
  progress.at_stage = {};
  EXPECT_TRUE(replace("os", "three"));
}

TEST_F(KeeperTest, RollbackNeedsAnother) {
  ASSERT_TRUE(add("os", "one"));
  EXPECT_EQ(keep([](Keeper& k) { return k.rollback("os"); }).error().code, ENOENT);
  EXPECT_EQ(keep([](Keeper& k) { return k.rollback("none"); }).error().code, ENOENT);
  expect_tidy();
}

TEST_F(KeeperTest, Removes) {
  ASSERT_TRUE(add("os", "one"));
  ASSERT_TRUE(replace("os", "two"));
  ASSERT_TRUE(add("other", "one"));
  ASSERT_TRUE(remove("os"));
  EXPECT_EQ(list(), "# ours\nother:/os/other\n");
  EXPECT_EQ(trees(), Names{"other"});
  expect_tidy();
}

TEST_F(KeeperTest, DoesNotRemoveTheDefault) {
  ASSERT_TRUE(add("os", "one"));
  ASSERT_TRUE(keep([](Keeper& k) { return k.set_default("os"); }));
  EXPECT_EQ(remove("os").error().code, EBUSY);
  ASSERT_TRUE(keep([](Keeper& k) { return k.set_default("base"); }));
  EXPECT_TRUE(remove("os"));
}

TEST_F(KeeperTest, DoesNotRemoveWhatHasAnotherName) {
  ASSERT_TRUE(add("os", "one"));
  const std::string alias = list() + "alias:/os/os\n";
  write_text(node.allowlist_file, alias);
  EXPECT_EQ(remove("os").error().code, EBUSY);
  EXPECT_EQ(list(), alias);
  EXPECT_EQ(trees(), Names{"os"});
  ASSERT_TRUE(remove("alias"));
  EXPECT_EQ(list(), "# ours\nos:/os/os\n");
  EXPECT_EQ(trees(), Names{"os"});
  expect_tidy();
}

TEST_F(KeeperTest, TouchesNoFileOfAnotherName) {
  ASSERT_TRUE(add("os", "one"));
  write_text(top + "/precious", "data");
  // From TREES/.chos/journal.
  const std::string name = "../../../precious";
  ASSERT_TRUE(exists(node.config.trees + "/.chos/journal/" + name));
  EXPECT_FALSE(store().take(name));
  EXPECT_FALSE(remove(name));
  EXPECT_FALSE(replace(name, "one"));
  EXPECT_FALSE(keep([&](Keeper& k) { return k.rollback(name); }));
  EXPECT_EQ(read_text(top + "/precious"), "data");
}

TEST_F(KeeperTest, LeavesATreeThatIsNotItsOwn) {
  make_usable_tree(node.config.trees + "/mine", "mine");
  write_text(node.allowlist_file, "mine:/os/mine\n");
  ASSERT_TRUE(remove("mine"));
  EXPECT_EQ(list(), "");
  EXPECT_EQ(trees(), Names{"mine"});
  ASSERT_EQ(progress.notes.size(), 1U);
  // Taken in where it is, it is as little chosctl's to delete.
  const auto dir = parse_source("dir:" + node.config.trees + "/mine");
  ASSERT_TRUE(keep([&](Keeper& k) { return k.add("mine", *dir, {}, ""); }));
  EXPECT_EQ(list(), "mine:/os/mine\n");
  ASSERT_TRUE(remove("mine"));
  EXPECT_EQ(trees(), Names{"mine"});
}

TEST_F(KeeperTest, BindsADirectoryElsewhere) {
  const auto dir = parse_source("dir:" + top + "/source/one");
  const auto record = keep([&](Keeper& k) { return k.add("far", *dir, {}, ""); });
  ASSERT_TRUE(record) << record.error().what;
  EXPECT_TRUE(mounted(node.config.trees + "/far"));
  EXPECT_TRUE(exists(node.config.trees + "/far/bin/sh"));
  ASSERT_TRUE(remove("far"));
  EXPECT_FALSE(mounted(node.config.trees + "/far"));
  EXPECT_EQ(trees(), Names{});
  EXPECT_TRUE(exists(top + "/source/one/bin/sh"));
}

// As an export with root_squash shows it.
TEST_F(KeeperTest, ADirectoryWithWhatNobodyMayRead) {
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
    const auto record = keep([&](Keeper& k) { return k.add("far", *dir, {}, ""); });
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
    EXPECT_EQ(differences(*record), (Names{"/etc/os-release: content",
                                           "/root: mode 0000, was 0700"}));
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

TEST_F(KeeperTest, OtherNodesReadTheRecordsOfAnExport) {
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
  // A store of before.
  ASSERT_EQ(::chmod((own + "/os/one~1.manifest").c_str(), 0644), 0);
  for (const char* part : {"/os", ""}) ASSERT_EQ(::chmod((own + part).c_str(), 0700), 0);
  ASSERT_TRUE(store().prepare());
  expect_modes();
  ASSERT_EQ(std::system(("chown -R 65534 " + own).c_str()), 0);
  const Squashed squashed;
  ASSERT_TRUE(store().records());
  EXPECT_EQ(store().records()->size(), 1U);
}

TEST_F(KeeperTest, AStoreThatCannotBeReadKeepsNobodyFromOtherTrees) {
  node.kernel = KernelLink(top + "/kernel");
  module.is_loaded = true;
  make_tree("byhand");
  make_tree("none");
  write_text(node.allowlist_file, "byhand:/os/byhand\n");
  ASSERT_TRUE(store().prepare());
  const std::string own = node.config.trees + "/.chos";
  ASSERT_EQ(::chown(own.c_str(), 65534, 65534), 0);
  ASSERT_EQ(::chmod(own.c_str(), 0700), 0);
  know_store(node);
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

// A child watches; what it does is seen in the kernel's list.
class LateTree : public KeeperTest {
 protected:
  pid_t child = -1;
  int stop[2]{-1, -1};

  void SetUp() override {
    KeeperTest::SetUp();
    if (IsSkipped()) return;
    node.kernel = KernelLink(top + "/kernel");
    module.is_loaded = true;
    write_text(node.allowlist_file, "");
  }
  void TearDown() override {
    if (child > 0) {
      ::close(stop[1]);
      ::kill(child, SIGKILL);
      ::waitpid(child, nullptr, 0);
    }
    KeeperTest::TearDown();
  }
  void add_far(const std::string& place) {
    const auto dir = parse_source("dir:" + place);
    ASSERT_TRUE(dir) << dir.error().what;
    const auto added = keep([&](Keeper& k) { return k.add("far", *dir, {}, ""); });
    ASSERT_TRUE(added) << added.error().what;
    ASSERT_EQ(::umount2((node.config.trees + "/far").c_str(), MNT_DETACH), 0);
  }
  void start() {
    know_store(node);
    ASSERT_TRUE(bring_up(node, log)) << joined(log.failures);
    EXPECT_EQ(valid(), "far:/os/far:closed\n");
    ASSERT_EQ(::pipe(stop), 0);
    child = ::fork();
    if (child == 0) {
      ::close(stop[1]);
      const auto same = [] { return std::optional<Config>(); };
      ::_exit(static_cast<int>(watch_trees(node, same, stop[0], log, std::chrono::milliseconds(700))));
    }
    ::close(stop[0]);
    ::poll(nullptr, 0, 500);
    EXPECT_EQ(valid(), "far:/os/far:closed\n");
  }
  std::string valid() const { return read_text(top + "/kernel/valid"); }
  // The stand-in for the kernel's file is not shortened by a write.
  bool opens(int seconds) {
    for (int i = 0; i < seconds * 10 && !valid().starts_with("far:/os/far\n"); ++i)
      ::poll(nullptr, 0, 100);
    return valid().starts_with("far:/os/far\n") && exists(node.config.farm + "/os/far/bin/sh");
  }
};

TEST_F(LateTree, OfADirectoryOnWhatIsMountedLate) {
  const std::string server = top + "/server", net = top + "/net";
  make_usable_tree(server + "/sl7", "sl7");
  make_directories(net);
  ASSERT_EQ(::mount(server.c_str(), net.c_str(), nullptr, MS_BIND, nullptr), 0);
  add_far(net + "/sl7");
  ASSERT_EQ(::umount2(net.c_str(), MNT_DETACH), 0);
  start();
  ASSERT_EQ(::mount(server.c_str(), net.c_str(), nullptr, MS_BIND, nullptr), 0);
  EXPECT_TRUE(opens(10)) << valid();
}

TEST_F(LateTree, OfADirectoryThatAppearsOnWhatIsMounted) {
  const std::string place = top + "/net/sl7";
  make_usable_tree(place, "sl7");
  add_far(place);
  fs::rename(place, top + "/away");
  start();
  fs::rename(top + "/away", place);
  EXPECT_TRUE(opens(10)) << valid();
}

// An automounter that is never done stands for a server that is down.
TEST_F(LateTree, OfAServerThatDoesNotAnswer) {
  const std::string place = top + "/net/sl7";
  make_usable_tree(place, "sl7");
  add_far(place);
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  // Those of the daemon's process group do not wait for it.
  child = ::fork();
  if (child == 0) {
    ::setpgid(0, 0);
    for (;;) ::pause();
  }
  ::setpgid(child, child);
  const auto options = "fd=" + std::to_string(ends[1]) + ",pgrp=" + std::to_string(child) +
                       ",minproto=5,maxproto=5,direct";
  if (::mount("mute", place.c_str(), "autofs", 0, options.c_str()) != 0)
    GTEST_SKIP() << "the kernel has no autofs";
  const auto all = load_allowlist(node.allowlist_file, node.groups, node.trusted);
  ASSERT_TRUE(all.list);
  EXPECT_EQ(unmounted_trees(store(), *all.list).waiting, Names{"far"});
  const auto mounts = mount_trees(store(), *all.list, "list");
  ASSERT_TRUE(mounts);
  ASSERT_EQ(mounts->missing.size(), 1U);
  EXPECT_NE(mounts->missing.front().text().find("does not answer"), std::string::npos)
      << mounts->missing.front().text();
  ::umount2(place.c_str(), MNT_DETACH);
}

// What cannot be mounted stays closed, and chosctl watch goes on.
TEST_F(LateTree, OfAnImageThatIsNone) {
  TreeRecord record;
  record.name = "far";
  record.kind = TreeRecord::Kind::image;
  record.origin = "squashfs";
  ASSERT_TRUE(store().prepare());
  ASSERT_TRUE(store().write(record, ""));
  make_directories(store().tree(record));
  write_text(node.allowlist_file, "far:/os/far\n");
  know_store(node);
  const auto all = load_allowlist(node.allowlist_file, node.groups, node.trusted);
  ASSERT_TRUE(all.list);
  EXPECT_EQ(node.unmounted_trees(*all.list).waiting, Names{"far"});
  write_text(store().image(record), "no image");
  EXPECT_EQ(node.unmounted_trees(*all.list).ready, Names{"far"});
  start();
  EXPECT_EQ(::waitpid(child, nullptr, WNOHANG), 0);
}

// It would go with that OS.
TEST_F(KeeperTest, RefusesADirectoryInTheTreeOfAnOs) {
  ASSERT_TRUE(add("os", "one"));
  const auto dir = [&](const std::string& name, const std::string& path) {
    const auto source = parse_source("dir:" + path);
    return keep([&](Keeper& k) { return k.add(name, *source, {}, ""); });
  };
  ASSERT_TRUE(dir("far", top + "/source/two"));
  const std::string tree = node.config.trees + "/os";
  make_usable_tree(tree + "/inner", "inner");
  make_usable_tree(node.config.trees + "/.chos/inner", "inner");
  fs::create_directory_symlink(tree, top + "/link");
  make_directories(top + "/bound");
  ASSERT_EQ(::mount(tree.c_str(), (top + "/bound").c_str(), nullptr, MS_BIND, nullptr), 0);
  for (const auto& path : {tree, tree + "/inner", top + "/link", top + "/bound/inner",
                           node.config.trees + "/far", node.config.trees + "/.chos/inner"}) {
    const auto refused = dir("x", path);
    ASSERT_FALSE(refused) << path;
    EXPECT_EQ(refused.error().code, EINVAL) << refused.error().what;
    expect_tidy();
  }
  const auto itself = parse_source("dir:" + tree);
  EXPECT_EQ(keep([&](Keeper& k) { return k.replace("os", *itself, {}); }).error().code, EINVAL);
  expect_tidy();
  // Another OS of the same directory elsewhere, and a tree by hand among the others, are fine.
  EXPECT_TRUE(dir("again", top + "/source/two"));
  make_usable_tree(node.config.trees + "/mine", "mine");
  EXPECT_TRUE(dir("mine", node.config.trees + "/mine"));
  EXPECT_TRUE(dir("x", node.config.trees + "/mine"));
  EXPECT_EQ(::umount2((top + "/bound").c_str(), MNT_DETACH), 0);
}

// One below is seen when the one above is gone.
TEST_F(KeeperTest, UnmountsWhatIsStackedAndHidden) {
  const std::string at = top + "/stack";
  make_directories(at + "/in/ner");
  mount_tmpfs(at + "/in/ner");
  mount_tmpfs(at + "/in");
  mount_tmpfs(at + "/in");
  mount_tmpfs(at);
  mount_tmpfs(at);
  EXPECT_TRUE(unmount_below(at));
  EXPECT_TRUE(exists(at + "/in/ner"));
  EXPECT_TRUE(MountTable::read()->below(at).empty());
  EXPECT_TRUE(remove_tree(at));
}

TEST_F(KeeperTest, ABindGoesWithWhatIsMountedInIt) {
  const std::string origin = top + "/source/one";
  ASSERT_EQ(::mount("tmpfs", (origin + "/etc").c_str(), "tmpfs", 0, "mode=755"), 0);
  const auto dir = parse_source("dir:" + origin);
  const auto record = keep([&](Keeper& k) { return k.add("far", *dir, {}, ""); });
  ASSERT_TRUE(record) << record.error().what;
  ASSERT_TRUE(mounted(node.config.trees + "/far/etc"));
  const auto in_use = unmount_trees(store());
  ASSERT_TRUE(in_use) << in_use.error().what;
  EXPECT_TRUE(in_use->empty());
  EXPECT_FALSE(mounted(node.config.trees + "/far"));
  EXPECT_TRUE(mounted(origin + "/etc"));
}

TEST_F(KeeperTest, RefusesToRemoveWhileSomebodyIsInside) {
  ASSERT_TRUE(add("os", "one"));
  node.kernel = KernelLink(top + "/kernel");
  set_kernel_file("processes", "1 os\n");
  EXPECT_EQ(remove("os").error().code, EBUSY);
  EXPECT_EQ(list(), "# ours\nos:/os/os\n");
  EXPECT_EQ(trees(), Names{"os"});
  expect_tidy();
}

// As after `chosctl down --force`.
TEST_F(KeeperTest, RemovesNothingIfItIsNotKnownWhoIsInside) {
  ASSERT_TRUE(add("os", "one"));
  module.is_loaded = true;
  const auto removed = remove("os");
  ASSERT_FALSE(removed);
  EXPECT_EQ(removed.error().code, EBUSY);
  EXPECT_EQ(removed.error().remedy, "run: chosctl up");
  EXPECT_EQ(list(), "# ours\nos:/os/os\n");
  EXPECT_EQ(trees(), Names{"os"});
  ASSERT_TRUE(replace("os", "two"));
  ASSERT_TRUE(replace("os", "three"));
  EXPECT_EQ(trees(), (Names{"os", "os~2", "os~3"}));
  module.is_loaded = false;
  EXPECT_TRUE(remove("os"));
  expect_tidy();
}

// By a line for the same tree that is not there any more.
TEST_F(KeeperTest, RefusesToRemoveWhileSomebodyIsInsideByAnotherName) {
  ASSERT_TRUE(add("os", "one"));
  ASSERT_TRUE(replace("os", "two"));
  node.kernel = KernelLink(top + "/kernel");
  for (const char* path : {"/os/os", "/os/os~2"}) {
    set_kernel_file("usage", std::string("1 1 alias ") + path + "\n");
    EXPECT_EQ(remove("os").error().code, EBUSY) << path;
    EXPECT_EQ(list(), "# ours\nos:/os/os~2\n");
    EXPECT_EQ(trees(), (Names{"os", "os~2"}));
  }
  // Nor does the next run, where one that was killed has taken the line away.
  write_text(node.allowlist_file, "# ours\n");
  {
    const auto journal = store().take("os");
    ASSERT_TRUE(store().write_journal("os", {JournalEntry::What::remove, 0}));
  }
  EXPECT_TRUE(keep([](Keeper& k) { return k.recover(); }));
  EXPECT_EQ(trees(), (Names{"os", "os~2"}));
  set_kernel_file("usage", "0 1 alias /os/os~2\n1 1 alias /os/other\n");
  EXPECT_TRUE(keep([](Keeper& k) { return k.recover(); }));
  EXPECT_EQ(trees(), Names{});
  expect_tidy();
}

// Answers reads of a kernel file one after the other, the last answer for good.
std::thread answer(const std::string& file, std::vector<std::string> answers) {
  const auto put_fifo = [](const std::string& name) { return ::mkfifo(name.c_str(), 0600) == 0; };
  EXPECT_TRUE(put_fifo(file));
  return std::thread([=] {
    for (std::size_t i = 0; i < answers.size(); ++i) {
      const UniqueFd reader(::open(file.c_str(), O_WRONLY | O_CLOEXEC));  // when there is one
      // The next one finds the next answer: a FIFO of its own.
      if (i + 1 < answers.size()) EXPECT_TRUE(put_fifo(file + ".next"));
      else write_text(file + ".next", answers[i]);
      fs::rename(file + ".next", file);
      EXPECT_EQ(::write(reader.get(), answers[i].data(), answers[i].size()),
                static_cast<ssize_t>(answers[i].size()));
    }
  });
}

// fork(2) in another thread of a process that leaves: the child is in the OS a moment later.
TEST_F(KeeperTest, LooksTwiceBeforeItRemoves) {
  ASSERT_TRUE(add("os", "one"));
  node.kernel = KernelLink(top + "/kernel");
  const std::string none = "0 5 os /os/os\n", one = "1 5 os /os/os\n";
  // Two looks before the line goes from the list, two after that.
  auto kernel = answer(top + "/kernel/usage", {none, none, none, one});
  const auto removed = remove("os");
  EXPECT_EQ(removed.error().code, EBUSY);
  // A keeper that looks less often has left some unasked.
  while (read_text(top + "/kernel/usage") != one) {}
  kernel.join();
  EXPECT_EQ(list(), "# ours\nos:/os/os\n");
  EXPECT_EQ(trees(), Names{"os"});
  expect_tidy();
}

TEST_F(KeeperTest, WhatIsLeftOfOneOsKeepsNobodyFromAnother) {
  ASSERT_TRUE(add("os", "one"));
  write_text(node.allowlist_file, "# ours\n");
  {
    const auto journal = store().take("os");
    ASSERT_TRUE(store().write_journal("os", {JournalEntry::What::remove, 0}));
  }
  make_directories(node.config.trees + "/.chos/work/no~name");
  module.is_loaded = true;  // so it is not known who is in it
  EXPECT_EQ(add("os", "two").error().code, EBUSY);
  EXPECT_TRUE(add("other", "two"));
  EXPECT_NE(joined(progress.notes).find("left of 'no~name' is still there"), std::string::npos);
  EXPECT_NE(joined(progress.notes).find("left of 'os' is still there"), std::string::npos);
  EXPECT_EQ(trees(), (Names{"os", "other"}));
  // Nor may it be made anew while somebody is in the old one.
  node.kernel = KernelLink(top + "/kernel");
  set_kernel_file("usage", "1 1 os /os/os\n");
  EXPECT_EQ(add("os", "two").error().code, EBUSY);
  EXPECT_EQ(trees(), (Names{"os", "other"}));
  set_kernel_file("usage", "0 1 os /os/os\n");
  EXPECT_TRUE(add("os", "two"));
  fs::remove(node.config.trees + "/.chos/work/no~name");
  expect_tidy();
}

// It was killed with the list written, before the node went by it.
TEST_F(KeeperTest, TheNodeGoesByTheListBeforeATreeIsTakenAway) {
  ASSERT_TRUE(add("os", "one"));
  ASSERT_TRUE(add("other", "two"));
  node.kernel = KernelLink(top + "/kernel");
  module.is_loaded = true;
  ASSERT_TRUE(bring_up(node, log)) << joined(log.failures);
  const std::string valid = top + "/kernel/valid";
  ASSERT_NE(read_text(valid).find("os:/os/os\n"), std::string::npos) << read_text(valid);
  write_text(node.allowlist_file, "other:/os/other\n");
  {
    const auto journal = store().take("os");
    ASSERT_TRUE(store().write_journal("os", {JournalEntry::What::remove, 0}));
  }
  std::string seen;
  progress.at_stage = [&](const std::string& what) {
    if (what == "removing the tree os") seen = read_text(valid);
  };
  ASSERT_TRUE(keep([](Keeper& k) { return k.recover(); })) << joined(log.failures);
  EXPECT_TRUE(seen.starts_with("other:/os/other\n")) << seen;
  EXPECT_EQ(trees(), Names{"other"});
  expect_tidy();
}

TEST_F(KeeperTest, ClosesAndOpens) {
  ASSERT_TRUE(add("os", "one"));
  const auto close = [&](bool on) {
    return keep([&](Keeper& k) { return k.set_option("os", "closed", on); });
  };
  EXPECT_TRUE(*close(true));
  EXPECT_EQ(list(), "# ours\nos:/os/os:closed\n");
  EXPECT_FALSE(*close(true));
  EXPECT_TRUE(*close(false));
  EXPECT_EQ(list(), "# ours\nos:/os/os\n");
}

// As one leaves it that was killed between writing the list and putting it in force.
TEST_F(KeeperTest, WhatIsClosedInTheListIsClosedOnTheNode) {
  ASSERT_TRUE(add("os", "one"));
  node.kernel = KernelLink(top + "/kernel");
  module.is_loaded = true;
  ASSERT_TRUE(bring_up(node, log)) << joined(log.failures);
  EXPECT_EQ(read_text(top + "/kernel/valid"), "os:/os/os\n");
  write_text(node.allowlist_file, "# ours\nos:/os/os:closed\n");
  const auto closed = keep([&](Keeper& k) { return k.set_option("os", "closed", true); });
  ASSERT_TRUE(closed) << closed.error().what;
  EXPECT_FALSE(*closed) << "the list had it";
  EXPECT_EQ(read_text(top + "/kernel/valid"), "os:/os/os:closed\n");
}

TEST_F(KeeperTest, OneAtATimeForEachOs) {
  ASSERT_TRUE(add("os", "one"));
  const auto held = store().take("os");
  ASSERT_TRUE(held);
  EXPECT_EQ(replace("os", "two").error().code, EWOULDBLOCK);
  // Nothing is looked at while another may be changing it.
  EXPECT_EQ(add("os", "two").error().code, EWOULDBLOCK);
  write_text(node.allowlist_file, "# ours\n");
  EXPECT_EQ(replace("os", "two").error().code, EWOULDBLOCK);
  EXPECT_TRUE(add("other", "two"));
}

TEST_F(KeeperTest, NeverEmptiesWhatIsMountedInATree) {
  ASSERT_TRUE(add("os", "one"));
  const std::string inside = node.config.trees + "/os/etc";
  make_directories(top + "/precious");
  write_text(top + "/precious/data", "data");
  ASSERT_EQ(::mount((top + "/precious").c_str(), inside.c_str(), nullptr, MS_BIND, nullptr), 0);
  ASSERT_TRUE(remove("os"));
  EXPECT_EQ(read_text(top + "/precious/data"), "data");
}

class KeeperKilled : public ChosctlProgram {
 protected:
  std::mt19937 random{std::random_device{}()};

  // Kills it after a part of the time that it takes.
  void kill_within(const std::vector<std::string>& words, std::chrono::microseconds whole) {
    const pid_t child = start(words);
    std::uniform_int_distribution<long> moment(0, static_cast<long>(whole.count()));
    ::usleep(static_cast<useconds_t>(moment(random)));
    ::kill(child, SIGKILL);
    finish(child);
  }
  std::chrono::microseconds time_of(const std::vector<std::string>& words) {
    const auto began = std::chrono::steady_clock::now();
    EXPECT_EQ(run(words), 0) << read_text(top + "/out");
    return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() -
                                                                 began);
  }
  // Every OS of the list has the tree that its record tells of.
  void expect_whole() {
    const auto all = list_oses(node, store());
    ASSERT_TRUE(all) << all.error().what;
    for (const auto& info : *all) {
      ASSERT_TRUE(info.record) << info.entry.name << "\n" << list();
      EXPECT_TRUE(info.tree_present) << info.entry.name;
      const auto differences = verify_os(store(), *info.record, progress);
      ASSERT_TRUE(differences) << differences.error().what;
      EXPECT_TRUE(differences->empty()) << joined(*differences);
    }
  }
};

constexpr int kills = 50;

TEST_F(KeeperKilled, Add) {
  const Names add_it{"add", "x", "tar:" + archive("one")};
  const auto whole = time_of(add_it);
  ASSERT_EQ(run({"remove", "x"}), 0);
  int committed = 0;
  for (int i = 0; i < kills; ++i) {
    kill_within(add_it, whole);
    expect_whole();
    const bool listed = list().find("x:/os/x") != std::string::npos;
    committed += listed;
    if (!listed) {
      ASSERT_EQ(run(add_it), 0) << read_text(top + "/out");
    }
    ASSERT_EQ(run({"remove", "x"}), 0) << read_text(top + "/out");
    EXPECT_EQ(trees(), Names{});
    expect_tidy();
    if (HasFailure()) return;
  }
  EXPECT_LT(committed, kills);
}

TEST_F(KeeperKilled, Replace) {
  ASSERT_EQ(run({"add", "x", "tar:" + archive("one")}), 0);
  const Names replace_it{"replace", "x", "tar:" + archive("two")};
  const auto whole = time_of(replace_it);
  for (int i = 0; i < kills; ++i) {
    kill_within(replace_it, whole);
    expect_whole();
    ASSERT_EQ(run(replace_it), 0) << read_text(top + "/out");
    EXPECT_EQ(trees().size(), 2U);
    expect_tidy();
    if (HasFailure()) return;
  }
}

TEST_F(KeeperKilled, Remove) {
  const Names add_it{"add", "x", "tar:" + archive("one")};
  ASSERT_EQ(run(add_it), 0);
  const auto whole = time_of({"remove", "x"});
  int undone = 0;
  for (int i = 0; i < kills; ++i) {
    ASSERT_EQ(run(add_it), 0) << read_text(top + "/out");
    kill_within({"remove", "x"}, whole);
    expect_whole();
    if (list().find("x:/os/x") != std::string::npos) {
      ++undone;
      ASSERT_EQ(run({"remove", "x"}), 0) << read_text(top + "/out");
    } else {
      // What comes next takes the rest away.
      ASSERT_EQ(run({"default", "base"}), 0) << read_text(top + "/out");
    }
    EXPECT_EQ(trees(), Names{});
    expect_tidy();
    if (HasFailure()) return;
  }
  EXPECT_LT(undone, kills);
}

}  // namespace
}  // namespace chos::test
