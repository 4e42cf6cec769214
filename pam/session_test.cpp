// SPDX-License-Identifier: BSD-3-Clause
// The choice of a login and the checks before the move, with a module made of plain files.
#include <sys/resource.h>

#include <cerrno>
#include <chrono>

#include "pam/session_fixture.h"

namespace chos::test {
namespace {

TEST_F(PamSession, MovesIntoTheUsersOs) {
  choose("trixie\n");
  const Outcome outcome = open();
  EXPECT_EQ(outcome.what, What::moved);
  EXPECT_EQ(outcome.os, "trixie");
  EXPECT_EQ(outcome.tell, "");
  ASSERT_TRUE(outcome.moved);
  EXPECT_EQ(outcome.moved->os, "trixie");
  EXPECT_EQ(os(), "trixie");
  const auto lines = log();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0], "<86>pam_chos[" + std::to_string(::getpid()) +
                          "]: (sshd) user 'anna' enters 'trixie' [rule ~/.chos, OS 'trixie']");
  EXPECT_TRUE(no_child_left());
}

TEST_F(PamSession, NothingChosen) {
  const auto expect_quiet_base = [this](const std::string& name) {
    const Outcome outcome = open();
    EXPECT_EQ(outcome.what, What::base);
    EXPECT_EQ(outcome.os, name);
    EXPECT_EQ(outcome.tell, "");
    EXPECT_EQ(os(), "/");
    EXPECT_TRUE(log().empty());
  };
  expect_quiet_base("");
  choose(" \n");
  expect_quiet_base("");
  choose("base\n");
  expect_quiet_base("base");
  choose("/\n");
  expect_quiet_base("base");
  std::filesystem::remove(path("home/.chos"));
  allow("default:/\n");
  expect_quiet_base("base");
  std::filesystem::remove(path("chos"));
  expect_quiet_base("");
}

TEST_F(PamSession, SiteDefault) {
  allow("trixie:/os/trixie\ndefault:/os/trixie\n");
  EXPECT_EQ(open().os, "trixie");
  EXPECT_EQ(os(), "trixie");
  choose("base");
  write("proc/setchos", "/");
  EXPECT_EQ(open().os, "base");
}

TEST_F(PamSession, NotLookedAt) {
  choose("trixie\n");
  const auto expect_not_ours = [this](const std::string& user, const std::string& service) {
    const Outcome outcome = open(user, service);
    EXPECT_EQ(outcome.what, What::not_ours);
    EXPECT_EQ(outcome.os + outcome.tell, "");
    EXPECT_EQ(os(), "/");
    EXPECT_TRUE(log().empty());
  };
  for (const bool deny : {false, true}) {
    options_.deny = deny;
    expect_not_ours("anna", "slurm");
    options_.excluded = {"cron", "su"};
    expect_not_ours("anna", "su");
    options_.excluded.clear();
    options_.min_uid = account_.uid + 1;
    expect_not_ours("anna", "sshd");
    options_.min_uid = 0;
    const uid_t before = account_.uid;
    account_.uid = 0;
    expect_not_ours("anna", "sshd");
    account_.uid = before;
    if (!deny) expect_not_ours("nobody-of-that-name", "sshd");
    expect_not_ours("root", "sshd");  // whom the accounts here do not have
  }
  options_.deny = true;
  EXPECT_EQ(open("nobody-of-that-name").what, What::refused);
  log();
  options_.debug = true;
  options_.complaints = {"option 'x' is ignored: there is no such option"};
  EXPECT_EQ(open("anna", "slurm").what, What::not_ours);
  const auto lines = log();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_NE(lines[0].find("<83>"), std::string::npos);
  EXPECT_NE(lines[0].find("option 'x' is ignored"), std::string::npos);
  EXPECT_NE(lines[1].find("<87>"), std::string::npos);
}

