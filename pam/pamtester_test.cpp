// SPDX-License-Identifier: BSD-3-Clause
// pam_chos.so under pam_wrapper and nss_wrapper, with pamtester as the application: accounts and
// services of a machine that does not exist.
#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "basic/files.h"
#include "process_state.h"
#include "scratch.h"

namespace chos::test {
namespace {

class PamTester : public Scratch {
 protected:
  void SetUp() override {
    Scratch::SetUp();
    if (CHOS_TEST_SANITIZED) GTEST_SKIP() << "the sanitizer wants to be the first library that is loaded";
    // Each process under pam_wrapper takes a directory of a few fixed names in /tmp.  Two that start at the
    // same time may take the same one and fail, so one test at a time uses it.
    lock_.reset(::open(CHOS_PAM_MODULE, O_RDONLY | O_CLOEXEC));
    ASSERT_EQ(::flock(lock_.get(), LOCK_EX), 0);
    if (std::system("command -v pamtester >/dev/null && "
                    "! LD_PRELOAD=libpam_wrapper.so:libnss_wrapper.so /bin/true 2>&1 | "
                    "grep -q 'cannot be preloaded'") != 0)
      GTEST_SKIP() << "needs pamtester, libpam-wrapper and libnss-wrapper";
    ASSERT_EQ(::chmod(directory().c_str(), 0755), 0);
    for (const char* name : {"pam.d", "proc", "homes", "homes/anna", "homes/root"})
      ASSERT_EQ(::mkdir(path(name).c_str(), 0755), 0);
    const std::string uid = std::to_string(::geteuid() == 0 ? 2000 : ::geteuid());
    const std::string gid = std::to_string(::geteuid() == 0 ? 2000 : ::getegid());
    write("passwd", "anna:x:" + uid + ":" + gid + "::" + path("homes/anna") + ":/bin/sh\n" +
                        "root:x:0:0::" + path("homes/root") + ":/bin/sh\n");
    write("group",
          "anna:x:" + gid + ":\nphysics:x:" + (::geteuid() == 0 ? "2001" : gid) + ":anna\nroot:x:0:\n");
    write("chos", "trixie:/os/trixie\nsl6:/os/sl6:groups=physics\nlab:/os/lab:groups=4294967294\n");
    ASSERT_EQ(::chmod(path("chos").c_str(), 0644), 0);
    write("proc/setchos", "/");
    ASSERT_EQ(::chmod(path("proc/setchos").c_str(), 0666), 0);
    service("");
  }
  void service(const std::string& options) {
    write("pam.d/sshd",
          "auth required pam_permit.so\naccount required pam_permit.so\n"
          "session required pam_permit.so\n"
          "session [success=ok ignore=ignore module_unknown=ignore default=die] " CHOS_PAM_MODULE
          " min_uid=1 proc=" +
              path("proc") + " allowlist=" + path("chos") + " " + options + "\n");
  }
  void choose(const std::string& name) { write("homes/anna/.chos", name + "\n"); }

  /// Returns the exit status and sets `said_` to the output.
  int tester(const std::string& words) {
    const std::string command =
        "LD_PRELOAD=libpam_wrapper.so:libnss_wrapper.so PAM_WRAPPER=1 PAM_WRAPPER_SERVICE_DIR=" +
        path("pam.d") + " NSS_WRAPPER_PASSWD=" + path("passwd") + " NSS_WRAPPER_GROUP=" + path("group") +
        " pamtester " + words + " 2>&1";
    said_.clear();
    FILE* pipe = ::popen(command.c_str(), "r");
    std::array<char, 4096> buffer;
    while (std::size_t got = std::fread(buffer.data(), 1, buffer.size(), pipe))
      said_.append(buffer.data(), got);
    const int status = ::pclose(pipe);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  /// Returns what was last written to the module, and clears it.
  std::string os() {
    const std::string now = read("proc/setchos");
    write("proc/setchos", "/");
    return now;
  }

  std::string said_;

 private:
  UniqueFd lock_;
};

TEST_F(PamTester, OpensAndCloses) {
  choose("trixie");
  EXPECT_EQ(tester("sshd anna open_session"), 0) << said_;
  EXPECT_EQ(os(), "trixie");
  EXPECT_EQ(tester("sshd anna open_session close_session"), 0) << said_;
  EXPECT_EQ(os(), "/rixie") << "left again";
  EXPECT_NE(said_.find("successfully opened a session"), std::string::npos) << said_;
  EXPECT_EQ(said_.find("chos:"), std::string::npos) << said_;
}

TEST_F(PamTester, GroupsOfTheUser) {
  choose("sl6");
  EXPECT_EQ(tester("sshd anna open_session"), 0) << said_;
  EXPECT_EQ(os(), "sl6") << said_;
  choose("lab");
  EXPECT_EQ(tester("sshd anna open_session"), 0) << said_;
  EXPECT_EQ(os(), "/");
  EXPECT_NE(said_.find("'lab' is for the members of"), std::string::npos) << said_;
}

TEST_F(PamTester, TellsAndGoesOnOrRefuses) {
  choose("sarge");
  EXPECT_EQ(tester("sshd anna open_session"), 0) << said_;
  EXPECT_NE(said_.find("chos: " + path("homes/anna/.chos") + " names 'sarge', which is not in"),
            std::string::npos)
      << said_;
  EXPECT_NE(said_.find("this session is in the base OS"), std::string::npos) << said_;
  service("on_error=deny");
  EXPECT_NE(tester("sshd anna open_session"), 0) << said_;
  EXPECT_NE(said_.find("the session is refused"), std::string::npos) << said_;
  EXPECT_EQ(os(), "/");
}

TEST_F(PamTester, AFifo) {
  ASSERT_EQ(::mkfifo(path("homes/anna/.chos").c_str(), 0666), 0);
  EXPECT_EQ(tester("sshd anna open_session"), 0) << said_;
  EXPECT_NE(said_.find("is a FIFO"), std::string::npos) << said_;
}

TEST_F(PamTester, RootAlwaysGetsIn) {
  service("on_error=deny");
  write("homes/root/.chos", "sarge\n");
  EXPECT_EQ(tester("sshd root open_session close_session"), 0) << said_;
  EXPECT_EQ(said_.find("chos:"), std::string::npos) << said_;
  EXPECT_EQ(os(), "/");
}

}  // namespace
}  // namespace chos::test
