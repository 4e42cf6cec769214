// SPDX-License-Identifier: BSD-3-Clause
// A fake node whose base OS shares a directory and a file that the trees lack, below /mnt of the test's own
// mount namespace.
#pragma once

#include "fake_node.h"
#include "lifecycle/up.h"
#include "mount/operations.h"
#include "tree/links.h"

namespace chos::test {

class LayerNode : public FakeNode {
 protected:
  void SetUp() override {
    FakeNode::SetUp();
    if (IsSkipped()) return;
    mount_tmpfs("/mnt");
    make_directories("/mnt/site/spool");
    write_text("/mnt/site/spool/job", "a job\n");
    write_text("/mnt/site/file", "the base's\n");
    for (const char* os : {"trixie", "sl6"}) make_directories(tree(os) + "/mnt/site");
    write_text(tree("trixie") + "/mnt/site/own", "the tree's\n");  // sl6's is empty
    for (const char* os : {"trixie", "sl6"}) make_directories(tree(os) + link_place);
    node.config.share = {"/mnt/site/spool", "/mnt/site/file"};
  }

  void up() {
    log = Recorder();
    ASSERT_TRUE(bring_up(node, log)) << joined(log.failures);
  }
  void reloaded() {
    log = Recorder();
    ASSERT_TRUE(reload(node, log)) << joined(log.failures);
  }
  // Makes the last step fail: the kernel's list cannot be read.
  void fail_to_reload() {
    ASSERT_EQ(::rename((top + "/kernel/valid").c_str(), (top + "/kernel/v").c_str()), 0);
    log = Recorder();
    EXPECT_FALSE(reload(node, log));
    ASSERT_EQ(::rename((top + "/kernel/v").c_str(), (top + "/kernel/valid").c_str()), 0);
  }

  std::string tree(const std::string& os) const { return node.config.trees + "/" + os; }
  std::string in_os(const std::string& path, const std::string& os = "trixie") const {
    return farm("/os/" + os) + path;
  }
  std::string link(const std::string& name, const std::string& os = "trixie") const {
    char text[256] = "";
    const std::string path = in_os(link_place, os) + "/" + name;
    return ::readlink(path.c_str(), text, sizeof text - 1) > 0 ? text : "";
  }
  void read_only(const std::string& os, bool on) {
    if (!mounted(tree(os))) {
      ASSERT_TRUE(bind_tree(tree(os), tree(os)));
    }
    ASSERT_EQ(
        ::mount(nullptr, tree(os).c_str(), nullptr, MS_REMOUNT | MS_BIND | (on ? MS_RDONLY : 0), nullptr), 0);
  }
  // Everything about the files of a tree as text: names, types, modes, owners, times, links, contents.
  std::string image_of(const std::string& os) const {
    std::string out;
    const std::string command = "cd '" + tree(os) +
                                "' && find . -printf '%p %y %m %U %G %T@ %C@ %l\n' "
                                "| sort && find . -type f | sort | xargs cat";
    std::FILE* pipe = ::popen(command.c_str(), "r");
    if (pipe == nullptr) return "";
    for (int c; (c = std::fgetc(pipe)) != EOF;) out += static_cast<char>(c);
    return ::pclose(pipe) == 0 ? out : "";
  }
};

}  // namespace chos::test
