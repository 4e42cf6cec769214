// SPDX-License-Identifier: BSD-3-Clause
// A node with trees and shares on servers that do not answer: FUSE file systems without a server process.
#pragma once

#include <fcntl.h>

#include <chrono>

#include "basic/child_work.h"
#include "basic/files.h"
#include "config/config.h"
#include "fake_node.h"
#include "lifecycle/up.h"
#include "mount/mountinfo.h"
#include "report/doctor.h"
#include "silent_fuse.h"

namespace chos::test {

using Clock = std::chrono::steady_clock;
using std::chrono::seconds;

class SilentServer : public FakeNode {
 protected:
  UniqueFd server;

  void SetUp() override {
    FakeNode::SetUp();
    if (IsSkipped()) return;
    write_text(top + "/list", "trixie:/os/trixie\nfar:/os/far\nalso:/os/far/also\n");
    make_tree("far");
  }
  void TearDown() override {
    server.reset();  // processes that wait for it get an error
    FakeNode::TearDown();
  }
  void falls_silent() { falls_silent(top + "/trees/far"); }
  void falls_silent(const std::string& directory) {
    server = silent_at(directory);
    if (!server) GTEST_SKIP() << "no /dev/fuse here";
  }
  // Mounts a server that is silent as long as the descriptor is open.
  static UniqueFd silent_at(const std::string& directory) { return mount_silent_fuse(directory); }
  // The targets of all mounts in a tree.
  std::vector<std::string> mounts_in(const std::string& os) const {
    std::vector<std::string> targets;
    const auto table = MountTable::read();
    if (!table) return targets;
    for (const auto& mount : table->mounts())
      if (is_below(mount.target, farm("/os/" + os))) targets.push_back(mount.target);
    return targets;
  }
  std::string valid() const { return read_text(top + "/kernel/valid"); }
  bool warned(const std::string& text) const { return joined(log.warnings).find(text) != std::string::npos; }
  int id_at(const std::string& target) const {
    const auto table = MountTable::read();
    const Mount* mount = table ? table->at(target) : nullptr;
    return mount == nullptr ? -1 : mount->id;
  }
  // Runs `work` in a child process, since it might block for good.  Returns its result, or "" after
  // `longest`.
  template <typename Work>
  std::string said_within(seconds longest, Work work) const {
    const auto said = do_in_child(work, static_cast<int>(longest.count()));
    return said ? *said : "";
  }
  std::string reloaded() const {
    return said_within(seconds(30), [this] {
      Recorder said;
      const std::string outcome = reload(node, said) ? "done\n" : "failed\n";
      return outcome + joined(said.failures) + joined(said.warnings) + joined(said.changed);
    });
  }
  std::string found_by_doctor() const {
    return said_within(seconds(40), [this] {
      std::string text = "done\n";
      for (const auto& finding : examine(node, ParsedConfig(), [](const std::string&) {}))
        text += finding.what + "\n";
      return text;
    });
  }
  static bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  }
};

}  // namespace chos::test
