// SPDX-License-Identifier: BSD-3-Clause
// pam_chos.so through the API that sshd and su use.  The services are files in a scratch directory; the
// accounts are this machine's own.  Most tests load pam_chos_test.so, where a directory stands for
// /proc/chos.
#include <malloc.h>
#include <security/pam_appl.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <optional>
#include <thread>

#include "process_state.h"
#include "scratch.h"
#include "session/environment.h"
#include "session/nss.h"

namespace chos::test {
namespace {

std::atomic<int> children_seen{0};

std::string output_of(const std::string& command) {
  std::string text;
  FILE* pipe = ::popen(command.c_str(), "r");
  std::array<char, 4096> buffer;
  while (std::size_t got = std::fread(buffer.data(), 1, buffer.size(), pipe)) text.append(buffer.data(), got);
  EXPECT_EQ(::pclose(pipe), 0) << command;
  return text;
}

/// The results of opening and closing a session.
struct Session {
  int open = -1;
  int close = -1;
  std::string chos = "(unset)";  ///< in the PAM environment
  std::vector<std::string> said;
};

class PamModule : public Scratch {
 protected:
  void SetUp() override {
    Scratch::SetUp();
    cwd_ = std::filesystem::current_path();
    ASSERT_EQ(::chmod(directory().c_str(), 0755), 0);
    // An account of the passwd file that has a home directory and is not root, who is never moved.
    account_ = ::geteuid() == 0 ? lookup_account("daemon") : lookup_account(::geteuid());
    if (!account_ || !std::filesystem::is_directory(account_->home) ||
        ::access(account_->shell.c_str(), X_OK) != 0)
      GTEST_SKIP() << "the account that is to log in has no home directory or no shell here";
    ASSERT_EQ(::mkdir(path("proc").c_str(), 0755), 0);
    write("proc/setchos", "/");
    ASSERT_EQ(::chmod(path("proc/setchos").c_str(), 0666), 0);
    allow("trixie:/os/trixie\ndefault:/os/trixie\n");
    // No home directory has a file of that name.
    common_ = " min_uid=1 user_file=chos-test-" + std::to_string(::getpid()) + " proc=" + path("proc") +
              " allowlist=" + path("chos");
  }
  void TearDown() override {
    std::filesystem::current_path(cwd_);
    Scratch::TearDown();
  }
  void allow(const std::string& text) {
    write("chos", text);
    ASSERT_EQ(::chmod(path("chos").c_str(), 0644), 0);
  }

  /// One session of the service whose session lines are `lines`.
  Session session(const std::string& lines, int flags = 0, const std::string& user = {},
                  const std::string& service = "login-test") {
    write(service, "auth required pam_permit.so\naccount required pam_permit.so\n" + lines + "\n");
    if (std::filesystem::exists(path("proc"))) write("proc/setchos", "/");
    Session result;
    const struct pam_conv conversation { converse, &result };
    const std::string who = user.empty() ? account_->name : user;
    pam_handle_t* handle = nullptr;
    if (::pam_start_confdir(service.c_str(), who.c_str(), &conversation, directory().c_str(), &handle) !=
        PAM_SUCCESS) {
      ADD_FAILURE() << "pam_start_confdir";
      return result;
    }
    result.open = ::pam_open_session(handle, flags);
    if (const char* chos = ::pam_getenv(handle, "CHOS")) result.chos = chos;
    result.close = ::pam_close_session(handle, flags);
    ::pam_end(handle, result.close);
    return result;
  }
  std::string line(const std::string& options = {}, const std::string& control = "required") const {
    return "session " + control + " " + module_ + common_ + " " + options;
  }
  /// Returns what was last written to the module, and clears it.
  std::string os() {
    const std::string now = read("proc/setchos");
    write("proc/setchos", "/");
    return now;
  }

  std::optional<Account> account_;
  std::string common_;
  std::string module_ = CHOS_PAM_MODULE;