TEST_F(PamSession, NamesThatMayNotBeEntered) {
  choose("sarge\n");
  expect_trouble(
      "/home/.chos names 'sarge', which is not in /etc/chos (you may enter: trixie, sl6 "
      "and base)");
  allow("trixie:/os/trixie:closed\nsl6:/os/sl6:groups=few\n");
  choose("trixie");
  expect_trouble("'trixie' is closed");
  choose("sl6");
  expect_trouble("'sl6' is for the members of the group few");
  allow("sl6:/os/sl6:groups=ours\n");
  EXPECT_EQ(open().what, What::moved);
}

TEST_F(PamSession, BadUserFiles) {
  choose("a\nb\n");
  expect_trouble("has more than one line");
  choose("a\x1b[31m");
  expect_trouble("holds a control character: 'a\\x1b[31m'");
  choose(std::string(1000, 'x'));
  expect_trouble("has 1000 bytes");
  choose("trixie");
  ASSERT_EQ(::chmod(path("home/.chos").c_str(), 0), 0);
  expect_trouble("cannot read ");
  std::filesystem::remove(path("home/.chos"));
  const auto began = std::chrono::steady_clock::now();
  ASSERT_EQ(::mkfifo(path("home/.chos").c_str(), 0666), 0);
  expect_trouble("is a FIFO");
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(4));
  std::filesystem::remove(path("home/.chos"));
  std::filesystem::create_symlink("/dev/zero", path("home/.chos"));
  expect_trouble("is a character device");
  std::filesystem::remove(path("home/.chos"));
  ASSERT_EQ(::mkdir(path("home/.chos").c_str(), 0755), 0);
  expect_trouble("is a directory");
  choose("\xef\xbb\xbftrixie\r\n");
  EXPECT_EQ(open().what, What::moved);
}

// What the user is told goes to a terminal, and to whatever takes the place of one.
TEST_F(PamSession, AHomeDirectoryWithAStrangeName) {
  account_.home = path("x\nchos: forged\033]0;t\007\xe2\x80\xae");
  std::filesystem::create_directories(account_.home);
  ASSERT_EQ(::mkfifo((account_.home + "/.chos").c_str(), 0666), 0);
  expect_trouble("x\\x0achos: forged\\x1b]0;t\\x07\\xe2\\x80\\xae/.chos is a FIFO");
}

TEST_F(PamSession, AnotherUserFile) {
  options_.user_file = "os";
  write("home/os", "sl6");
  give("home/os");
  choose("trixie");
  EXPECT_EQ(open().os, "sl6");
}

TEST_F(PamSession, NoModule) {
  choose("trixie\n");
  std::filesystem::remove(path("proc/setchos"));
  const Outcome unmounted = open();
  EXPECT_EQ(unmounted.what, What::base);
  EXPECT_NE(unmounted.tell.find("not mounted"), std::string::npos) << unmounted.tell;
  std::filesystem::remove(path("proc"));
  const Outcome gone = open();
  EXPECT_EQ(gone.what, What::base);
  EXPECT_NE(gone.tell.find("is not loaded"), std::string::npos) << gone.tell;
  EXPECT_EQ(log().size(), 2u);
  options_.deny = true;
  EXPECT_EQ(open().what, What::refused);
}

TEST_F(PamSession, AllowlistThatCannotBeUsed) {
  const auto base = [this](const std::string& why) {
    const Outcome outcome = open();
    EXPECT_EQ(outcome.what, What::base);
    EXPECT_FALSE(outcome.moved);
    EXPECT_NE(outcome.tell.find(why), std::string::npos) << outcome.tell;
    EXPECT_EQ(outcome.tell.find('\n'), std::string::npos);
    const auto lines = log();
    ASSERT_EQ(lines.size(), 1u);
    EXPECT_EQ(lines[0].find('\n'), std::string::npos) << lines[0];
    EXPECT_NE(lines[0].find(why), std::string::npos) << lines[0];
    EXPECT_NE(lines[0].find("stays in the base OS"), std::string::npos) << lines[0];
  };
  for (const char* name : {"", "trixie"}) {
    choose(name);
    allow("trixie\nnonsense\n");
    base("/chos:1: expected name:path");
    allow("trixie:/os/trixie\n");
    ASSERT_EQ(::chmod(path("chos").c_str(), 0666), 0);
    base("has mode 0666");
    ASSERT_EQ(::chmod(path("chos").c_str(), 0644), 0);
  }
  // The choice of the base OS needs no list.
  choose("base");
  allow("nonsense\n");
  const Outcome outcome = open();
  EXPECT_EQ(outcome.what, What::base);
  EXPECT_EQ(outcome.tell, "");
}

