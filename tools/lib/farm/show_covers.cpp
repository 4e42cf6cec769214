// SPDX-License-Identifier: BSD-3-Clause
#include "farm/show_covers.h"

#include "basic/text.h"
#include "config/config.h"
#include "farm/trees.h"
#include "mount/flags.h"
#include "tree/cover.h"
#include "tree/links.h"

namespace chos {

Status show_covers(const FarmWork& work) {
  auto covers = BaseCovers::read(work.node.links, work.changes);
  if (!covers) return covers.error();
  std::size_t all = 0, changed = 0;
  const auto status = for_each_tree(work, [&](const OsEntry& entry) -> Status {
    const auto tree = open_tree_in_farm(work.node.config, entry);
    if (!tree) return {};
    const auto commands = commands_of(work.node.config, work.list, entry);
    if (!commands.absent.empty())
      work.progress.warning("the base OS has no " + listed(commands.absent) + ", which [base.os] of " +
                            config_path + " names for " + in_quotes(entry.name));
    const auto count =
        covers->show(tree->get(), commands.names, mount_nodev | (entry.suid ? 0U : mount_nosuid));
    if (!count) return count.error();
    all += count->all;
    changed += count->made + count->removed;
    return {};
  });
  if (!status) return status;
  for (const auto& [name, commands] : work.node.config.os_commands)
    if (work.list.find_name(name) == nullptr)
      work.progress.warning("[base.os] of " + std::string(config_path) + " names " + in_quotes(name) +
                            ", which is not in " + work.node.allowlist_file);
  if (all + changed > 0)
    work.progress.step(
        "base commands", changed > 0,
        std::to_string(all) + " of single OSs" +
            (changed > 0 ? ", " + std::to_string(changed) + " programs covered or uncovered" : ""));
  return {};
}

}  // namespace chos
