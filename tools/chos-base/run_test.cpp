// SPDX-License-Identifier: BSD-3-Clause
// chos-base: parsing its name and arguments, finding a command, and the built program.
#include "chos-base/run.h"

#include "basic/program_search.h"
#include "basic/version.h"
#include "program_fixture.h"

namespace chos::test {
namespace {

class ChosBase : public Program {
 protected:
  void SetUp() override {
    Program::SetUp();
    for (const char* name : {"bin", "bin2", "links"}) ASSERT_EQ(::mkdir(path(name).c_str(), 0755), 0);
  }
  void program(const std::string& name, const std::string& text, mode_t mode = 0755) {
    write(name, "#!/bin/sh\n" + text + "\n");
    ASSERT_EQ(::chmod(path(name).c_str(), mode), 0);
  }
  void link(const std::string& name, const std::string& target = CHOS_BASE_TEST_PROGRAM) {
    ASSERT_EQ(::symlink(target.c_str(), path(name).c_str()), 0);
  }
  Ran base(const std::string& words, const std::string& before = "") {
    return shell(before + " '" CHOS_BASE_TEST_PROGRAM "' " + words);
  }
  void in_os() { write("kernel/setchos", "trixie\n"); }
  std::string both() const { return path("bin") + ":" + path("bin2"); }
};

TEST_F(ChosBase, ByItsNameOrAnother) {
  const auto request = [](const std::vector<std::string>& argv) {
    return std::get<base::Request>(base::parse_options(argv));
  };
  auto one = request({"/usr/local/bin/sbatch", "--help", "--", "--proc", "x"});
  EXPECT_EQ(one.command, "sbatch");
  EXPECT_EQ(one.arguments.size(), 5u);
  EXPECT_EQ(one.arguments.front(), "/usr/local/bin/sbatch");
  one = request({"chos-base", "qsub", "-x", "--help"});
  EXPECT_EQ(one.command, "qsub");
  EXPECT_EQ(one.arguments, (std::vector<std::string>{"qsub", "-x", "--help"}));
  EXPECT_EQ(request({"/x/chos-base", "--", "-odd"}).command, "-odd");
  for (const std::vector<std::string>& bad :
       std::vector<std::vector<std::string>>{{},
                                             {""},
                                             {"/usr/bin/"},
                                             {"chos-base"},
                                             {"chos-base", ""},
                                             {"chos-base", "--"},
                                             {"chos-base", "--nope", "true"}})
    EXPECT_EQ(std::get<int>(base::parse_options(bad)), 126);
}

TEST_F(ChosBase, NamesOfDirectories) {
  EXPECT_EQ(base::name_in_base("/home/alice"), "/home/alice");
  EXPECT_EQ(base::name_in_base("/local"), "/");
  EXPECT_EQ(base::name_in_base("/local/etc"), "/etc");
  EXPECT_EQ(base::name_in_base("/localx/etc"), "/localx/etc");
}

TEST_F(ChosBase, SearchPath) {
  const std::string standard = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  EXPECT_EQ(base::search_path(nullptr), standard);
  EXPECT_EQ(base::search_path(""), standard);
  EXPECT_EQ(base::search_path("/opt/slurm/bin"), "/opt/slurm/bin:" + standard);
}

TEST_F(ChosBase, FindsTheFirstThatIsNotItself) {
  const auto self = identity_of(CHOS_BASE_TEST_PROGRAM);
  ASSERT_TRUE(self);
  link("bin/one");
  program("bin2/one", "");
  auto found = find_command("one", both(), self);
  EXPECT_EQ(found.file, path("bin2/one"));
  EXPECT_TRUE(found.itself);
  // Through another link; a copy elsewhere; no other program.
  link("bin/two", "one");
  found = find_command("two", both(), self);
  EXPECT_EQ(found.file, "");
  EXPECT_TRUE(found.itself);
  write("links/chos-base", "");
  ASSERT_EQ(::chmod(path("links/chos-base").c_str(), 0755), 0);
  link("bin/three", path("links/chos-base"));
  EXPECT_EQ(find_command("three", both(), self).file, "");
  // Links that lead nowhere, directories, files that are no programs.
  link("bin/four", "/local/usr/bin/chos-base");
  ASSERT_EQ(::mkdir(path("bin/five").c_str(), 0755), 0);
  program("bin/six", "", 0644);
  for (const char* name : {"four", "five", "six"}) program(std::string("bin2/") + name, "");
  for (const char* name : {"four", "five", "six"}) {
    found = find_command(name, both(), self);
    EXPECT_EQ(found.file, path(std::string("bin2/") + name));
    EXPECT_FALSE(found.itself);
  }
  EXPECT_EQ(find_command("six", path("bin"), self).denied, path("bin/six"));
  // Only absolute directories: the others would mean something else where the search is made.
  program("bin/seven", "");
  const auto here = std::filesystem::current_path();
  std::filesystem::current_path(directory());
  EXPECT_EQ(find_command("seven", ":.:bin", self).file, "");
  EXPECT_EQ(find_command("seven", ":bin:" + path("bin"), self).file, path("bin/seven"));
  std::filesystem::current_path(here);
}

TEST_F(ChosBase, LeavesAndKeepsEverything) {
  in_os();
  program("bin/show",
          "echo \"$CHOS|$KEPT|$LD_LIBRARY_PATH|$PWD\"; pwd; printf '<%s>' \"$0\" \"$@\"; "
          "cat; exit 7");
  const auto ran = base("show 'a  b' '' -h -- '$x'",
                        "echo in | PATH='" + path("bin") + "':$PATH KEPT=1 LD_LIBRARY_PATH=/nowhere");
  EXPECT_EQ(ran.status, 7) << ran.err;
  EXPECT_EQ(ran.out, "trixie|1|/nowhere|" + directory() + "\n" + directory() + "\n<" + path("bin/show") +
                         "><a  b><><-h><--><$x>in\n");
  EXPECT_EQ(ran.err, "");
  EXPECT_EQ(entered().rfind('/', 0), 0u) << entered();
}

TEST_F(ChosBase, WhatBecomesOfChos) {
  in_os();
  EXPECT_EQ(base("sh -c 'echo $CHOS'").out, "trixie\n");
  in_os();
  EXPECT_EQ(base("sh -c 'echo $CHOS'", "CHOS=").out, "trixie\n");
  in_os();
  EXPECT_EQ(base("sh -c 'echo $CHOS'", "CHOS=bullseye").out, "bullseye\n");
  in_os();
  EXPECT_EQ(base("sh -c 'echo $CHOS'", "CHOS=base").out, "base\n");
  // In the base OS there is no OS to leave and nothing is set.
  write("kernel/setchos", "/\n");
  EXPECT_EQ(base("sh -c 'echo \"<${CHOS-unset}>\"'").out, "<unset>\n");
  EXPECT_EQ(base("sh -c 'echo \"<${CHOS-unset}>\"'", "CHOS=").out, "<>\n");
  // Nor where there is no module.
  EXPECT_EQ(shell("CHOS_TEST_PROC=nowhere '" CHOS_BASE_TEST_PROGRAM "' sh -c 'echo \"<$CHOS>\"'").out,
            "<>\n");
}

TEST_F(ChosBase, LinkedToAName) {
  link("links/show");
  link("links/absent");
  program("bin/show", "printf '<%s>' \"$@\"; exit 3");
  const std::string set_up = "export PATH='" + path("links") + ":" + path("bin") + "':$PATH; ";
  auto ran = shell(set_up + "show --version --help --proc x");
  EXPECT_EQ(ran.status, 3) << ran.err;
  EXPECT_EQ(ran.out, "<--version><--help><--proc><x>");
  // It does not find and execute itself endlessly.
  ran = shell(set_up + "timeout 20 absent x");
  EXPECT_EQ(ran.status, 127);
  EXPECT_NE(ran.err.find("'absent' is not found in the base OS, except for a link"), std::string::npos)
      << ran.err;
}

TEST_F(ChosBase, WhatCannotBeRun) {
  const auto refused = [this](const Ran& ran, int status, const std::string& why) {
    EXPECT_EQ(ran.status, status) << why;
    EXPECT_EQ(ran.out, "");
    EXPECT_NE(ran.err.find(why), std::string::npos) << ran.err;
    EXPECT_EQ(ran.err.rfind("chos-base: ", 0), 0u) << ran.err;
    EXPECT_EQ(std::count(ran.err.begin(), ran.err.end(), '\n'), 1) << ran.err;
  };
  in_os();
  refused(base("no-such-command-at-all"), 127, "an administrator can install or link it there");
  refused(base("./none"), 127, "a path is looked up there, not in the OS");
  program("bin/data", "", 0644);
  refused(base("data", "PATH='" + path("bin") + "'"), 126, "may not be executed");
  refused(base("./list"), 126, "cannot be run");
  refused(base(""), 126, "no command");
  refused(base("--nope"), 126, "unknown option '--nope'");
  in_os();
  refused(shell("mkdir gone; cd gone; rmdir ../gone; '" CHOS_BASE_TEST_PROGRAM "' echo wrong"), 126,
          "the working directory cannot be reached");
  // The kernel says no, or cannot be asked.
  in_os();
  ASSERT_EQ(::chmod(path("kernel/setchos").c_str(), 0444), 0);
  if (!is_root()) refused(base("echo wrong"), 126, "'trixie' cannot be left");
  ASSERT_EQ(::unlink(path("kernel/setchos").c_str()), 0);
  ASSERT_EQ(::mkdir(path("kernel/setchos").c_str(), 0755), 0);
  refused(base("echo wrong"), 126, "'echo' was not run");
}

TEST_F(ChosBase, TheDirectoryAsTheUserNamesIt) {
  in_os();
  const auto ran =
      shell("mkdir real && ln -s real alias && cd alias && '" CHOS_BASE_TEST_PROGRAM "' sh -c pwd");
  EXPECT_EQ(ran.out, path("alias") + "\n");
}

TEST_F(ChosBase, TheInstalledProgramHasNoOptionForTests) {
  in_os();
  const auto ran = shell("'" CHOS_BASE_PROGRAM "' --proc kernel true");
  EXPECT_EQ(ran.status, 126);
  EXPECT_NE(ran.err.find("unknown option '--proc'"), std::string::npos) << ran.err;
  EXPECT_EQ(shell("'" CHOS_BASE_PROGRAM "' echo fine").out, "fine\n");
  EXPECT_EQ(entered(), "trixie\n") << "it knows no other directory than /proc/chos";
}

TEST_F(ChosBase, HelpAndVersion) {
  EXPECT_EQ(base("--version").out.rfind("chos-base 1.", 0), 0u);
  const auto help = base("--help");
  EXPECT_EQ(help.status, 0);
  EXPECT_NE(help.out.find("chos-base sbatch job.sh"), std::string::npos);
  // Where it is in an OS, as it was installed; what follows stays in its column.
  const std::string link = "  ln -s /local" + std::string(base_program) + " ~/bin/squeue";
  const auto at = help.out.find(link);
  ASSERT_NE(at, std::string::npos) << help.out;
  EXPECT_EQ(help.out.substr(at + link.size(), 2), "  ");
}

TEST_F(ChosBase, ThePersonalityDoesNotGoAlong) {
  in_os();
  const auto inside = shell("setarch i386 '" CHOS_BASE_TEST_PROGRAM "' uname -m");
  if (inside.err.find("not found") != std::string::npos) GTEST_SKIP() << "no setarch here";
  EXPECT_EQ(inside.out, shell("uname -m").out);
  write("kernel/setchos", "/\n");
  EXPECT_EQ(shell("setarch i386 '" CHOS_BASE_TEST_PROGRAM "' uname -m").out,
            shell("setarch i386 uname -m").out);
  // Flags are the user's choice and stay.
  in_os();
  EXPECT_EQ(shell("setarch i386 -R '" CHOS_BASE_TEST_PROGRAM "' cat /proc/self/personality").out,
            "00040000\n");
}

}  // namespace
}  // namespace chos::test
