// SPDX-License-Identifier: BSD-3-Clause
// chos, as users run it.
#include <nlohmann/json.hpp>

#include "program_fixture.h"

namespace chos::test {
namespace {

class Chos : public Program {
 protected:
  Ran chos(const std::string& arguments, const std::string& before = "") {
    return shell(before + " '" CHOS_TEST_PROGRAM "' " + arguments);
  }
};

TEST_F(Chos, HelpAndVersion) {
  EXPECT_EQ(chos("--version").out.rfind("chos 1.", 0), 0u);
  const auto help = chos("--help");
  EXPECT_EQ(help.status, 0);
  EXPECT_NE(help.out.find("chos -o trixie make"), std::string::npos);
  EXPECT_NE(help.out.find("chos --list --plain"), std::string::npos);
  EXPECT_EQ(chos("--nope").status, 126);
}

TEST_F(Chos, TheInstalledProgramHasNoOptionForTests) {
  for (const std::string option : {"--allowlist", "--config", "--proc"}) {
    const auto ran = shell("'" CHOS_PROGRAM "' " + option + " x --version");
    EXPECT_EQ(ran.status, 126) << option;
    EXPECT_NE(ran.err.find(option), std::string::npos) << ran.err;
  }
  EXPECT_EQ(shell("'" CHOS_PROGRAM "' --version").out, chos("--version").out);
}

TEST_F(Chos, WithoutAModule) {
  const auto ran = shell("CHOS_TEST_PROC=nowhere '" CHOS_TEST_PROGRAM "' true");
  EXPECT_EQ(ran.status, 126);
  EXPECT_NE(ran.err.find("is not loaded"), std::string::npos);
  EXPECT_NE(ran.err.find("chosctl up"), std::string::npos);
  EXPECT_EQ(shell("CHOS_TEST_PROC=nowhere '" CHOS_TEST_PROGRAM "' --current").status, 126);
  EXPECT_EQ(shell("CHOS_TEST_PROC=nowhere '" CHOS_TEST_PROGRAM "' --ps").status, 126);
}

TEST_F(Chos, RunsACommand) {
  if (!is_root()) GTEST_SKIP() << "needs a list that is root's";
  auto ran = chos("-o trixie sh -c 'echo $CHOS; pwd; echo \"$@\"; exit 7' sh -o x -- --list", "KEPT=1");
  EXPECT_EQ(ran.status, 7) << ran.err;
  EXPECT_EQ(ran.out, "trixie\n" + directory() + "\n-o x -- --list\n");
  EXPECT_EQ(entered().rfind("trixie", 0), 0u);
  EXPECT_EQ(chos("-o trixie -- echo -n x").out, "x");
  EXPECT_EQ(chos("sh -c 'echo $KEPT$CHOS'", "KEPT=1 CHOS=").out, "1trixie\n");  // by default
  EXPECT_EQ(chos("sh -c 'echo $CHOS'", "CHOS=/os/trixie").out, "trixie\n");
  write("home/.chos", "base\n");
  write("kernel/setchos", "/\n");
  EXPECT_EQ(chos("sh -c 'echo $CHOS'").out, "base\n");
  EXPECT_EQ(entered(), "/\n");  // there is no OS to leave
}

TEST_F(Chos, StatusesOfCommandsThatDoNotStart) {
  if (!is_root()) GTEST_SKIP() << "needs a list that is root's";
  auto ran = chos("-o trixie no-such-command-at-all");
  EXPECT_EQ(ran.status, 127);
  EXPECT_NE(ran.err.find("'no-such-command-at-all' is not found in trixie"), std::string::npos);
  EXPECT_EQ(chos("-o trixie ./none").status, 127);
  EXPECT_EQ(chos("-o trixie list/none").status, 127);
  EXPECT_EQ(chos("-o trixie ./list").status, 126);  // not executable
  EXPECT_EQ(chos("-o trixie /etc").status, 126);
  write("script", "#!/no/such/interpreter\n");
  ASSERT_EQ(::chmod(path("script").c_str(), 0755), 0);
  ran = chos("-o trixie ./script");
  EXPECT_EQ(ran.status, 126);
  EXPECT_NE(ran.err.find("interpreter"), std::string::npos);
}

TEST_F(Chos, RefusesWhatIsNotAllowed) {
  if (!is_root()) GTEST_SKIP() << "needs a list that is root's";
  auto ran = chos("-o nope echo wrong");
  EXPECT_EQ(ran.status, 126);
  EXPECT_EQ(ran.out, "");
  EXPECT_NE(ran.err.find("-o names 'nope'"), std::string::npos);
  EXPECT_NE(ran.err.find("you may enter: trixie and base"), std::string::npos);
  EXPECT_EQ(chos("echo wrong", "CHOS=sl6").status, 126);
  EXPECT_EQ(chos("-o lab echo wrong").status, 126);
  EXPECT_EQ(chos("-o '' echo wrong").status, 126);
  EXPECT_EQ(entered(), "/\n");
  // The kernel makes the final decision.
  ASSERT_EQ(::unlink(path("kernel/setchos").c_str()), 0);
  EXPECT_EQ(chos("-o trixie echo wrong").status, 126);
}

TEST_F(Chos, AUserFileThatCannotBeUsed) {
  if (!is_root()) GTEST_SKIP() << "needs a list that is root's";
  ASSERT_EQ(::mkfifo(path("home/.chos").c_str(), 0600), 0);
  auto ran = chos("echo wrong");
  EXPECT_EQ(ran.status, 126);
  EXPECT_NE(ran.err.find("is a FIFO"), std::string::npos) << ran.err;
  EXPECT_EQ(chos("-o trixie echo right").out, "right\n");
  ASSERT_EQ(::unlink(path("home/.chos").c_str()), 0);
  write("home/.chos", "");
  ran = chos("echo right");
  EXPECT_EQ(ran.out, "right\n");
  EXPECT_NE(ran.err.find("is empty"), std::string::npos) << ran.err;
}

TEST_F(Chos, ALostWorkingDirectory) {
  if (!is_root()) GTEST_SKIP() << "needs a list that is root's";
  const std::string base = "'" CHOS_TEST_PROGRAM "' -o trixie sh -c pwd";
  auto ran = shell("mkdir gone && cd gone && rmdir ../gone && '" CHOS_TEST_PROGRAM "' -o trixie pwd");
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.out, path("home") + "\n");
  EXPECT_NE(ran.err.find("cannot be reached in trixie"), std::string::npos) << ran.err;
  // The name that the user has for it is kept.
  ran = shell("mkdir real && ln -s real alias && cd alias && " + base);
  EXPECT_EQ(ran.out, path("alias") + "\n");
}

TEST_F(Chos, ALoginShellIsClean) {
  if (!is_root()) GTEST_SKIP() << "needs a list that is root's";
  const auto ran = shell("echo 'echo $0; env' | KEPT=1 TERM=vt52 '" CHOS_TEST_PROGRAM "' -o trixie");
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_NE(ran.out.find("TERM=vt52\n"), std::string::npos);
  EXPECT_NE(ran.out.find("CHOS=trixie\n"), std::string::npos);
  EXPECT_EQ(ran.out.find("KEPT="), std::string::npos);
  EXPECT_EQ(ran.out.rfind("-", 0), 0u) << ran.out;
}

TEST_F(Chos, ListsAndTells) {
  if (!is_root()) GTEST_SKIP() << "needs a list that is root's";
  const auto list = nlohmann::json::parse(chos("--list --json").out);
  ASSERT_EQ(list["oses"].size(), 3u);
  EXPECT_EQ(list["oses"][0]["name"], "trixie");
  EXPECT_EQ(list["oses"][0]["default"], true);
  EXPECT_EQ(list["oses"][1]["may_enter"], false);
  EXPECT_NE(chos("--list").out.find("trixie (default)"), std::string::npos);

  write("kernel/setchos", "trixie\n");
  EXPECT_EQ(chos("--current").out, "trixie\n");
  EXPECT_EQ(nlohmann::json::parse(chos("--current --json").out)["path"], "/os/trixie");

  const auto ps = nlohmann::json::parse(chos("--ps --json").out);
  ASSERT_EQ(ps.size(), 1u);
  EXPECT_EQ(ps[0]["pid"], ::getpid());
  EXPECT_NE(chos("--ps").out.find("trixie"), std::string::npos);

  auto why = chos("--why --json -o sl6");
  EXPECT_EQ(why.status, 126);
  EXPECT_EQ(nlohmann::json::parse(why.out)["steps"][0]["verdict"], "refused");
  why = chos("--why");
  EXPECT_EQ(why.status, 0);
  EXPECT_NE(why.out.find("> site default"), std::string::npos) << why.out;
}

TEST_F(Chos, SetWritesTheUserFile) {
  if (!is_root()) GTEST_SKIP() << "needs a list that is root's";
  auto ran = chos("--set trixie");
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(read("home/.chos"), "trixie\n");
  ran = chos("--set sl6");
  EXPECT_EQ(ran.status, 0);
  EXPECT_NE(ran.err.find("is closed now"), std::string::npos);
  EXPECT_EQ(read("home/.chos"), "sl6\n");
  ran = chos("--set nope");
  EXPECT_EQ(ran.status, 126);
  EXPECT_EQ(read("home/.chos"), "sl6\n");
  EXPECT_EQ(chos("--set base").status, 0);
  EXPECT_EQ(read("home/.chos"), "base\n");
}

TEST_F(Chos, ABrokenListLeavesNamesToTheKernel) {
  if (!is_root()) GTEST_SKIP() << "needs a list that is root's";
  write("list", "trixie:/os/trixie\nbroken\n");
  auto ran = chos("-o trixie echo right");
  EXPECT_EQ(ran.out, "right\n");
  EXPECT_NE(ran.err.find("list:2: expected name:path"), std::string::npos) << ran.err;
  EXPECT_EQ(chos("echo wrong").status, 126);  // the default is not known
  EXPECT_EQ(chos("--list").status, 126);
}

}  // namespace
}  // namespace chos::test
