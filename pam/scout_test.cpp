// SPDX-License-Identifier: BSD-3-Clause
// The child that checks an OS before the session is moved, and what could keep it from answering.
#include "pam/scout.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <chrono>
#include <memory>
#include <thread>

#include "pam/login_fixture.h"

namespace chos::test {
namespace {

using Found = RawUserFile::Found;

class PamScout : public LoginFixture {
 protected:
  /// Starts a scout and returns what it finds; `code` is set to the errno of a failure.
  Found fetch(const std::string& name = "home/.chos", int* code = nullptr) {
    pam::Scout scout;
    const auto started = scout.start(account_, gids_, 5);
    EXPECT_TRUE(started) << started.error().what;
    if (!started) return Found::nothing;
    const auto raw = scout.fetch(path(name));
    EXPECT_TRUE(raw) << raw.error().what;
    if (code != nullptr && raw) *code = raw->code;
    return raw ? raw->found : Found::nothing;
  }
  pam::Scout::Wish wish() const { return {path("proc"), "trixie", "/bin/sh", "/bin/sh", account_.home}; }
};

TEST_F(PamScout, EachKindOfFile) {
  EXPECT_EQ(fetch(), Found::nothing);
  choose("trixie\n");
  EXPECT_EQ(fetch(), Found::bytes);
  choose(std::string(256, 'x'));
  EXPECT_EQ(fetch(), Found::too_big);
  choose("");
  EXPECT_EQ(fetch(), Found::bytes);
  std::filesystem::remove(path("home/.chos"));
  ASSERT_EQ(::mkfifo(path("home/.chos").c_str(), 0666), 0);
  EXPECT_EQ(fetch(), Found::not_regular);  // and nobody waited for a writer
  std::filesystem::remove(path("home/.chos"));
  for (const char* target : {"/dev/zero", "/", "/dev/null"}) {
    std::filesystem::create_symlink(target, path("home/.chos"));
    EXPECT_EQ(fetch(), Found::not_regular) << target;
    std::filesystem::remove(path("home/.chos"));
  }
  std::filesystem::create_symlink("nowhere", path("home/.chos"));
  EXPECT_EQ(fetch(), Found::dangling);
}

TEST_F(PamScout, ReadsWithTheRightsOfTheUser) {
  choose("trixie\n");
  int code = 0;
  ASSERT_EQ(::chmod(path("home/.chos").c_str(), 0), 0);
  EXPECT_EQ(fetch("home/.chos", &code), Found::unreadable);
  EXPECT_EQ(code, EACCES);
  CHOS_NEEDS_ROOT();
  // The child holds a copy of the application's memory and environment, which the user must not read.
  for (const char* own : {"environ", "auxv", "mem"}) {
    std::filesystem::remove(path("home/.chos"));
    std::filesystem::create_symlink(std::string("/proc/self/") + own, path("home/.chos"));
    EXPECT_EQ(fetch("home/.chos", &code), Found::unreadable) << own;
    EXPECT_EQ(code, EACCES) << own;
  }
  write("secret", "root's");
  ASSERT_EQ(::chmod(path("secret").c_str(), 0600), 0);
  EXPECT_EQ(fetch("secret", &code), Found::unreadable);
  EXPECT_EQ(code, EACCES);
  ASSERT_EQ(::chown(path("secret").c_str(), 0, strange_group), 0);
  ASSERT_EQ(::chmod(path("secret").c_str(), 0640), 0);
  EXPECT_EQ(fetch("secret"), Found::bytes) << "a file for one of the user's other groups";
}

// The child has no rights, descriptors or signals of the application.
TEST_F(PamScout, HoldsNothing) {
  // An application that wants to keep its rights when it changes the uid.
  if (is_root()) {
    ASSERT_EQ(::prctl(PR_SET_KEEPCAPS, 1), 0);
  }
  pam::Scout scout;
  ASSERT_TRUE(scout.start(account_, gids_, 5));
  ::prctl(PR_SET_KEEPCAPS, 0);
  const auto pids = children();
  ASSERT_EQ(pids.size(), 1u);
  const std::string folder = "/proc/" + std::to_string(pids[0]) + "/fd";
  std::vector<std::string> descriptors;
  if (is_root()) {
    for (const auto& entry : std::filesystem::directory_iterator(folder))
      descriptors.push_back(entry.path().filename());
    EXPECT_EQ(descriptors, std::vector<std::string>{"3"});
    EXPECT_EQ(status_line(pids[0], "Uid"), "54321\t54321\t54321\t54321");
    EXPECT_EQ(status_line(pids[0], "Gid"), "54321\t54321\t54321\t54321");
    EXPECT_EQ(status_line(pids[0], "Groups"), "54321 54322");
    struct stat info {};
    ASSERT_EQ(::stat(folder.c_str(), &info), 0);
    EXPECT_EQ(info.st_uid, 0u) << "its memory may be read by the user";
    for (const char* set : {"CapPrm", "CapEff", "CapInh", "CapAmb"})
      EXPECT_EQ(status_line(pids[0], set), "0000000000000000") << set;
  }
  EXPECT_EQ(status_line(pids[0], "Threads"), "1");
}

TEST_F(PamScout, LooksAround) {
  const auto look = [this](const pam::Scout::Wish& what) {
    pam::Scout scout;
    EXPECT_TRUE(scout.start(account_, gids_, 5));
    const auto report = scout.look(what);
    EXPECT_TRUE(report);
    return report ? *report : pam::Scout::Report{-1, -1, -1, -1};
  };
  auto report = look(wish());
  EXPECT_EQ(report.enter, 0);
  EXPECT_EQ(report.program, 0);
  EXPECT_EQ(report.home, 0);
  EXPECT_EQ(os(), "trixie");
  auto other = wish();
  other.program = "/nonexistent";
  other.home = path("gone");
  report = look(other);
  EXPECT_EQ(report.program, ENOENT);
  EXPECT_EQ(report.fallback, 0);
  EXPECT_EQ(report.home, ENOENT);
  other.program = "/etc/passwd";
  other.fallback = "/etc";
  other.home.clear();
  report = look(other);
  EXPECT_EQ(report.program, EACCES);
  EXPECT_EQ(report.fallback, EACCES) << "a directory";
  EXPECT_EQ(report.home, 0);
  other.proc = path("gone");
  EXPECT_EQ(look(other).enter, ENOENT);
  // The application's own directory is unchanged.
  EXPECT_NE(std::filesystem::current_path(), account_.home);
}

TEST_F(PamScout, TooLongPaths) {
  pam::Scout scout;
  ASSERT_TRUE(scout.start(account_, gids_, 5));
  EXPECT_EQ(scout.fetch(std::string(PATH_MAX, 'x')).error().code, ENAMETOOLONG);
  auto long_one = wish();
  long_one.os = std::string(300, 'x');
  EXPECT_EQ(scout.look(long_one).error().code, ENAMETOOLONG);
  EXPECT_TRUE(scout.fetch(path("home/.chos"))) << "it can still be asked";
}

// A server does not answer: the child hangs in the middle of its work.
TEST_F(PamScout, AHomeThatHangs) {
  const auto began = std::chrono::steady_clock::now();
  {
    pam::Scout scout;
    ASSERT_TRUE(scout.start(account_, gids_, 1));
    const auto pids = children();
    ASSERT_EQ(pids.size(), 1u);
    ASSERT_EQ(::kill(pids[0], SIGSTOP), 0);
    const auto raw = scout.fetch(path("home/.chos"));
    ASSERT_FALSE(raw);
    EXPECT_EQ(raw.error().code, ETIMEDOUT);
    EXPECT_EQ(raw.error().what, "the home directory of anna does not answer");
    EXPECT_EQ(scout.look(wish()).error().code, ETIMEDOUT) << "the time is for both";
  }
  const auto took = std::chrono::steady_clock::now() - began;
  EXPECT_GE(took, std::chrono::milliseconds(950));
  EXPECT_LT(took, std::chrono::seconds(10));
  EXPECT_TRUE(no_child_left());
}

// Time that the application spends in between does not count.
TEST_F(PamScout, TheApplicationMayTakeItsTime) {
  pam::Scout scout;
  ASSERT_TRUE(scout.start(account_, gids_, 1));
  std::this_thread::sleep_for(std::chrono::milliseconds(1200));
  EXPECT_TRUE(scout.fetch(path("home/.chos")));
}

TEST_F(PamScout, KilledByTheUser) {
  pam::Scout scout;
  ASSERT_TRUE(scout.start(account_, gids_, 5));
  const auto pids = children();
  ASSERT_EQ(pids.size(), 1u);
  ::kill(pids[0], SIGKILL);
  const auto raw = scout.fetch(path("home/.chos"));
  ASSERT_FALSE(raw);
  EXPECT_TRUE(raw.error().code == ECHILD || raw.error().code == EPIPE) << raw.error().what;
}

TEST_F(PamScout, RightsThatCannotBeHad) {
  const int result = in_a_process([this] {
    if (is_root() && ::setresuid(stranger + 1, stranger + 1, stranger + 1) != 0) return 2;
    Account other = account_;
    other.uid = ::getuid() + 7;
    pam::Scout scout;
    return scout.start(other, gids_, 5).error().code;
  });
  EXPECT_EQ(result, EPERM);
}

TEST_F(PamScout, AFullProcessTable) {
  const int result = in_a_process([this] {
    if (is_root() && ::setresuid(stranger, stranger, stranger) != 0) return 2;
    const struct rlimit none { 0, 0 };
    if (::setrlimit(RLIMIT_NPROC, &none) != 0) return 3;
    pam::Scout scout;
    return scout.start(account_, gids_, 5).error().code;
  });
  EXPECT_EQ(result, EAGAIN);
}

TEST_F(PamScout, NoMoreDescriptors) {
  for (rlim_t more = 0; more < 3; ++more) {
    const int result = in_a_process([this, more] {
      const int next = ::dup(2);
      ::close(next);
      const struct rlimit few { static_cast<rlim_t>(next) + more, 4096 };
      if (::setrlimit(RLIMIT_NOFILE, &few) != 0) return 200;
      const auto before = process_state();
      int code = 0;
      {
        pam::Scout scout;
        code = scout.start(account_, gids_, 5).error().code;
      }
      const struct rlimit enough { 1024, 4096 };
      ::setrlimit(RLIMIT_NOFILE, &enough);
      return no_child_left() ? code : 201;
    });
    EXPECT_EQ(result, EMFILE) << more;
  }
}

TEST_F(PamScout, StandardDescriptorsClosed) {
  choose("trixie\n");
  EXPECT_EQ(in_a_process([this] {
              for (int fd = 0; fd < 3; ++fd) ::close(fd);
              if (fetch() != Found::bytes) return 2;
              for (int fd = 0; fd < 3; ++fd)
                if (::fcntl(fd, F_GETFD) >= 0) return 3;
              return no_child_left() ? 0 : 4;
            }),
            0);
}

// As in atd: the real uid is daemon's, the effective uid is root's.
TEST_F(PamScout, AnApplicationLikeAtd) {
  CHOS_NEEDS_ROOT();
  choose("trixie\n");
  EXPECT_EQ(in_a_process([this] {
              if (::setresuid(1, 0, static_cast<uid_t>(-1)) != 0) return 2;
              pam::Scout scout;
              if (!scout.start(account_, gids_, 5)) return 3;
              if (status_line(children().at(0), "Uid") != "54321\t54321\t54321\t54321") return 4;
              if (scout.fetch(path("home/.chos"))->found != Found::bytes) return 5;
              return ::getuid() == 1 && ::geteuid() == 0 ? 0 : 6;
            }),
            0);
}

TEST_F(PamScout, SmallStack) {
  choose("trixie\n");
  pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  ASSERT_EQ(::pthread_attr_setstacksize(&attributes, CHOS_TEST_SANITIZED ? 1 << 20 : 32 * 1024), 0);
  auto work = std::function<void()>([this] {
    pam::Scout scout;
    ASSERT_TRUE(scout.start(account_, gids_, 5));
    ASSERT_EQ(scout.fetch(path("home/.chos"))->found, Found::bytes);
    ASSERT_EQ(scout.look(wish())->home, 0);
  });
  pthread_t thread;
  ASSERT_EQ(::pthread_create(
                &thread, &attributes,
                [](void* what) -> void* {
                  (*static_cast<std::function<void()>*>(what))();
                  return nullptr;
                },
                &work),
            0);
  ::pthread_join(thread, nullptr);
  EXPECT_EQ(os(), "trixie");
}

TEST_F(PamScout, LeavesNothing) {
  choose("trixie\n");
  const auto before = process_state();
  for (int i = 0; i < 20; ++i) {
    pam::Scout scout;
    ASSERT_TRUE(scout.start(account_, gids_, 5));
    ASSERT_TRUE(scout.fetch(path("home/.chos")));
    if (i % 2 == 0) {
      ASSERT_TRUE(scout.look(wish()));
    }
  }
  EXPECT_EQ(process_state(), before);
  EXPECT_TRUE(no_child_left());
}

}  // namespace
}  // namespace chos::test