TEST_F(PamSession, WhatASessionNeedsIsMissing) {
  choose("trixie");
  account_.shell = "/bin/nonexistent";
  options_.fallback_shell = "/bin/sh";
  // The scout entered the OS and the application did not: the last write to the module is the scout's.
  const auto trouble = [this](const std::string& why) {
    const Outcome outcome = open();
    EXPECT_EQ(outcome.what, What::base);
    EXPECT_FALSE(outcome.moved);
    EXPECT_NE(outcome.tell.find(why), std::string::npos) << outcome.tell;
    for (const auto& line : log()) EXPECT_EQ(line.find(" enters "), std::string::npos) << line;
    write("proc/setchos", "/");
  };
  trouble(
      "'trixie' has no /bin/nonexistent that can be run, your login shell (it has /bin/sh: "
      "chsh -s /bin/sh)");
  options_.fallback_shell = "/bin/nothing";
  trouble("'trixie' has no /bin/nonexistent that can be run (an administrator puts it");
  account_.shell = "/etc/passwd";
  trouble("has no /etc/passwd that can be run");
  EXPECT_EQ(pam::open_session({"cron", "anna"}, options_, system_).what, What::moved)
      << "cron starts /bin/sh, not the login shell";
  write("proc/setchos", "/");
  log();
  allow("trixie:/os/trixie\ndefault:/os/trixie\n");
  account_.shell = "/bin/sh";
  account_.home = path("gone");
  trouble("your home directory '" + path("gone") + "' cannot be reached in 'trixie'");
}

TEST_F(PamSession, FirstProgram) {
  EXPECT_EQ(pam::first_program("sshd", "/bin/zsh"), "/bin/zsh");
  EXPECT_EQ(pam::first_program("cron", "/bin/zsh"), "/bin/sh");
  EXPECT_EQ(pam::first_program("crond", "/bin/zsh"), "/bin/sh");
  EXPECT_EQ(pam::first_program("atd", "/bin/zsh"), "/bin/sh");
  EXPECT_EQ(pam::first_program("systemd-user", "/bin/zsh"), "/lib/systemd/systemd");
}

// The child hangs between its two questions: a server dies just then.
TEST_F(PamSession, AHomeThatHangs) {
  choose("trixie");
  allow("trixie:/os/trixie:groups=ours\n");
  system_.group = [](const std::string&) -> Result<gid_t> {
    for (const pid_t pid : children()) ::kill(pid, SIGSTOP);
    return is_root() ? strange_group : ::getegid();
  };
  options_.timeout = 1;
  expect_base("does not answer");
  EXPECT_TRUE(no_child_left());
}

TEST_F(PamSession, FullProcessTable) {
  choose("trixie");
  EXPECT_EQ(in_a_process([this] {
              if (is_root() && ::setresuid(account_.uid, account_.uid, account_.uid) != 0) return 2;
              const struct rlimit none { 0, 0 };
              if (::setrlimit(RLIMIT_NPROC, &none) != 0) return 3;
              const Outcome outcome = open();
              if (outcome.what != What::base) return 4;
              return outcome.tell.find("is the table of processes full?") == std::string::npos ? 5 : 0;
            }),
            0);
}

TEST_F(PamSession, QuietAndDebug) {
  choose("sarge");
  options_.quiet = true;
  EXPECT_EQ(open().tell, "");
  EXPECT_EQ(log().size(), 1u);
  options_.debug = true;
  open();
  EXPECT_EQ(log().size(), 3u) << "what the two rules said, too";
  std::filesystem::remove(path("log"));
  EXPECT_EQ(open().what, What::base) << "without a log";
}

}  // namespace
}  // namespace chos::test
