// SPDX-License-Identifier: BSD-3-Clause
// A user with a home directory, an allowlist, a module made of plain files, and a log to read.
#pragma once

#include <grp.h>

#include "log_socket.h"
#include "pam/options.h"
#include "process_state.h"
#include "scratch.h"
#include "session/environment.h"

namespace chos::test {

inline bool is_root() { return ::geteuid() == 0; }

/// If root runs the tests, the user is another uid that no passwd file has; otherwise it is the user who runs
/// them.
class LoginFixture : public Scratch {
 protected:
  static constexpr uid_t stranger = 54321;
  static constexpr gid_t strange_group = 54322;

  void SetUp() override {
    Scratch::SetUp();
    cwd_ = std::filesystem::current_path();
    ASSERT_EQ(::chmod(directory().c_str(), 0755), 0);  // the user has to get there
    account_ = {"anna", path("home"), "/bin/sh", is_root() ? stranger : ::getuid(),
                is_root() ? stranger : ::getgid()};
    gids_ = is_root() ? std::vector<gid_t>{stranger, strange_group} : own_gids();
    ASSERT_EQ(::mkdir(account_.home.c_str(), 0700), 0);
    ASSERT_EQ(::mkdir(path("proc").c_str(), 0755), 0);
    give("home");
    write("proc/setchos", "/");
    ASSERT_EQ(::chmod(path("proc/setchos").c_str(), 0666), 0);
    allow("trixie:/os/trixie\nsl6:/os/sl6\n");
    options_.min_uid = 0;
    options_.proc = path("proc");
    options_.allowlist = path("chos");
    log_.listen(path("log"));
  }
  void TearDown() override {
    std::filesystem::current_path(cwd_);
    Scratch::TearDown();
  }

  static std::vector<gid_t> own_gids() {
    std::vector<gid_t> gids(static_cast<std::size_t>(::getgroups(0, nullptr)));
    gids.resize(static_cast<std::size_t>(::getgroups(static_cast<int>(gids.size()), gids.data())));
    gids.push_back(::getegid());
    return gids;
  }

  /// Gives a file to the user.
  void give(const std::string& name) {
    if (is_root()) {
      ASSERT_EQ(::lchown(path(name).c_str(), account_.uid, account_.gid), 0);
    }
  }
  void choose(const std::string& text) {
    std::filesystem::remove_all(path("home/.chos"));
    write("home/.chos", text);
    give("home/.chos");
  }
  void allow(const std::string& text) {
    write("chos", text);
    ASSERT_EQ(::chmod(path("chos").c_str(), 0644), 0);
  }
  /// What was last written to the module.
  std::string os() const { return read("proc/setchos"); }

  /// The lines in the log since the last call.
  std::vector<std::string> log() const { return log_.lines(); }

  Account account_;
  std::vector<gid_t> gids_;
  pam::Options options_;

 private:
  std::filesystem::path cwd_;
  LogSocket log_;
};

#define CHOS_NEEDS_ROOT() \
  if (!is_root()) GTEST_SKIP() << "needs root: it takes the rights of another user"

}  // namespace chos::test
