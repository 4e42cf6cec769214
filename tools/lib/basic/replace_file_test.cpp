// SPDX-License-Identifier: BSD-3-Clause
#include "basic/replace_file.h"

#include <fcntl.h>

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
