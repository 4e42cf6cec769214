// SPDX-License-Identifier: BSD-3-Clause
// What spank_chos does, without Slurm and without the module: a directory stands for /proc/chos.
#include "spank/step.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <chrono>

#include "program_fixture.h"

namespace chos::test {
namespace {

using spank::Asked;

class Spank : public Program {
 protected:
  void SetUp() override {
    Program::SetUp();
    if (!is_root()) GTEST_SKIP() << "needs a list that is root's";
    paths_ = {path("list"), path("kernel"), path("log")};
    ASSERT_EQ(::chdir(path("home").c_str()), 0);
  }
  void TearDown() override {
    (void)!::chdir("/");
    Program::TearDown();
  }
  void no_default() {
    write("list", "trixie:/os/trixie\nsl6:/os/sl6:closed\n");
    ASSERT_EQ(::chmod(path("list").c_str(), 0644), 0);
  }
  // The NAME of the OS that a task enters, or the reason why it does not.
  std::string enters(const Asked& asked) {
    write("kernel/setchos", "/\n");
    const auto os = spank::enter(asked, path("home"), paths_);
    return os ? *os : "error: " + os.error().what;
  }
  std::string carries(const Asked& asked) {
    const auto submission = spank::at_submission(asked, paths_);
    return submission ? submission->chos + "|" + submission->carried : "error: " + submission.error().what;
  }

  Paths paths_;
};

TEST_F(Spank, TheSubmissionCarriesWhatTheSubmitterChose) {
  EXPECT_EQ(carries({"trixie", "sl6", ""}), "trixie|option:trixie");
  EXPECT_EQ(carries({"/os/trixie", "", ""}), "trixie|option:trixie");
  EXPECT_EQ(carries({"base", "trixie", ""}), "base|option:base");
  EXPECT_EQ(carries({{}, "trixie", ""}), "|environment:trixie");
  EXPECT_EQ(carries({{}, "", ""}), "|") << "the nodes know their default";
}

TEST_F(Spank, AStepInheritsFromItsJobUnlessItAsksForMore) {
  EXPECT_EQ(carries({{}, "", "option:trixie"}), "trixie|option:trixie");
  EXPECT_EQ(carries({{}, "base", "option:trixie"}), "|environment:base");
  EXPECT_EQ(carries({"base", "trixie", "option:trixie"}), "base|option:base");
  EXPECT_EQ(carries({{}, "", "environment:trixie"}), "|environment:trixie");
}

TEST_F(Spank, ANameIsRefusedBeforeAnythingIsSubmitted) {
  EXPECT_EQ(carries({"sarge", "", ""}), "error: --chos names 'sarge', which is not in /etc/chos");
  EXPECT_EQ(carries({{}, "sarge", ""}), "error: $CHOS names 'sarge', which is not in /etc/chos");
  EXPECT_EQ(carries({"sl6", "", ""}), "error: 'sl6' is closed: nobody new may enter");
  EXPECT_EQ(carries({"lab", "", ""}).rfind("error: 'lab' is for the members of", 0), 0u);
  EXPECT_EQ(carries({"", "trixie", ""}), "error: --chos needs the name of an OS");
}

TEST_F(Spank, TheComponentsOfAJobHaveOneOs) {
  EXPECT_EQ(carries({"trixie", "", "", "trixie"}), "trixie|option:trixie");
  EXPECT_EQ(carries({"trixie", "", "", "base"}),
            "error: the components of a heterogeneous job have one OS, but --chos names 'base' and 'trixie'");
  EXPECT_EQ(carries({{}, "trixie", "", "base"}), "|environment:trixie") << "that is asked of Slurm";
}

TEST_F(Spank, ANodeWithoutAListSubmitsAnyName) {
  paths_.allowlist = path("none");
  EXPECT_EQ(carries({"sarge", "", ""}), "sarge|option:sarge");
}

TEST_F(Spank, TheTaskChoosesInOrder) {
  EXPECT_EQ(enters({"trixie", "sl6", ""}), "trixie");
  EXPECT_EQ(entered().rfind("trixie", 0), 0u);
  EXPECT_EQ(enters({{}, "trixie", "environment:sl6"}), "trixie") << "--export=ALL,CHOS=trixie";
  EXPECT_EQ(enters({{}, "", "environment:trixie"}), "trixie") << "--export=NONE";
  EXPECT_EQ(enters({{}, "sl6", "option:trixie"}), "trixie") << "an option that Slurm has lost";
  EXPECT_EQ(enters({{}, "", "nonsense"}), "trixie") << "the site's default";
  EXPECT_EQ(enters({"base", "trixie", ""}), "base");
  EXPECT_EQ(entered(), "/\n") << "there is nothing to leave";
  no_default();
  EXPECT_EQ(enters({{}, "", ""}), "") << "nothing was asked for";
  EXPECT_EQ(entered(), "/\n");
}

TEST_F(Spank, ATaskLeavesForTheBase) {
  write("kernel/setchos", "trixie\n");
  const auto os = spank::enter({"base", "", ""}, path("home"), paths_);
  ASSERT_TRUE(os) << os.error().what;
  EXPECT_EQ(*os, "base");
  EXPECT_EQ(entered().substr(0, 1), "/");
}

TEST_F(Spank, NoTaskWithoutItsOs) {
  EXPECT_EQ(enters({"sarge", "", ""}), "error: --chos names 'sarge', which is not in /etc/chos");
  EXPECT_EQ(enters({{}, "sl6", ""}), "error: 'sl6' is closed: nobody new may enter");
  EXPECT_EQ(entered(), "/\n");
  paths_.proc = path("nothing");
  EXPECT_NE(enters({"trixie", "", ""}).find("error: "), std::string::npos);
  EXPECT_EQ(spank::enter({"base", "", ""}, path("home"), paths_).ok(), true) << "base needs no module";
}

TEST_F(Spank, ATrialChangesNothingHere) {
  EXPECT_TRUE(spank::try_out({"trixie", "", ""}, path("home"), paths_, 5));
  const auto refused = spank::try_out({"sl6", "", ""}, path("home"), paths_, 5);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().what, "'sl6' is closed: nobody new may enter");
  EXPECT_EQ(refused.error().remedy, "you may enter: trixie and base");
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a child is left";
}

TEST_F(Spank, ATrialThatHangsIsGivenUp) {
  ASSERT_EQ(std::filesystem::remove(path("kernel/setchos")), true);
  ASSERT_EQ(::mkfifo(path("kernel/setchos").c_str(), 0600), 0);  // nobody reads from it
  const auto before = std::chrono::steady_clock::now();
  const auto refused = spank::try_out({"trixie", "", ""}, path("home"), paths_, 1);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ETIMEDOUT) << refused.error().what;
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(20));
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a child is left";
}

TEST(SpankArguments, ThereAreNone) {
  EXPECT_TRUE(spank::check_arguments({}));
  for (const std::string word : {"allowlist=/a", "proc=/p", "log=/l", "x"})
    EXPECT_EQ(spank::check_arguments({word}).error().what,
              "unknown argument '" + word + "' in plugstack.conf");
}

}  // namespace
}  // namespace chos::test
