// SPDX-License-Identifier: BSD-3-Clause
// A node without the module, in a mount namespace of its own.  A tmpfs with the directories of the farm
// stands in for /proc/chos.  Needs root.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "basic/progress.h"
#include "farm/node.h"
#include "fileserver/answers.h"
#include "kernel/proc_chos.h"

namespace chos::test {

class FakeModule : public ModuleControl {
 public:
  bool is_loaded = true;
  bool in_use = false;
  int loads = 0, unloads = 0;
  std::string farm_parameter;

  bool loaded() const override { return is_loaded; }
  std::string farm() const override { return farm_parameter; }
  Status load(const std::string&) override {
    ++loads;
    is_loaded = true;
    return {};
  }
  Status unload() override {
    ++unloads;
    if (in_use) return Error{"in use", "", EBUSY};
    is_loaded = false;
    return {};
  }
};

class Recorder : public Progress {
 public:
  std::vector<std::string> changed, unchanged, warnings, failures, remedies, undone_steps;

  void step(const std::string& name, bool did, const std::string& detail) override {
    (did ? changed : unchanged).push_back(name + ": " + detail);
  }
  void warning(const std::string& text) override { warnings.push_back(text); }
  void failed(const std::string& name, const Error& error) override {
    failures.push_back(name + ": " + error.what);
    remedies.push_back(error.remedy);
  }
  void undone(const std::string& what, const Status& status) override {
    undone_steps.push_back(what + (status ? "" : ": " + status.error().what));
  }
};

inline std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines) text += line + "\n";
  return text;
}

inline void write_text(const std::string& path, const std::string& text, mode_t mode = 0644) {
  std::ofstream(path) << text;
  ASSERT_EQ(::chmod(path.c_str(), mode), 0) << path;
}

inline std::string read_text(const std::string& path) {
  std::ostringstream out;
  out << std::ifstream(path).rdbuf();
  return out.str();
}

inline void make_directories(const std::string& path) {
  ASSERT_EQ(std::system(("mkdir -p '" + path + "'").c_str()), 0);
}

inline bool exists(const std::string& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0;
}

class FakeNode : public ::testing::Test {
 protected:
  std::string top;  // the directory of the node, a tmpfs
  FakeModule module;
  Node node;
  Recorder log;

  void SetUp() override {
    forget_servers(std::chrono::seconds(0));  // of earlier tests
    if (::geteuid() != 0 || ::unshare(CLONE_NEWNS) != 0)
      GTEST_SKIP() << "only root can make a mount namespace";
    ASSERT_EQ(::mount(nullptr, "/", nullptr, MS_PRIVATE | MS_REC, nullptr), 0);
    // Not in /tmp: everybody may write there, so no tree may be there.
    char name[] = "/opt/chos-test-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    top = name;
    mount_tmpfs(top);
    // systemd makes all mounts shared.
    ASSERT_EQ(::mount(nullptr, "/", nullptr, MS_SHARED | MS_REC, nullptr), 0);

    make_directories(top + "/kernel");
    mount_tmpfs(top + "/kernel");
    const std::string kernel = top + "/kernel/";
    write_text(kernel + "version", "version 9.9.9\nabi 1\nfork_tracking on\nentries 0\n");
    write_text(kernel + "setchos", "/\n", 0666);
    write_text(kernel + "valid", "");
    write_text(kernel + "processes", "");
    write_text(kernel + "layout", "");
    make_directories(kernel + "farm");
    for (const char* dir : {"local", "os", "proc", "dev", "home"}) make_directories(kernel + "farm/" + dir);
    for (const char* tree : {"trixie", "sl6"}) make_tree(tree);
    write_text(top + "/list", "trixie:/os/trixie\nsl6:/os/sl6:suid\n");

    node.config.farm = top + "/farm";
    node.config.trees = top + "/trees";
    node.config.dirs = {"proc", "dev", "home"};
    node.config.links = {"usr", "etc"};
    write_text(top + "/passwd", "root:x:0:0::/root:/bin/sh\n");
    node.config.share = {top + "/passwd"};
    node.config.base_commands.clear();
    node.config.chos_link = false;
    make_directories(top + "/run");
    mount_tmpfs(top + "/run");
    node.nsswitch = top + "/nsswitch.conf";  // exists in its own tests only
    node.links = top + "/run/chos/share";
    node.layers = top + "/run/chos/layer";
    node.lock = top + "/run/chos/lock";
    node.problems = top + "/run/chos/problems";
    node.allowlist_file = top + "/list";
    node.kernel = ProcChos(top + "/kernel");
    node.filesystem = "tmpfs";
    node.module = &module;
  }

  void TearDown() override {
    if (top.empty()) return;
    ::umount2(top.c_str(), MNT_DETACH);
    ::rmdir(top.c_str());
  }

  void mount_tmpfs(const std::string& where, unsigned long flags = 0) {
    ASSERT_EQ(::mount("tmpfs", where.c_str(), "tmpfs", flags, "mode=755"), 0) << where;
  }

  // The shared file is TOP/passwd, so the tree has a TOP/passwd below its root.
  void make_tree(const std::string& name) {
    const std::string tree = top + "/trees/" + name;
    make_directories(tree + top);
    write_text(tree + top + "/passwd", "the tree's own\n");
    make_directories(tree + "/etc");
    write_text(tree + "/etc/os-release", name + "\n");
  }

  std::string farm(const std::string& path) const { return node.config.farm + path; }
  std::string shared_in(const std::string& os) const { return farm("/os/" + os) + top + "/passwd"; }

  // Writes a file of the kernel.  They are plain files here, which write() does not truncate.
  void set_kernel_file(const std::string& name, const std::string& text) {
    write_text(top + "/kernel/" + name, text);
  }

  unsigned flags_at(const std::string& path) const {
    const auto table = MountTable::read();
    const Mount* mount = table ? table->at(path) : nullptr;
    EXPECT_NE(mount, nullptr) << "nothing is mounted on " << path;
    return mount == nullptr ? 0 : mount->flags;
  }

  bool mounted(const std::string& path) const {
    const auto table = MountTable::read();
    return table && table->at(path) != nullptr;
  }

  // All mounts with their roots and flags, without ids, sorted.
  static std::vector<std::string> all_mounts() {
    std::vector<std::string> lines;
    const auto table = MountTable::read();
    if (!table) return lines;
    for (const auto& mount : table->mounts())
      lines.push_back(mount.target + " " + mount.root + " " + flag_names(mount.flags) +
                      (mount.shared ? " shared" : "") + (mount.slave ? " slave" : ""));
    std::sort(lines.begin(), lines.end());
    return lines;
  }
};

}  // namespace chos::test
