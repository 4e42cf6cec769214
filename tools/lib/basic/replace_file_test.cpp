// SPDX-License-Identifier: BSD-3-Clause
#include "basic/replace_file.h"

#include <fcntl.h>
#include <sys/xattr.h>

#include <cerrno>

#include "scratch.h"

namespace chos::test {
namespace {

class ReplaceFile : public Scratch {};

TEST_F(ReplaceFile, PutsANewOneInItsPlace) {
  write("conf", "old");
  ASSERT_EQ(::chmod(path("conf").c_str(), 0640), 0);
  const auto directory_fd = open_guarded(directory(), ::geteuid());
  ASSERT_TRUE(directory_fd);
  const UniqueFd old(::open(path("conf").c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE(replace_in(directory_fd->get(), "conf", "new", old.get(), path("conf")));
  EXPECT_EQ(read("conf"), "new");
  EXPECT_EQ(mode_of("conf") & 07777, 0640u);
  EXPECT_EQ(*read_all(old.get(), 100, "old"), "old");
  ASSERT_TRUE(replace_in(directory_fd->get(), "fresh", "new", -1, path("fresh")));
  EXPECT_EQ(mode_of("fresh") & 07777, 0644u);
  EXPECT_EQ(names().size(), 2u) << "something is left beside them";
}

TEST_F(ReplaceFile, ALinkStaysALink) {
  for (const char* name : {"etc", "real"}) ASSERT_EQ(::mkdir(path(name).c_str(), 0755), 0);
  write("real/conf", "old");
  ASSERT_EQ(::chmod(path("real/conf").c_str(), 0640), 0);
  const bool has_attributes = ::setxattr(path("real/conf").c_str(), "user.x", "1", 1, 0) == 0;
  ASSERT_EQ(::symlink("../real/conf", path("etc/conf").c_str()), 0);
  ASSERT_EQ(::symlink((path("etc/conf")).c_str(), path("etc/other").c_str()), 0);
  for (const std::string text : {"one", "two"}) {
    const auto status = replace_file(path(text == "one" ? "etc/conf" : "etc/other"), text, ::geteuid());
    ASSERT_TRUE(status) << status.error().what;
    EXPECT_EQ(read_link(AT_FDCWD, path("etc/conf")), "../real/conf");
    EXPECT_TRUE(S_ISREG(mode_of("real/conf")));
    EXPECT_EQ(read("real/conf"), text);
    EXPECT_EQ(mode_of("real/conf") & 07777, 0640u);
    char value = 0;
    EXPECT_EQ(::getxattr(path("real/conf").c_str(), "user.x", &value, 1), has_attributes ? 1 : -1);
  }
  EXPECT_EQ(names_in(path("etc"))->size(), 2u);
  EXPECT_EQ(names_in(path("real"))->size(), 1u);
  // Where others can write, any file could be there by then.
  ASSERT_EQ(::chmod(path("real").c_str(), 0777), 0);
  EXPECT_EQ(replace_file(path("etc/conf"), "three", ::geteuid()).error().code, EPERM);
  EXPECT_EQ(read("real/conf"), "two");
}

TEST_F(ReplaceFile, ALinkThatLeadsNowhereIsRefused) {
  ASSERT_EQ(::symlink("gone", path("conf").c_str()), 0);
  EXPECT_EQ(replace_file(path("conf"), "x", ::geteuid()).error().code, ENOENT);
  ASSERT_EQ(::symlink("round", path("round").c_str()), 0);
  EXPECT_EQ(replace_file(path("round"), "x", ::geteuid()).error().code, ELOOP);
  EXPECT_EQ(read_link(AT_FDCWD, path("conf")), "gone");
  ASSERT_TRUE(replace_file(path("fresh"), "x", ::geteuid()));
  EXPECT_EQ(read("fresh"), "x");
}

TEST_F(ReplaceFile, OnlyInADirectoryOfTheTrusted) {
  EXPECT_EQ(open_guarded(directory(), ::geteuid() + 1).error().code, EPERM);
  ASSERT_EQ(::chmod(directory().c_str(), 0777), 0);
  EXPECT_EQ(open_guarded(directory(), ::geteuid()).error().code, EPERM);
}

TEST_F(ReplaceFile, LinksTooAndWhatIsAboveThem) {
  const std::string link = path("a/b/link");
  ASSERT_TRUE(replace_link(link, "one"));
  EXPECT_EQ(read_link(AT_FDCWD, link), "one");
  EXPECT_EQ(mode_of("a/b") & 07777, 0755u);
  ASSERT_TRUE(replace_link(link, "two"));
  EXPECT_EQ(read_link(AT_FDCWD, link), "two");
  EXPECT_EQ(names_in(path("a/b"))->size(), 1u);
  write("file", "");
  EXPECT_FALSE(replace_link(path("file/link"), "x"));
}

}  // namespace
}  // namespace chos::test
