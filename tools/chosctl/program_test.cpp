// SPDX-License-Identifier: BSD-3-Clause
// chosctl, as people run it.
#include <nlohmann/json.hpp>

#include "program_fixture.h"

namespace chos::test {
namespace {

TEST_F(Program, HelpAndVersion) {
  EXPECT_EQ(chosctl("--help").status, 0);
  EXPECT_EQ(chosctl("nope").status, 2);
  EXPECT_EQ(chosctl("").status, 2);
}

TEST_F(Program, UnknownWordsAreNamed) {
  struct Line {
    const char *words, *what, *page;
  };
  for (const auto& [words, what, page] :
       std::vector<Line>{{"foo", "there is no command 'foo'", "chosctl --help"},
                         {"os foo", "there is no command 'os foo'", "chosctl os --help"},
                         {"os foo trixie --json", "there is no command 'os foo'", "chosctl os --help"},
                         {"os up", "there is no command 'os up'", "chosctl os --help"},
                         {"pam foo", "there is no command 'pam foo'", "chosctl pam --help"},
                         {"batch foo slurm", "there is no command 'batch foo'", "chosctl batch --help"},
                         {"--foo", "not expected: --foo", "chosctl --help"},
                         {"--proc", "not expected: --proc", "chosctl --help"},
                         {"pam --pam-dir", "not expected: --pam-dir", "chosctl pam --help"},
                         {"batch --root", "not expected: --root", "chosctl batch --help"},
                         {"os --foo", "not expected: --foo", "chosctl os --help"},
                         {"os", "subcommand is required", "chosctl os --help"},
                         {"os add", "NAME is required", "chosctl os add --help"},
                         {"os add --foo trixie", "not expected: --foo", "chosctl os add --help"},
                         {"os list foo", "not expected: foo", "chosctl os list --help"},
                         {"up --force", "not expected: --force", "chosctl up --help"}}) {
    const auto ran = shell("'" CHOSCTL_PROGRAM "' " + std::string(words));
    EXPECT_EQ(ran.status, 2) << words;
    EXPECT_NE(ran.err.find(what), std::string::npos) << words << ": " << ran.err;
    EXPECT_NE(ran.err.find("  see: " + std::string(page) + "\n"), std::string::npos)
        << words << ": " << ran.err;
    EXPECT_EQ(shell("'" CHOSCTL_PROGRAM "' " + std::string(page + 8)).status, 0) << page;
  }
}

TEST_F(Program, CommandsOfRootAreRepeatedAsTheyWereGiven) {
  const auto as_nobody = [this](const std::string& words) {
    return shell("cp '" CHOSCTL_PROGRAM "' chosctl && chmod 755 . && " +
                 std::string(is_root() ? "setpriv --reuid=65534 --regid=65534 --clear-groups " : "") +
                 "./chosctl --allowlist list " + words);
  };
  for (const std::string words :
       {"up", "watch", "down --force", "os add trixie debian:trixie --include gcc,make",
        "os add el9 'rpm:/srv/my el9.repo#bash'", "os close trixie", "os base trixie sudo", "os verify",
        "os verify trixie", "os pack trixie /srv/trixie.squashfs", "pam enable sshd --deny",
        "batch enable slurm"}) {
    const auto ran = as_nobody(words);
    EXPECT_EQ(ran.status, 1) << words;
    EXPECT_EQ(ran.err, "chosctl: only root can do this\nchosctl:   run: sudo chosctl --allowlist list " +
                           words + "\n");
  }
  for (const std::string words : {"os list", "os base trixie", "batch status"})
    EXPECT_EQ(as_nobody(words).err.find("only root"), std::string::npos) << words;
  // Whoever is root in an OS.
  if (!is_root()) return;
  write("kernel/setchos", "trixie\n");
  EXPECT_NE(chosctl("os verify 'it'\\''s'", "kernel")
                .err.find("  run: chos -o base chosctl --allowlist list os verify 'it'\\''s'\n"),
            std::string::npos);
}

TEST_F(Program, ChosctlWhereNothingIs) {
  if (::access("/proc/chos", F_OK) == 0) GTEST_SKIP() << "this machine has the module";
  const auto status = chosctl("status --json");
  EXPECT_EQ(status.status, 3);
  EXPECT_EQ(nlohmann::json::parse(status.out)["state"], "down");
  EXPECT_NE(chosctl("--config nowhere status").err.find("there is no file nowhere"), std::string::npos);
  const auto doctor = chosctl("doctor --json");
  EXPECT_EQ(doctor.status, 1);
  EXPECT_EQ(nlohmann::json::parse(doctor.out)["findings"][0]["subject"], "module");
  // A fresh node: what is missing is an OS.
  EXPECT_NE(
      shell("'" CHOSCTL_PROGRAM "' --allowlist nowhere doctor").out.find("run: chosctl os add NAME SOURCE"),
      std::string::npos);
  write("conf", "[farm]\nroot = 1\n");
  ASSERT_EQ(::chmod(path("conf").c_str(), 0644), 0);
  const auto up = chosctl("up");
  EXPECT_EQ(up.status, 1);
  EXPECT_NE(up.err.find(is_root() ? "conf:2: unknown key 'root'" : "belongs to uid"), std::string::npos)
      << up.err;
}

}  // namespace
}  // namespace chos::test
