// SPDX-License-Identifier: BSD-3-Clause
#include "build/pack.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <functional>

#include "basic/program_search.h"
#include "scratch.h"

namespace chos::test {
namespace {

namespace fs = std::filesystem;

class Between : public WorkProgress {
 public:
  std::function<void()> at_stage;

  void stage(const std::string&) override {
    if (at_stage) at_stage();
  }
  bool tick(const std::string&) override { return true; }
  void note(const std::string& text) override { ADD_FAILURE() << text; }
};

class Pack : public Scratch {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "packing needs root";
    if (find_program("mksquashfs").empty()) GTEST_SKIP() << "needs mksquashfs";
    Scratch::SetUp();
    fs::create_directories(path("tree/etc"));
    write("tree/etc/file", "content");
    fs::create_directory(path("user"));
    ASSERT_EQ(::chown(path("user").c_str(), 1000, 1000), 0);
    write("precious", "precious");
    write("log", "precious");
  }

  Status pack(const std::string& file) { return pack_tree(path("tree"), file, "squashfs", progress); }
  bool is_image(const std::string& name) const { return read(name).starts_with("hsqs"); }
  std::size_t files_of(const std::string& name) const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(path(name)), {}));
  }

  Between progress;
};

// The owner of the directory moves what packing makes there, and puts links to root's files in its place.
TEST_F(Pack, AUserWhoOwnsTheDirectoryTurnsItNowhere) {
  fs::create_directory(path("user/evil"));
  fs::create_symlink(path("precious"), path("user/evil/image"));
  progress.at_stage = [&] {
    for (const auto& name : {"directory", "log"}) {
      const bool is_log = name == std::string("log");
      for (const auto& entry : fs::directory_iterator(path("user"))) {
        const auto& made = entry.path();
        if (!made.filename().string().starts_with("out.") || (made.extension() == ".log") != is_log) continue;
        fs::rename(made, path("user/moved-") + name);
        if (is_log) fs::create_hard_link(path("log"), made);
        else fs::create_symlink("evil", made);
        break;
      }
    }
  };
  const auto status = pack(path("user/out"));
  ASSERT_TRUE(status) << status.error().what;
  ASSERT_TRUE(fs::exists(path("user/moved-directory")) && fs::exists(path("user/moved-log")));
  EXPECT_FALSE(is_image("precious"));
  EXPECT_EQ(read("log"), "precious");
  EXPECT_TRUE(is_image("user/out"));
}

TEST_F(Pack, AFileMadeMeanwhileStays) {
  progress.at_stage = [&] { fs::create_symlink(path("precious"), path("user/out")); };
  const auto status = pack(path("user/out"));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, EEXIST);
  EXPECT_EQ(read("precious"), "precious");
  EXPECT_TRUE(fs::is_symlink(path("user/out")));
}

// The file is made in the directory that the path led to in the beginning.
TEST_F(Pack, TheDirectoryIsFoundOnce) {
  fs::create_directories(path("first"));
  fs::create_directories(path("second"));
  fs::create_directory_symlink("first", path("way"));
  progress.at_stage = [&] {
    fs::remove(path("way"));
    fs::create_directory_symlink("second", path("way"));
  };
  const auto status = pack(path("way/out"));
  ASSERT_TRUE(status) << status.error().what;
  EXPECT_TRUE(is_image("first/out"));
  EXPECT_EQ(files_of("first"), 1u);
  EXPECT_EQ(files_of("second"), 0u);
}

TEST_F(Pack, LeavesTheImageOnly) {
  ASSERT_EQ(::chmod(path("user").c_str(), 01777), 0);
  const auto status = pack(path("user/out"));
  ASSERT_TRUE(status) << status.error().what;
  EXPECT_EQ(files_of("user"), 1u);
  EXPECT_EQ(mode_of("user/out") & 07777, 0644 & ~current_umask());
  for (const std::string file : {"user/out", "user", "user/", "user/."}) {
    const auto again = pack(path(file));
    ASSERT_FALSE(again) << file;
    EXPECT_EQ(again.error().code, EEXIST) << file;
  }
  const auto nowhere = pack(path("nowhere/out"));
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().code, ENOENT);
}

TEST_F(Pack, TakesARelativePath) {
  const auto before = fs::current_path();
  fs::current_path(path("user"));
  const auto status = pack("out");
  fs::current_path(before);
  ASSERT_TRUE(status) << status.error().what;
  EXPECT_TRUE(is_image("user/out"));
}

}  // namespace
}  // namespace chos::test
