// SPDX-License-Identifier: BSD-3-Clause
#include "farm/show_shares.h"

#include "basic/text.h"
#include "farm/trees.h"
#include "mount/mountinfo.h"
#include "mount/operations.h"
#include "tree/links.h"

namespace chos {
namespace {

class Shares {
 public:
  Shares(const FarmWork& work, MountTable table) : work_(work), table_(std::move(table)) {}

  Status show(const SharedPaths& shares) {
    return for_each_tree(work_, [&](const OsEntry& entry) -> Status {
      const auto tree = open_tree_in_farm(work_.node.config, entry);
      if (!tree && entry.closed) return {};
      if (!tree) return tree.error();
      for (const auto& path : shares.there)
        if (auto status = show_one(entry, tree->get(), path); !status) return status;
      return {};
    });
  }

  std::size_t all() const { return all_; }
  std::size_t changed() const { return changed_; }

 private:
  Status show_one(const OsEntry& entry, int tree, const std::string& path) {
    const bool for_root = is_for_root(path) && !is_base_root(tree);
    if (for_root)
      if (auto status = check_way_of_share(tree, path); !status) return status;
    const unsigned flags = mount_nodev | (entry.suid ? 0U : mount_nosuid);
    auto outcome = share_path(work_.node.share_site(), table_, tree, path, flags,
                              [&] { return processes_in(work_, entry) > 0; });
    if (!outcome) {
      Error error = outcome.error();
      error.what = "cannot share " + path + " with " + in_quotes(entry.name) + ": " + error.what;
      return error;
    }
    warn_of(*outcome, entry, path);
    if (outcome->what == ShareOutcome::What::skipped) return for_root ? check_absent(tree, path) : Status();
    ++all_;
    if (outcome->what != ShareOutcome::What::bound) return {};
    ++changed_;
    if (!outcome->was_there) {
      record_mount(std::move(*outcome->mount), "binding " + outcome->target, outcome->target, work_.changes);
      return {};
    }
    // A replaced share is not undone.  The kernel reuses the ids of unmounted mounts, so the table is stale.
    auto table = MountTable::read();
    if (!table) return table.error();
    table_ = std::move(*table);
    return {};
  }

  void warn_of(const ShareOutcome& outcome, const OsEntry& entry, const std::string& path) {
    if (outcome.what == ShareOutcome::What::skipped && outcome.unusual)
      work_.progress.warning("not shared with " + in_quotes(entry.name) + ": " + outcome.reason);
    if (outcome.what == ShareOutcome::What::kept)
      work_.progress.warning(path + " of the base OS was unmounted and mounted again, and " +
                             in_quotes(entry.name) +
                             " shows it as it was, for its processes: what the "
                             "base mounts in it now does not appear there; run chosctl reload when they "
                             "have ended");
  }

  const FarmWork& work_;
  MountTable table_;
  std::size_t all_ = 0, changed_ = 0;
};

}  // namespace

SharedPaths ask_for_shares(const FarmWork& work, const Servers& servers) {
  auto shares = ask_for_shares(work.node.config.share, servers);
  for (const auto& path : shares.silent)
    work.progress.warning(path +
                          " of the base OS does not answer (is its server up?); what the OSs show of "
                          "it stays as it is until it answers (chosctl watch then reloads by itself)");
  return shares;
}

Status show_shares(const FarmWork& work, const SharedPaths& paths, OwnMounts& mounts) {
  auto table = MountTable::read();
  if (!table) return table.error();
  Shares shares(work, std::move(*table));
  auto status = shares.show(paths);
  // Also if a share failed: mounts that came with the others may stay.
  if (shares.changed() > 0)
    if (auto flags = mounts.set_flags_of_new_mounts(); !flags) return flags;
  if (!status) return status;
  work.progress.step("shared files", shares.changed() > 0, counted(shares.changed(), shares.all()));
  return {};
}

}  // namespace chos
