// SPDX-License-Identifier: BSD-3-Clause
// A node without OSs, with archives of trees to make some of; chosctl as a program on it.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <filesystem>
#include <functional>

#include "fake_node.h"
#include "kernel/proc_chos.h"
#include "manage/catalog.h"
#include "manage/journal.h"
#include "manage/os_manager.h"

namespace chos::test {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;

class Silent : public WorkProgress {
 public:
  std::vector<std::string> stages, notes;
  int ticks_left = -1, ticks = 0;
  std::function<void(const std::string&)> at_stage;

  void stage(const std::string& what) override {
    stages.push_back(what);
    if (at_stage) at_stage(what);
  }
  bool tick(const std::string&) override {
    ++ticks;
    return ticks_left < 0 || ticks_left-- > 0;
  }
  void note(const std::string& text) override { notes.push_back(text); }
};

// A tree that is fit for use: a shell with its loader, and something to tell it by.
inline void make_usable_tree(const std::string& tree, const std::string& mark) {
  for (const char* directory : {"/bin", "/etc", "/lib64", "/usr/bin"}) make_directories(tree + directory);
  const auto copy = [&](const char* file) {
    fs::copy_file(fs::canonical(file), tree + file, fs::copy_options::overwrite_existing);
  };
  copy("/bin/sh");
  copy("/lib64/ld-linux-x86-64.so.2");
  write_text(tree + "/etc/os-release", "PRETTY_NAME=\"" + mark + "\"\n");
}

class OsManagerTest : public FakeNode {
 protected:
  Silent progress;

  void SetUp() override {
    FakeNode::SetUp();
    if (IsSkipped()) return;
    fs::remove_all(node.config.trees);
    make_directories(node.config.trees);
    node.kernel = ProcChos(top + "/no-kernel");
    module.is_loaded = false;
    write_text(node.allowlist_file, "# ours\n");
    for (const char* mark : {"one", "two", "three"}) {
      make_usable_tree(top + "/source/" + mark, mark);
      ASSERT_EQ(std::system(("tar -C " + top + "/source/" + mark + " -cf " + archive(mark) + " .").c_str()),
                0);
    }
  }

  std::string archive(const std::string& mark) const { return top + "/" + mark + ".tar"; }
  Source source(const std::string& mark) const {
    const auto parsed = parse_source("tar:" + archive(mark));
    EXPECT_TRUE(parsed);
    return *parsed;
  }
  Store store() const { return Store(node.config.trees); }
  template <typename Do>
  auto keep(Do act) {
    const Store at = store();
    OsManager manager(node, at, progress, log);
    return act(manager);
  }
  auto add(const std::string& name, const std::string& mark, const std::string& options = "") {
    return keep([&](OsManager& k) { return k.add(name, source(mark), {}, options); });
  }
  auto replace(const std::string& name, const std::string& mark) {
    return keep([&](OsManager& k) { return k.replace(name, source(mark), {}); });
  }
  auto remove(const std::string& name) {
    return keep([&](OsManager& k) { return k.remove(name); });
  }
  // As each change does first.
  Status recover_all() {
    const Store at = store();
    return recover({node, at, progress, log}, "");
  }
  std::string list() const { return read_text(node.allowlist_file); }
  // What is among the trees, without the store's own.
  std::vector<std::string> trees() const {
    std::vector<std::string> out;
    for (const auto& entry : fs::directory_iterator(node.config.trees))
      if (entry.path().filename() != ".chos") out.push_back(entry.path().filename());
    std::sort(out.begin(), out.end());
    return out;
  }
  void expect_tidy() const {
    for (const char* part : {"work", "journal"}) {
      const std::string where = node.config.trees + "/.chos/" + part;
      EXPECT_TRUE(!exists(where) || fs::is_empty(where)) << part;
    }
  }
};

// chosctl as a program, without a kernel.
class ChosctlProgram : public OsManagerTest {
 protected:
  std::string kernel;  // stands for /proc/chos; there is none if a test makes none
  std::string errors;  // a file for standard error, which else is in TOP/out too

  void SetUp() override {
    OsManagerTest::SetUp();
    if (IsSkipped()) return;
    kernel = top + "/no-kernel";
    write_text(top + "/chos.conf",
               "[farm]\npath = \"" + node.config.farm + "\"\ntrees = \"" + node.config.trees + "\"\n");
  }

  pid_t start(std::vector<std::string> words) {
    words.insert(words.begin(), "os");
    return start_chosctl(std::move(words));
  }
  pid_t start_chosctl(std::vector<std::string> words) {
    words.insert(words.begin(),
                 {CHOSCTL_TEST_PROGRAM, "--config", top + "/chos.conf", "--allowlist", node.allowlist_file});
    const pid_t child = ::fork();
    if (child == 0) {
      std::vector<char*> argv;
      argv.reserve(words.size() + 1);
      for (auto& word : words) argv.push_back(word.data());
      argv.push_back(nullptr);
      const int log_file = ::open((top + "/out").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
      ::dup2(log_file, 1);
      ::dup2(errors.empty() ? log_file : ::open(errors.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644), 2);
      ::setenv("CHOS_TEST_PROC", kernel.c_str(), 1);
      ::execv(argv[0], argv.data());
      ::_exit(125);
    }
    return child;
  }
  static int finish(pid_t child) {
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  int run(const std::vector<std::string>& words) { return finish(start(words)); }
};

}  // namespace chos::test
