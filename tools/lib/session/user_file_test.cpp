// SPDX-License-Identifier: BSD-3-Clause
#include "session/user_file.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "basic/files.h"
#include "scratch.h"

namespace chos::test {
namespace {

using State = UserFile::State;

class UserFiles : public Scratch {};

TEST_F(UserFiles, HoldsAName) {
  for (const char* text : {"trixie\n", "trixie", "trixie\r\n", "  trixie \t\n\n",
                           "\xef\xbb\xbf"
                           "trixie\r\n",
                           "\n\ntrixie\n"}) {
    write("chos", text);
    const auto file = read_user_file(path("chos"));
    EXPECT_EQ(file.state, State::chosen) << text << file.reason;
    EXPECT_EQ(file.name, "trixie");
  }
  write("chos", "/os/trixie\n");
  EXPECT_EQ(read_user_file(path("chos")).name, "/os/trixie");
  ASSERT_EQ(::symlink(path("chos").c_str(), path("link").c_str()), 0);
  EXPECT_EQ(read_user_file(path("link")).name, "/os/trixie");
}

TEST_F(UserFiles, AbsentOrEmpty) {
  EXPECT_EQ(read_user_file(path("none")).state, State::absent);
  EXPECT_EQ(read_user_file(path("none/.chos")).state, State::absent);
  write("file", "");
  EXPECT_EQ(read_user_file(path("file")).state, State::empty);
  EXPECT_EQ(read_user_file(path("file/.chos")).state, State::absent);
  write("file", " \r\n\n");
  EXPECT_EQ(read_user_file(path("file")).state, State::empty);
  EXPECT_EQ(read_user_file("/dev/null").state, State::unusable);
}

TEST_F(UserFiles, NeverWaits) {
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  const auto fifo = read_user_file(path("fifo"));
  EXPECT_EQ(fifo.state, State::unusable);
  EXPECT_NE(fifo.reason.find("is a FIFO"), std::string::npos) << fifo.reason;

  ASSERT_EQ(::mkdir(path("dir").c_str(), 0700), 0);
  EXPECT_NE(read_user_file(path("dir")).reason.find("is a directory"), std::string::npos);

  ASSERT_EQ(::symlink("/dev/zero", path("zero").c_str()), 0);
  EXPECT_NE(read_user_file(path("zero")).reason.find("is a character device"), std::string::npos);

  ASSERT_EQ(::symlink("nowhere", path("dangling").c_str()), 0);
  EXPECT_NE(read_user_file(path("dangling")).reason.find("leads nowhere"), std::string::npos);

  ASSERT_EQ(::symlink("loop", path("loop").c_str()), 0);
  EXPECT_EQ(read_user_file(path("loop")).state, State::unusable);

  const UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM, 0));
  struct sockaddr_un address {};
  address.sun_family = AF_UNIX;
  path("socket").copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  EXPECT_NE(read_user_file(path("socket")).reason.find("is a socket"), std::string::npos);
}

TEST_F(UserFiles, OfAGigabyte) {
  write("big", "");
  ASSERT_EQ(::truncate(path("big").c_str(), 1024L * 1024 * 1024), 0);
  const auto big = read_user_file(path("big"));
  EXPECT_EQ(big.state, State::unusable);
  EXPECT_NE(big.reason.find("1073741824 bytes"), std::string::npos) << big.reason;
  // A file whose size says nothing.
  EXPECT_EQ(read_user_file("/proc/self/mountinfo").state, State::unusable);
}

TEST_F(UserFiles, Limits) {
  write("chos", std::string(255, 'x'));
  EXPECT_EQ(read_user_file(path("chos")).state, State::chosen);
  write("chos", std::string(256, 'x'));
  EXPECT_EQ(read_user_file(path("chos")).state, State::unusable);
  for (const char* text : {"trixie\nsl6\n", "tri\x01xie\n", "a\tb\n"}) {
    write("chos", text);
    EXPECT_EQ(read_user_file(path("chos")).state, State::unusable) << text;
  }
  write("chos", std::string("tri\0xie\n", 8));
  EXPECT_EQ(read_user_file(path("chos")).state, State::unusable);
}

TEST_F(UserFiles, WithoutRights) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
  write("chos", "trixie\n");
  ASSERT_EQ(::chmod(path("chos").c_str(), 0), 0);
  EXPECT_EQ(read_user_file(path("chos")).state, State::unusable);
}

TEST_F(UserFiles, IsReplacedAtOnce) {
  ASSERT_TRUE(write_user_file(path(".chos"), "trixie"));
  EXPECT_EQ(read(".chos"), "trixie\n");
  const UniqueFd old(::open(path(".chos").c_str(), O_RDONLY));
  ASSERT_TRUE(write_user_file(path(".chos"), "sl6"));
  EXPECT_EQ(read(".chos"), "sl6\n");
  EXPECT_EQ(*read_all(old.get(), 100, "old"), "trixie\n");
  EXPECT_EQ(mode_of(".chos") & 0777, 0644u & ~current_umask());
  EXPECT_EQ(names().size(), 1u);  // nothing left beside it

  // A link is replaced, not followed.
  write("target", "mine\n");
  ASSERT_EQ(::symlink("target", path("link").c_str()), 0);
  ASSERT_TRUE(write_user_file(path("link"), "sl6"));
  EXPECT_EQ(read("target"), "mine\n");

  ASSERT_EQ(::mkdir(path("dir").c_str(), 0700), 0);
  EXPECT_FALSE(write_user_file(path("dir"), "sl6"));
  EXPECT_FALSE(write_user_file(path("none/.chos"), "sl6"));
  EXPECT_EQ(names().size(), 4u);
}

}  // namespace
}  // namespace chos::test
