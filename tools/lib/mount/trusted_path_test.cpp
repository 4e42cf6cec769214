// SPDX-License-Identifier: BSD-3-Clause
#include "mount/trusted_path.h"

#include <sys/xattr.h>

#include <cerrno>
#include <cstdint>
#include <filesystem>

#include "fake_node.h"

namespace chos::test {
namespace {

class TrustedPath : public FakeNode {
 protected:
  void SetUp() override {
    FakeNode::SetUp();
    if (!IsSkipped()) make_directories(top + "/a/b/tree");
  }
  std::string at(const std::string& path) const { return top + "/a" + path; }
  int code(const std::string& path) const {
    const auto opened = open_trusted_path(path);
    return opened ? 0 : opened.error().code;
  }
};

TEST_F(TrustedPath, OpensWhatOnlyRootCanReplace) {
  const auto opened = open_trusted_path(at("/b/tree"));
  ASSERT_TRUE(opened) << opened.error().what;
  EXPECT_TRUE(same_file(opened->get(), at("/b/tree")));
  EXPECT_EQ(code("/"), 0);
  EXPECT_EQ(code(at("/none/tree")), ENOENT);
  EXPECT_EQ(code("relative"), EINVAL);
  // The tree's own root is judged by others.
  ASSERT_EQ(::chown(at("/b/tree").c_str(), 1000, 1000), 0);
  EXPECT_EQ(code(at("/b/tree")), 0);
}

TEST_F(TrustedPath, RefusesWhatOthersMayWriteIn) {
  struct Case {
    uid_t uid;
    gid_t gid;
    mode_t mode;
    int code;
  };
  for (const auto& [uid, gid, mode, expected] :
       {Case{1000, 0, 0755, EPERM}, Case{1000, 0, 0555, EPERM}, Case{0, 0, 0757, EPERM},
        Case{0, 0, 01777, EPERM}, Case{0, 1000, 0775, EPERM}, Case{0, 0, 0775, 0}, Case{0, 1000, 0755, 0},
        Case{0, 0, 0700, 0}}) {
    for (const char* directory : {"", "/b"}) {
      ASSERT_EQ(::chown(at(directory).c_str(), uid, gid), 0);
      ASSERT_EQ(::chmod(at(directory).c_str(), mode), 0);
      EXPECT_EQ(code(at("/b/tree")), expected) << directory << " " << uid << " " << gid << " " << mode;
      ASSERT_EQ(::chown(at(directory).c_str(), 0, 0), 0);
      ASSERT_EQ(::chmod(at(directory).c_str(), 0755), 0);
    }
  }
  ASSERT_EQ(::chown(at("/b").c_str(), 1000, 0), 0);
  EXPECT_EQ(open_trusted_path(at("/b/tree")).error().what,
            "the user 1000 may write in '" + at("/b") + "', and so put something else in the place of '" +
                at("/b/tree") + "'");
}

// Root pastes it into a shell, and a user may have chosen the name.
TEST_F(TrustedPath, ARemedyIsACommandForAnyName) {
  const std::string directory = at("/b c;touch it's");
  std::filesystem::create_directories(directory + "/tree");
  ASSERT_EQ(::chown(directory.c_str(), 1000, 0), 0);
  const auto opened = open_trusted_path(directory + "/tree");
  ASSERT_FALSE(opened);
  const std::string word = "'" + at("/b c;touch it'\\''s'");
  EXPECT_EQ(opened.error().remedy, "chown root " + word + " && chmod go-w " + word + ", or move the tree");
}

TEST_F(TrustedPath, ChecksTheDirectoriesOfLinks) {
  make_directories(top + "/user");
  make_directories(top + "/user/tree");
  ASSERT_EQ(::symlink("b", at("/inside").c_str()), 0);
  ASSERT_EQ(::symlink((top + "/user").c_str(), at("/outside").c_str()), 0);
  ASSERT_EQ(::symlink("../user/../a/b", at("/around").c_str()), 0);
  ASSERT_EQ(::symlink("loop", at("/loop").c_str()), 0);
  for (const char* link : {"/inside", "/outside", "/around"}) EXPECT_EQ(code(at(link) + "/tree"), 0) << link;
  EXPECT_EQ(code(at("/loop")), ELOOP);
  ASSERT_EQ(::chown((top + "/user").c_str(), 1000, 1000), 0);
  EXPECT_EQ(code(at("/inside") + "/tree"), 0);
  EXPECT_EQ(code(at("/outside") + "/tree"), EPERM);
  EXPECT_EQ(code(at("/around") + "/tree"), EPERM) << "the user could make it a link";
}

TEST_F(TrustedPath, RefusesAnAclThatLetsOthersWrite) {
  // Version 2; then tag, permissions and id of: owner rwx, user 1000 rwx, group r-x, mask rwx, others r-x.
  const struct {
    std::uint32_t version = 2;
    struct {
      std::uint16_t tag, permissions;
      std::uint32_t id;
    } entries[5] = {{1, 7, ~0U}, {2, 7, 1000}, {4, 5, ~0U}, {16, 7, ~0U}, {32, 5, ~0U}};
  } acl;
  if (::setxattr(at("/b").c_str(), "system.posix_acl_access", &acl, sizeof acl, 0) != 0)
    GTEST_SKIP() << "this tmpfs has no ACLs";
  EXPECT_EQ(code(at("/b/tree")), EPERM);
}

}  // namespace
}  // namespace chos::test