 private:
  static int converse(int count, const struct pam_message** messages, struct pam_response**, void* data) {
    for (int i = 0; i < count; ++i) static_cast<Session*>(data)->said.emplace_back(messages[i]->msg);
    return PAM_CONV_ERR;  // nothing to answer
  }
  std::filesystem::path cwd_;
};

constexpr const char* permit = "session required pam_permit.so\n";

TEST_F(PamModule, Moves) {
  const Session moved = session(line());
  EXPECT_EQ(moved.open, PAM_SUCCESS);
  EXPECT_EQ(moved.close, PAM_SUCCESS);
  EXPECT_EQ(moved.chos, "trixie");
  EXPECT_TRUE(moved.said.empty());
  // The OS was left again: "/" has overwritten the beginning of a plain file.
  EXPECT_EQ(os(), "/rixie");
}

TEST_F(PamModule, BaseByChoice) {
  allow("default:/\n");
  Session base = session(line());
  EXPECT_EQ(base.open, PAM_SUCCESS);
  EXPECT_EQ(base.close, PAM_SUCCESS);
  EXPECT_EQ(base.chos, "base");
  EXPECT_TRUE(base.said.empty());
  allow("");
  base = session(line());
  EXPECT_EQ(base.open, PAM_SUCCESS);
  EXPECT_EQ(base.chos, "(unset)");
}

TEST_F(PamModule, TroubleIsToldAndTheLoginGoesOn) {
  std::filesystem::remove_all(path("proc"));
  Session trouble = session(line());
  EXPECT_EQ(trouble.open, PAM_SUCCESS);
  EXPECT_EQ(trouble.close, PAM_SUCCESS);
  EXPECT_EQ(trouble.chos, "(unset)");
  ASSERT_EQ(trouble.said.size(), 1u);
  EXPECT_TRUE(trouble.said[0].starts_with("chos: the kernel module chos is not loaded"));
  EXPECT_TRUE(trouble.said[0].ends_with("this session is in the base OS")) << trouble.said[0];
  EXPECT_TRUE(session(line(), PAM_SILENT).said.empty());
  EXPECT_TRUE(session(line("quiet")).said.empty());
}

TEST_F(PamModule, DenyRefuses) {
  allow("trixie:/os/trixie:closed\ndefault:/os/trixie\n");
  for (const char* control : {"required",
                              "[success=ok ignore=ignore module_unknown=ignore "
                              "default=die]"}) {
    const Session refused = session(permit + line("on_error=deny", control));
    EXPECT_EQ(refused.open, PAM_SESSION_ERR) << control;
    EXPECT_EQ(refused.chos, "(unset)");
    ASSERT_EQ(refused.said.size(), 1u);
    EXPECT_TRUE(refused.said[0].ends_with("the session is refused")) << refused.said[0];
    EXPECT_EQ(session(permit + line("", control)).open, PAM_SUCCESS) << control;
  }
  EXPECT_EQ(session(permit + line("on_error=deny", "optional")).open, PAM_SUCCESS);
  EXPECT_EQ(os(), "/");
}

// Words that are not understood are ignored and refuse nobody.
TEST_F(PamModule, BadOptions) {
  const Session moved = session(line("on_error=maybe timeout=never nonsense ="));
  EXPECT_EQ(moved.open, PAM_SUCCESS);
  EXPECT_EQ(moved.chos, "trixie");
}

TEST_F(PamModule, Ignored) {
  const auto ignored = [this](const std::string& options, const std::string& user,
                              const std::string& service) {
    const Session one = session(permit + line("on_error=deny " + options), 0, user, service);
    EXPECT_EQ(one.open, PAM_SUCCESS) << options << user << service;
    EXPECT_EQ(one.close, PAM_SUCCESS);
    EXPECT_EQ(one.chos, "(unset)");
    EXPECT_TRUE(one.said.empty());
    EXPECT_EQ(os(), "/");
    // The status of PAM for "every module ignored the call".
    const Session alone = session(line(options), 0, user, service);
    EXPECT_EQ(alone.open, PAM_PERM_DENIED);
    EXPECT_EQ(alone.close, PAM_PERM_DENIED);
  };
  ignored("", "root", "login-test");
  EXPECT_EQ(session(permit + line(""), 0, "no-such-user").open, PAM_SUCCESS);
  EXPECT_EQ(session(permit + line("on_error=deny"), 0, "no-such-user").open, PAM_SESSION_ERR);
  ignored("", "", "slurm");
  ignored("exclude_service=a,login-test", "", "login-test");
  ignored("min_uid=4294967294", "", "login-test");
}

// The package was removed, or is being upgraded.
TEST_F(PamModule, AMissingModuleLocksNobodyOut) {
  const std::string gone = path("gone.so");
  EXPECT_EQ(session(permit + ("-session optional " + gone)).open, PAM_SUCCESS);
  EXPECT_EQ(session(permit + ("session [success=ok ignore=ignore module_unknown=ignore "
                              "default=die] " +
                              gone + " on_error=deny"))
                .open,
            PAM_SUCCESS);
  EXPECT_NE(session(permit + ("session required " + gone)).open, PAM_SUCCESS)
      << "or this test proves nothing";
}

TEST_F(PamModule, ExportsTwoFunctionsAndNeedsLittle) {
  if (CHOS_TEST_SANITIZED) GTEST_SKIP() << "a sanitizer brings libraries and symbols of its own";
  const std::string dynamic = output_of("LC_ALL=C readelf -dW " CHOS_INSTALLED_PAM_MODULE);
  std::vector<std::string> needed;
  for (std::size_t at = 0; (at = dynamic.find("(NEEDED)", at)) != std::string::npos; ++at) {
    const auto open = dynamic.find('[', at), close = dynamic.find(']', at);
    needed.push_back(dynamic.substr(open + 1, close - open - 1));
  }
  std::erase_if(needed, [](const std::string& name) { return name.starts_with("ld-linux"); });
  std::sort(needed.begin(), needed.end());
  EXPECT_EQ(needed, (std::vector<std::string>{"libc.so.6", "libpam.so.0"}));
  for (const char* flag : {"NODELETE", "NOW"}) EXPECT_NE(dynamic.find(flag), std::string::npos);
  std::istringstream symbols(output_of("LC_ALL=C readelf --dyn-syms -W " CHOS_INSTALLED_PAM_MODULE));
  std::vector<std::string> exported;
  for (std::string text; std::getline(symbols, text);) {
    std::istringstream fields(text);
    std::string number, value, size, type, bind, visibility, section, name;
    fields >> number >> value >> size >> type >> bind >> visibility >> section >> name;
    if (!name.empty() && name != "Name" && section != "UND") exported.push_back(name);
  }
  std::sort(exported.begin(), exported.end());
  EXPECT_EQ(exported, (std::vector<std::string>{"pam_sm_close_session", "pam_sm_open_session"}));
}

// The installed module uses only /proc/chos, where this process is in the base OS if the module is loaded.
TEST_F(PamModule, TheInstalledModuleTakesNoPathOfTheModule) {
  module_ = CHOS_INSTALLED_PAM_MODULE;
  allow("default:/\n");
  const Session base = session(line());
  EXPECT_EQ(base.open, PAM_SUCCESS);
  EXPECT_EQ(base.close, PAM_SUCCESS);
  EXPECT_EQ(base.chos, "base");
  EXPECT_TRUE(base.said.empty());
  allow("trixie:/os/trixie\ndefault:/os/trixie\n");
  const Session refused = session(permit + line("on_error=deny"));
  EXPECT_EQ(refused.open, PAM_SESSION_ERR);
  EXPECT_EQ(os(), "/") << "proc= is not obeyed";
}

TEST_F(PamModule, TheApplicationDoesNotNotice) {
  const auto all = [this] {
    session(line());
    session(line("on_error=deny"));
    allow("trixie:/os/trixie:closed\ndefault:/os/trixie\n");
    session(line("debug"));
    session(permit + line("on_error=deny"));
    session(permit + line(), 0, "root");
    allow("trixie:/os/trixie\ndefault:/os/trixie\n");
    os();
  };
  ::setenv("LC_ALL", "C.UTF-8", 1);
  std::setlocale(LC_ALL, "");
  const auto before = process_state();
  all();
  EXPECT_EQ(process_state(), before);
  EXPECT_TRUE(no_child_left());
  ::unsetenv("LC_ALL");
  std::setlocale(LC_ALL, "C");
}

TEST_F(PamModule, LosesNoMemory) {
  if (CHOS_TEST_SANITIZED) GTEST_SKIP() << "the sanitizer has its own allocator, and counts itself";
  const auto used = [] { return static_cast<long>(::mallinfo2().uordblks); };
  for (int i = 0; i < 10; ++i) session(line());
  const long before = used();
  for (int i = 0; i < 100; ++i) session(line());
  EXPECT_LT(used() - before, 100000) << "bytes for 100 sessions";
}

TEST_F(PamModule, ABusyApplication) {
  std::atomic<bool> done{false};
  std::vector<std::thread> busy;
  for (int i = 0; i < 8; ++i)
    busy.emplace_back([&done] {
      while (!done) std::vector<std::string>(100, std::string(100, 'x')).clear();
    });
  for (int i = 0; i < 20; ++i) {
    const Session moved = session(line());
    EXPECT_EQ(moved.open, PAM_SUCCESS);
    EXPECT_EQ(moved.chos, "trixie");
    EXPECT_TRUE(moved.said.empty());
  }
  done = true;
  for (auto& thread : busy) thread.join();
  EXPECT_TRUE(no_child_left());
}

TEST_F(PamModule, ChildrenOfTheApplication) {
  struct sigaction before {
  }, action{};
  action.sa_handler = SIG_IGN;
  ::sigaction(SIGCHLD, &action, &before);
  EXPECT_EQ(session(line()).chos, "trixie") << "SIGCHLD ignored";
  action.sa_handler = [](int) { ++children_seen; };
  ::sigaction(SIGCHLD, &action, nullptr);
  children_seen = 0;
  for (int i = 0; i < 5; ++i) EXPECT_EQ(session(line()).chos, "trixie");
  EXPECT_EQ(children_seen, 0);
  // The handler works: it sees a child of the application.
  EXPECT_EQ(in_a_process([] { return 0; }), 0);
  EXPECT_EQ(children_seen, 1);
  // Another thread that waits for any child gets only children of the application.
  std::atomic<bool> done{false};
  std::atomic<int> caught{0};
  std::thread waiter([&] {
    while (!done)
      if (::waitpid(-1, nullptr, WNOHANG) > 0) ++caught;
  });
  for (int i = 0; i < 20; ++i) EXPECT_EQ(session(line()).chos, "trixie");
  done = true;
  waiter.join();
  EXPECT_EQ(caught, 0);
  ::sigaction(SIGCHLD, &before, nullptr);
}

TEST_F(PamModule, SignalsAllTheTime) {
  struct sigaction before {
  }, action{};
  action.sa_handler = [](int) {};
  ::sigaction(SIGALRM, &action, &before);  // without SA_RESTART
  const struct itimerval often {
    {0, 500}, { 0, 500 }
  }, never{};
  ::setitimer(ITIMER_REAL, &often, nullptr);
  int good = 0;
  for (int i = 0; i < 20; ++i) good += session(line()).chos == "trixie";
  ::setitimer(ITIMER_REAL, &never, nullptr);
  ::sigaction(SIGALRM, &before, nullptr);
  EXPECT_EQ(good, 20);
}

TEST_F(PamModule, ACancelledThread) {
  if (CHOS_TEST_SANITIZED) GTEST_SKIP() << "libpam loses memory when a thread is cancelled in it";
  std::string chos;
  std::thread thread([this, &chos] {
    ::pthread_cancel(::pthread_self());  // takes effect at the next call where it may
    int before = 0;
    ::pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    write("x", "session required " CHOS_PAM_MODULE + common_);
    const struct pam_conv none { nullptr, nullptr };
    pam_handle_t* handle = nullptr;
    ::pam_start_confdir("x", account_->name.c_str(), &none, directory().c_str(), &handle);
    const int loaded = ::pam_close_session(handle, 0);
    ::pthread_setcancelstate(before, nullptr);
    (void)loaded;
    // PAM itself has cancellation points; its file has been read already.
    ::pam_open_session(handle, 0);
    ::pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    if (const char* value = ::pam_getenv(handle, "CHOS")) chos = value;
    ::pam_end(handle, 0);
  });
  thread.join();
  EXPECT_TRUE(no_child_left());
  EXPECT_NE(os(), "/") << "it was not gone half way";
}

TEST_F(PamModule, FewDescriptors) {
  for (rlim_t more = 0; more < 12; ++more) {
    const int result = in_a_process([this, more] {
      // The module is loaded and called once; then only `more` descriptors are free.
      session(line());
      const int next = ::dup(2);
      ::close(next);
      write("limited", line("timeout=2") + "\n");
      Session ignored;
      const struct pam_conv conversation { nullptr, &ignored };
      pam_handle_t* handle = nullptr;
      if (::pam_start_confdir("limited", account_->name.c_str(), &conversation, directory().c_str(),
                              &handle) != PAM_SUCCESS)
        return 2;
      const auto before = process_state();
      const struct rlimit few { static_cast<rlim_t>(next) + more, 4096 };
      ::setrlimit(RLIMIT_NOFILE, &few);
      ::pam_open_session(handle, PAM_SILENT);
      ::pam_close_session(handle, PAM_SILENT);
      const struct rlimit enough { 1024, 4096 };
      ::setrlimit(RLIMIT_NOFILE, &enough);
      if (process_state() != before) return 3;
      return no_child_left() ? 0 : 4;
    });
    EXPECT_EQ(result, 0) << "room for " << more;
  }
}

// Such as a screen locker: no privileges, and the account is its own.
TEST_F(PamModule, WithoutRights) {
  const auto expect = [this] {
    const Session moved = session(line());
    return moved.open == PAM_SUCCESS && moved.chos == "trixie" ? 0 : 2;
  };
  if (::geteuid() != 0) {
    EXPECT_EQ(expect(), 0);
    return;
  }
  // The build directory may be accessible to root only.
  module_ = path("pam_chos.so");
  std::filesystem::copy_file(CHOS_PAM_MODULE, module_);
  ASSERT_EQ(::chmod(module_.c_str(), 0644), 0);
  ASSERT_EQ(::chown(directory().c_str(), account_->uid, account_->gid), 0);
  EXPECT_EQ(in_a_process([&] {
              if (::setresgid(account_->gid, account_->gid, account_->gid) != 0) return 3;
              if (::setresuid(account_->uid, account_->uid, account_->uid) != 0) return 4;
              return expect();
            }),
            0);
  EXPECT_EQ(os(), "/rixie");
}

}  // namespace
}  // namespace chos::test
