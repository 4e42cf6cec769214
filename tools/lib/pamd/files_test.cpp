// SPDX-License-Identifier: BSD-3-Clause
// The files of /etc/pam.d: which are refused, how originals are kept and files are replaced.
#include "pamd/files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include <cerrno>
#include <csignal>

#include <nlohmann/json.hpp>

#include "basic/files.h"
#include "basic/lock.h"
#include "scratch.h"

namespace chos::test {
namespace {

const std::string base = "auth required a.so\nsession required b.so\n";

class PamFilesTest : public Scratch {
 protected:
  void SetUp() override {
    Scratch::SetUp();
    for (const char* name : {"pam.d", "vendor", "security"}) ASSERT_EQ(::mkdir(path(name).c_str(), 0755), 0);
    put("sshd", base);
  }

  void put(const std::string& name, const std::string& text, mode_t mode = 0644) {
    write("pam.d/" + name, text);
    ASSERT_EQ(::chmod(path("pam.d/" + name).c_str(), mode), 0);
  }
  std::string get(const std::string& name) const { return read("pam.d/" + name); }

  PamPaths paths() const {
    PamPaths paths;
    paths.directory = path("pam.d");
    paths.vendor = {path("vendor")};
    paths.backups = path("var/chos/pam.d");
    paths.modules = {path("lib*/*"), path("security")};
    paths.trusted = ::geteuid();
    return paths;
  }
  PamFiles files() const {
    auto opened = PamFiles::open(paths());
    EXPECT_TRUE(opened) << opened.error().what;
    return std::move(*opened);
  }
  PamChange planned(const PamFiles& files, const std::vector<std::string>& options = {}) const {
    const auto plan =
        plan_pam_enable({"sshd"}, *make_pam_rule_options(false, options), files.names(), files.source());
    EXPECT_TRUE(plan.refusals.empty()) << plan.refusals.front().second.what;
    return plan.changes.at(0);
  }
  std::vector<std::string> in_directory(const std::string& name) const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(path(name)))
      found.push_back(entry.path().filename());
    return found;
  }
  std::string why_not(const std::string& service) const {
    const auto text = files().service(service);
    if (text) return {};
    return text.error().what + "\n" + text.error().remedy;
  }
};

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST_F(PamFilesTest, EnableAndDisable) {
  const auto all = files();
  const auto change = planned(all);
  const auto backup = all.back_up(change);
  ASSERT_TRUE(backup) << backup.error().what;
  EXPECT_EQ(*backup, path("var/chos/pam.d/sshd.orig"));
  EXPECT_EQ(read("var/chos/pam.d/sshd.orig"), base);
  EXPECT_EQ(mode_of("var/chos") & 07777, 0700u);
  const auto done = all.replace(change);
  ASSERT_TRUE(done) << done.error().what;
  EXPECT_EQ(get("sshd"), base + pam_block({}, true));
  EXPECT_EQ(in_directory("pam.d"), std::vector<std::string>{"sshd"});
  EXPECT_FALSE(planned(all).changes);

  const auto plan = plan_pam_disable({"sshd"}, all.source());
  ASSERT_TRUE(all.replace(plan.changes.at(0)));
  EXPECT_EQ(get("sshd"), base);
}

TEST_F(PamFilesTest, BacksUpTheOriginal) {
  const auto all = files();
  const auto enable = [&](const std::vector<std::string>& options) {
    const auto change = planned(all, options);
    ASSERT_TRUE(change.changes);
    ASSERT_TRUE(all.back_up(change));
    ASSERT_TRUE(all.replace(change));
  };
  const std::string by_hand = "session optional pam_chos.so debug\n";
  put("sshd", base + by_hand);
  enable({});
  EXPECT_EQ(read("var/chos/pam.d/sshd.orig"), base + by_hand);
  // The backup is kept while the other lines are the same.
  struct stat before {
  }, after{};
  ASSERT_EQ(::stat(path("var/chos/pam.d/sshd.orig").c_str(), &before), 0);
  enable({"quiet"});
  enable({"debug"});
  ASSERT_EQ(::stat(path("var/chos/pam.d/sshd.orig").c_str(), &after), 0);
  EXPECT_EQ(before.st_ino, after.st_ino);
  EXPECT_EQ(read("var/chos/pam.d/sshd.orig"), base + by_hand);
  // It is written again once they differ.
  put("sshd", get("sshd") + "session optional c.so\n");
  enable({});
  EXPECT_EQ(read("var/chos/pam.d/sshd.orig"), base + "session optional c.so\n");
  EXPECT_EQ(in_directory("var/chos/pam.d").size(), 1u);
}

