// SPDX-License-Identifier: BSD-3-Clause
// Names and texts from archives, trees, files of users and processes, in everything that chosctl prints.
#include <sys/sysmacros.h>

#include <nlohmann/json.hpp>

#include "basic/child_process.h"
#include "hostile.h"
#include "manage/os_manager_fixture.h"

namespace chos::test {
namespace {

class HostileNames : public ChosctlProgram {
 protected:
  void SetUp() override {
    ChosctlProgram::SetUp();
    if (IsSkipped()) return;
    errors = top + "/err";
    tree = top + "/source/hostile";
    make_usable_tree(tree, hostile);
  }

  // What a command prints, checked.
  std::string said(const Names& words) {
    const int status = finish(start_chosctl(words));
    const std::string command = joined(words);
    EXPECT_LT(status, 124) << command;
    const std::string out = read_text(top + "/out"), err = read_text(errors);
    expect_harmless(out, command);
    expect_harmless(err, command);
    if (words.back() == "--json") {
      EXPECT_TRUE(nlohmann::json::accept(out)) << command << ": " << out;
    }
    return out + err;
  }
  void expect_said(const Names& words, const std::string& what) {
    const auto all = said(words);
    EXPECT_NE(all.find(what), std::string::npos) << joined(words) << ": " << all;
    EXPECT_NE(all.find("forged"), std::string::npos)
        << "the test of " << joined(words) << " tests nothing: " << all;
  }
  // An archive of the tree, with a hostile name of its own.
  std::string packed() {
    const std::string file = top + "/" + hostile + ".tar";
    EXPECT_EQ(std::system(("tar -C '" + tree + "' -cf '" + file + "' .").c_str()), 0);
    return "tar:" + file;
  }
  void refused(const std::string& what) {
    for (const Names& words : {Names{"os", "add", "os", packed()}, Names{"os", "add", "os", "dir:" + tree}})
      expect_said(words, what);
    EXPECT_EQ(trees(), Names{});
  }

