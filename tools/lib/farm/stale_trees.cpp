// SPDX-License-Identifier: BSD-3-Clause
#include "farm/stale_trees.h"

#include "basic/files.h"
#include "basic/text.h"
#include "farm/layout.h"
#include "farm/trees.h"
#include "mount/open.h"
#include "mount/operations.h"

namespace chos {
namespace {

// Returns how many mounts were unmounted.
Result<std::size_t> unmount_stale_tree(const FarmWork& work, const OsEntry& entry, const std::string& path) {
  constexpr int most_mounts = 8;
  std::size_t gone = 0;
  // A tree may have a mount of its own on top, which goes first.
  for (int turn = 0; turn < most_mounts; ++turn) {
    const auto tree = open_tree_in_farm(work.node.config, entry);
    if (!tree || same_directory_as(tree->get(), path)) break;
    const std::string target = path_of(tree->get());
    const auto is_root = is_mount_root(tree->get(), target);
    if (!is_root) return is_root.error();
    if (!*is_root) break;
    if (const auto inside = processes_in(work, entry); inside > 0) {
      work.progress.warning(std::to_string(inside) + (inside == 1 ? " process" : " processes") + " in " +
                            in_quotes(entry.name) + (inside == 1 ? " keeps" : " keep") +
                            " the tree that was at " + path + " before; run chosctl reload when " +
                            (inside == 1 ? "it has" : "they have") + " ended");
      break;
    }
    if (auto status = detach(tree->get(), target); !status) return status.error();
    ++gone;
  }
  return gone;
}

}  // namespace

Status unmount_stale_trees(const FarmWork& work) {
  std::size_t gone = 0;
  for (const OsEntry* entry : trees_of(work.list)) {
    if (work.trees.of(*entry).silent) continue;
    const auto before = work.changes.size();
    const auto path = base_path(work.node.config, entry->path);
    if (!path) return path.error();
    const auto count = unmount_stale_tree(work, *entry, *path);
    if (count) gone += *count;
    else if (!close_os(work, *entry, count.error(), before)) return count.error();
  }
  if (gone > 0)
    work.progress.step("trees", true,
                       "unmounted " + std::to_string(gone) +
                           (gone == 1 ? " tree that is" : " trees that are") + " gone from the base OS");
  return {};
}

}  // namespace chos