TEST_F(PamFilesTest, OwnerModeAndAttributesStay) {
  put("sshd", base, 0640);
  const std::string value = "kept";
  const bool attributes =
      ::setxattr(path("pam.d/sshd").c_str(), "user.chos", value.data(), value.size(), 0) == 0;
  gid_t group = ::getegid();
  if (::geteuid() == 0) {
    group = 12345;
    ASSERT_EQ(::chown(path("pam.d/sshd").c_str(), 0, group), 0);
  }
  const auto all = files();
  const auto done = all.replace(planned(all));
  ASSERT_TRUE(done) << done.error().what;
  struct stat info {};
  ASSERT_EQ(::stat(path("pam.d/sshd").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0640u);
  EXPECT_EQ(info.st_gid, group);
  EXPECT_EQ(info.st_uid, ::geteuid());
  if (!attributes) GTEST_SKIP() << "this file system has no user attributes";
  char read_back[16] = {};
  EXPECT_EQ(::getxattr(path("pam.d/sshd").c_str(), "user.chos", read_back, sizeof read_back), 4);
  EXPECT_EQ(std::string(read_back), value);
}

TEST_F(PamFilesTest, RefusesUnsafeFiles) {
  ASSERT_EQ(::symlink("sshd", path("pam.d/link").c_str()), 0);
  EXPECT_TRUE(has(why_not("link"), "is a symbolic link"));
  ASSERT_EQ(::symlink("gone", path("pam.d/dangling").c_str()), 0);
  EXPECT_TRUE(has(why_not("dangling"), "is a symbolic link"));
  ASSERT_EQ(::mkfifo(path("pam.d/fifo").c_str(), 0600), 0);
  EXPECT_TRUE(has(why_not("fifo"), "is a FIFO"));
  ASSERT_EQ(::mkdir(path("pam.d/dir").c_str(), 0755), 0);
  EXPECT_TRUE(has(why_not("dir"), "is a directory"));
  put("group", base, 0664);
  EXPECT_TRUE(has(why_not("group"), "chmod go-w"));
  put("all", base, 0646);
  EXPECT_TRUE(has(why_not("all"), "chmod go-w"));
  put("twice", base);
  ASSERT_EQ(::link(path("pam.d/twice").c_str(), path("pam.d/again").c_str()), 0);
  EXPECT_TRUE(has(why_not("twice"), "hard links"));
  put("big", std::string(70000, '#'));
  EXPECT_TRUE(has(why_not("big"), "is longer than"));
  EXPECT_TRUE(has(why_not("none"), path("pam.d/none") + " does not exist"));
  write("vendor/systemd-user", base);
  EXPECT_TRUE(has(why_not("systemd-user"), "cp " + path("vendor/systemd-user")));
  EXPECT_EQ(why_not("sshd"), "");

  auto foreign = paths();
  foreign.trusted = ::geteuid() + 1;
  EXPECT_FALSE(PamFiles::open(foreign));
  ASSERT_EQ(::chmod(path("pam.d").c_str(), 0777), 0);
  const auto open = PamFiles::open(paths());
  ASSERT_FALSE(open);
  EXPECT_TRUE(has(open.error().what, "is writable by others"));
}

TEST_F(PamFilesTest, FilesOfOthersAreRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  put("foreign", base);
  ASSERT_EQ(::chown(path("pam.d/foreign").c_str(), 12345, 0), 0);
  EXPECT_TRUE(has(why_not("foreign"), "belongs to uid 12345"));
}

TEST_F(PamFilesTest, SearchesIncludedFilesAsPamDoes) {
  const auto all = files();
  EXPECT_FALSE(all.included("inner"));
  write("vendor/inner", "session required v.so\n");
  EXPECT_EQ(*all.included("inner"), "session required v.so\n");
  put("inner", "session required p.so\n");
  EXPECT_EQ(*all.included("inner"), "session required p.so\n");
  ASSERT_EQ(::symlink("inner", path("pam.d/alias").c_str()), 0);
  EXPECT_EQ(*all.included("alias"), "session required p.so\n");
  EXPECT_EQ(*all.included(path("vendor/inner")), "session required v.so\n");
  put(".hidden", "");
  EXPECT_EQ(all.names(), (std::vector<std::string>{"alias", "inner", "sshd"}));
}

TEST_F(PamFilesTest, LeavesAFileChangedMeanwhile) {
  const auto all = files();
  const auto change = planned(all);
  put("sshd", base + "session optional c.so\n");
  const auto done = all.replace(change);
  ASSERT_FALSE(done);
  EXPECT_TRUE(has(done.error().what, "was changed by somebody else"));
  EXPECT_EQ(get("sshd"), base + "session optional c.so\n");
}

TEST_F(PamFilesTest, LeftoversOfAKilledRun) {
  put(".chosctl-sshd.new", "half a fi");
  const auto all = files();
  ASSERT_TRUE(all.replace(planned(all)));
  EXPECT_EQ(in_directory("pam.d"), std::vector<std::string>{"sshd"});
  // If the temporary file cannot be created, nothing changes.
  ASSERT_EQ(::mkdir(path("pam.d/.chosctl-sshd.new").c_str(), 0755), 0);
  const auto now = get("sshd");
  EXPECT_FALSE(all.replace(planned(all, {"quiet"})));
  EXPECT_EQ(get("sshd"), now);
}

TEST_F(PamFilesTest, ReadersSeeTheOldOrTheNew) {
  const auto all = files();
  const auto on = planned(all);
  ASSERT_TRUE(all.replace(on));
  const auto off = plan_pam_disable({"sshd"}, all.source()).changes.at(0);
  ASSERT_TRUE(all.replace(off));
  // A process replaces the file over and over and is killed meanwhile.
  for (int round = 0; round < 20; ++round) {
    int ready[2];
    ASSERT_EQ(::pipe(ready), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      // The run before may have been killed with the rule in place.
      for (int i = 0;; ++i) {
        if (!all.replace(on) && !all.replace(off)) ::_exit(1);
        if (i == round && ::write(ready[1], "x", 1) != 1) ::_exit(1);
      }
    }
    ::close(ready[1]);
    char byte = 0;
    EXPECT_EQ(::read(ready[0], &byte, 1), 1);
    ::close(ready[0]);
    for (int i = 0; i < 100; ++i) {
      const auto seen = get("sshd");
      ASSERT_TRUE(seen == on.new_text || seen == on.old_text) << seen;
    }
    ::kill(child, SIGKILL);
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    const auto left = get("sshd");
    ASSERT_TRUE(left == on.new_text || left == on.old_text) << left;
    EXPECT_EQ(all.names(), std::vector<std::string>{"sshd"});  // no leftovers that look like a service
  }
}

TEST_F(PamFilesTest, SearchesTheModule) {
  EXPECT_FALSE(files().module_found());
  write("security/pam_chos.so", "");
  EXPECT_TRUE(files().module_found());
  ASSERT_EQ(::unlink(path("security/pam_chos.so").c_str()), 0);
  std::filesystem::create_directories(path("lib64/x86"));
  EXPECT_FALSE(files().module_found());
  write("lib64/x86/pam_chos.so", "");
  EXPECT_TRUE(files().module_found());
}

// `chosctl pam`.
class PamProgram : public PamFilesTest {
 protected:
  int pam(const std::string& arguments, const std::string& before = {}) {
    const int status = std::system(("CHOS_TEST_PAM_DIR='" + path("pam.d") + "' CHOS_TEST_PAM_BACKUPS='" +
                                    path("orig") + "' CHOS_TEST_LOCKS='" + path("locks") + "' " + before +
                                    "'" CHOSCTL_TEST_PROGRAM "' --config /dev/null pam " + arguments + " >'" +
                                    path("out") + "' 2>'" + path("err") + "' </dev/null")
                                       .c_str());
    out = read("out");
    err = read("err");
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  std::string out, err;
};

TEST_F(PamProgram, ALockOnTheDirectoryDelaysNothing) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs files owned by root";
  // Any user may open this directory and lock it.
  const UniqueFd user(::open(path("pam.d").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  ASSERT_EQ(::flock(user.get(), LOCK_EX), 0);
  EXPECT_EQ(pam("enable sshd", "timeout 5 "), 0) << err;
  EXPECT_EQ(pam("disable sshd", "timeout 5 "), 0) << err;
}

TEST_F(PamProgram, NamesTheProcessThatItWaitsFor) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs files owned by root";
  const auto held = take_lock(path("locks/pam.lock"));
  ASSERT_TRUE(held) << held.error().what;
  EXPECT_EQ(pam("enable sshd", "timeout 2 "), 124) << err;
  EXPECT_TRUE(has(err, "waiting for process " + std::to_string(::getpid()) + " '")) << err;
  EXPECT_EQ(get("sshd"), base);
}

TEST_F(PamProgram, EnableStatusDisable) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs files owned by root";
  put("su", base);
  put("su-l", "session include su\n");
  EXPECT_EQ(pam("enable --option min_uid=500 --option quiet sshd su-l su"), 0) << err;
  EXPECT_TRUE(has(out, "+ sshd          enabled; the original is " + path("orig/sshd.orig"))) << out;
  EXPECT_TRUE(has(out, "= su-l          already enabled through su; nothing to do")) << out;
  EXPECT_LT(out.find("+ su "), out.find("= su-l "));
  EXPECT_TRUE(get("sshd").ends_with("pam_chos.so min_uid=500 quiet\n")) << get("sshd");
  EXPECT_EQ(read("orig/su.orig"), base);

  EXPECT_EQ(pam("enable --option min_uid=500 --option quiet sshd"), 0);
  EXPECT_TRUE(has(out, "= sshd          already enabled\nnothing had to be changed")) << out;
  EXPECT_EQ(pam("enable sshd --deny"), 0);
  EXPECT_TRUE(get("sshd").ends_with("default=die]  pam_chos.so on_error=deny\n"));

  put("mine", "session optional pam_chos.so\nsession required c.so\n");
  EXPECT_EQ(pam("status --json"), 0);
  const auto list = nlohmann::json::parse(out)["services"];
  ASSERT_EQ(list.size(), 4u) << out;
  EXPECT_EQ(list[0]["service"], "sshd");
  EXPECT_EQ(list[0]["state"], "enabled");
  EXPECT_EQ(list[0]["options"][0], "on_error=deny");
  EXPECT_EQ(list[2]["through"], "su");
  EXPECT_EQ(list[3]["service"], "mine");
  EXPECT_EQ(list[3]["state"], "not last");
  EXPECT_EQ(pam("status"), 0);
  EXPECT_TRUE(has(out, "enabled through `include su`")) << out;
  EXPECT_TRUE(has(out, "enabled, NOT LAST")) << out;
  EXPECT_EQ(pam("status nope"), 1);

  EXPECT_EQ(pam("disable sshd su su-l"), 0);
  EXPECT_FALSE(has(err, "still enabled")) << err;
  EXPECT_EQ(get("sshd"), base);
  EXPECT_EQ(get("su"), base);
  EXPECT_EQ(pam("disable sshd"), 0);
  EXPECT_TRUE(has(out, "= sshd          not enabled; nothing to do\nnothing had to be changed")) << out;
}

TEST_F(PamProgram, NothingIsChangedIfOneIsRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs files owned by root";
  put("broken", "session sometimes a.so\n");
  EXPECT_EQ(pam("enable sshd broken slurm none"), 1);
  EXPECT_TRUE(has(err, path("pam.d/broken") + ":1: this line is not understood")) << err;
  EXPECT_TRUE(has(err, "slurmstepd")) << err;
  EXPECT_TRUE(has(err, path("pam.d/none") + " does not exist")) << err;
  EXPECT_TRUE(has(err, "nothing was changed")) << err;
  EXPECT_EQ(get("sshd"), base);
  EXPECT_FALSE(std::filesystem::exists(path("orig")));
  EXPECT_EQ(pam("enable sshd --option nope"), 2);
  EXPECT_EQ(pam("enable sshd --deny --option on_error=base"), 2);
  EXPECT_EQ(pam("enable"), 2);
  EXPECT_EQ(pam(""), 2);
  EXPECT_EQ(get("sshd"), base);
}

}  // namespace
}  // namespace chos::test