  std::string tree;
};

TEST_F(HostileNames, OfAPublishedTree) {
  write_text(tree + "/usr/bin/" + hostile, "#!/bin/sh\n", 04755);
  make_directories(tree + "/lib/" + hostile + "-linux-gnu");
  expect_said({"os", "add", "os", packed()}, "added");
  said({"os", "list"});
  expect_said({"os", "list", "--json"}, "os");
  expect_said({"os", "show", "os"}, "setuid");
  expect_said({"os", "show", "os", "--json"}, "setuid");
  expect_said({"doctor"}, "would give rights");
  expect_said({"doctor", "--json"}, "would give rights");
  said({"status"});
  said({"status", "--json"});
  said({"metrics"});
  write_text(node.config.trees + "/os/usr/bin/" + hostile, "changed");
  expect_said({"os", "verify"}, "1 difference");
  expect_said({"os", "verify", "--json"}, "content");
  expect_said({"os", "replace", "os", packed()}, "replaced");
  expect_said({"os", "show", "os"}, "generation 1");
  if (::access("/usr/bin/mksquashfs", X_OK) == 0) {
    expect_said({"os", "pack", "os", top + "/" + hostile}, "packed");
    expect_said({"os", "pack", "os", top + "/" + hostile}, "exists already");
  }
}

TEST_F(HostileNames, OfTheInterpreter) {
  std::string shell = read_text(tree + "/bin/sh");
  const std::string loader = "/lib64/ld-linux-x86-64.so.2";
  const auto at = shell.find(loader);
  if (at == std::string::npos) GTEST_SKIP() << "the shell of this node has another loader";
  ASSERT_EQ(loader.size(), hostile_loader.size());
  write_text(tree + "/bin/sh", shell.replace(at, loader.size(), hostile_loader), 0755);
  refused("the dynamic loader of its /bin/sh is missing");
  const std::string script = "#!/" + std::string("forged\033]0;t\007\xc2\x9b\xe2\x80\xae\xff");
  write_text(tree + "/bin/sh", script + "\n", 0755);
  refused("its /bin/sh is a script for");
}

TEST_F(HostileNames, OfEntriesThatAreRefused) {
  ASSERT_EQ(::mknod((tree + "/etc/" + hostile).c_str(), S_IFCHR | 0600, makedev(1, 3)), 0);
  expect_said({"os", "add", "os", packed()}, "device");
}

TEST_F(HostileNames, OfSources) {
  for (const char* kind : {"", "tar:", "dir:", "oci:", "image:", "rpm:", "debian:", "docker:"}) {
    expect_said({"os", "add", "os", kind + hostile}, "chosctl: ");
    expect_said({"os", "add", "os", kind + top + "/" + hostile}, "chosctl: ");
  }
  write_text(top + "/" + hostile, hostile);
  for (const char* kind : {"", "tar:", "dir:", "oci:", "image:"})
    expect_said({"os", "add", "os", kind + top + "/" + hostile}, "chosctl: ");
}

TEST_F(HostileNames, OfArguments) {
  for (const Names& words : {Names{hostile},
                             {"--" + hostile},
                             {"os", hostile},
                             {"os", "show", hostile},
                             {"os", "remove", hostile},
                             {"os", "add", hostile, "tar:" + archive("one")},
                             {"os", "add", "os", "tar:" + archive("one"), "--groups", hostile},
                             {"os", "add", "os", "tar:" + archive("one"), "--max-size", hostile},
                             {"os", "verify", hostile},
                             {"pam", "enable", hostile},
                             {"pam", "status", hostile},
                             {"batch", "enable", hostile},
                             {"batch", "status", hostile}})
    expect_said(words, "chosctl: ");
}

TEST_F(HostileNames, OfConfigurationFiles) {
  const std::string conf = read_text(top + "/chos.conf");
  for (const auto& text : Names{"[farm]\n\"x\\u001b]0;t\\u0007\\nchosctl: forged\" = 1\n",
                                "[\"x\\u001b]0;t\\u0007\\nchosctl: forged\"]\n",
                                conf + "dirs = [\"\\u001b]0;t\\u0007\\nchosctl: forged\"]\n",
                                "[farm]\npath = \"/\\nchosctl: forged\\u202e\"\n"}) {
    write_text(top + "/chos.conf", text);
    expect_said({"doctor"}, "");
    expect_said({"status"}, "");
  }
  write_text(top + "/chos.conf", "[farm]\n" + hostile);
  said({"doctor"});
  said({"status"});
  write_text(top + "/chos.conf", conf);
  for (const auto& text : Names{"x:/os/" + hostile + "\n", hostile, "os:/os/os:groups=" + hostile + "\n",
                                "os:/os/os:chosctl: forged\033]0;t\007\n"}) {
    write_text(node.allowlist_file, text);
    for (const Names& words : {Names{"status"}, {"doctor"}, {"doctor", "--json"}, {"os", "list"}})
      said(words);
  }
  expect_said({"doctor"}, "");
  expect_said({"os", "list"}, "");
}

// As with a process that has set its own arguments.
TEST_F(HostileNames, OfProcesses) {
  expect_said({"os", "add", "os", packed()}, "added");
  auto pipe = make_pipe();
  const pid_t process = ::fork();
  if (process == 0) {
    ::dup2(pipe->reader.get(), 0);
    ::execl("/bin/cat", hostile.c_str(), nullptr);
    ::_exit(1);
  }
  pipe->reader.reset();
  kernel = top + "/kernel";
  set_kernel_file("processes", std::to_string(process) + " os\n");
  set_kernel_file("usage", "1 1 os /os/os\n");
  while (read_text("/proc/" + std::to_string(process) + "/cmdline").find("forged") == std::string::npos)
    ASSERT_EQ(::kill(process, 0), 0);
  expect_said({"os", "remove", "os"}, "PID");
  expect_said({"os", "remove", "os", "--json"}, "pid");
  expect_said({"os", "show", "os"}, "PID");
  said({"down"});
  pipe->writer.reset();
  wait_for_child(process);
}

}  // namespace
}  // namespace chos::test
