// SPDX-License-Identifier: BSD-3-Clause
#include "chosctl/os.h"

#include <iostream>

#include "basic/exit_status.h"
#include "basic/json.h"
#include "basic/text.h"
#include "build/pack.h"
#include "chosctl/console.h"
#include "chosctl/os_base.h"
#include "chosctl/os_change.h"
#include "chosctl/os_print.h"
#include "chosctl/os_progress.h"
#include "chosctl/os_report.h"
#include "farm/missing_trees.h"
#include "manage/catalog.h"

namespace chos::ctl {
namespace {

int pack(const Node& node, const Store& store, const OsOptions& options) {
  const auto info = show_os(node, store, options.name);
  if (!info) return failed(info.error());
  if (const auto there = find_tree_at(info->entry, info->tree, Servers::of_node()); !there)
    return failed(there.error());
  OsProgress progress;
  const auto status = pack_tree(info->tree, options.file, options.erofs ? "erofs" : "squashfs", progress);
  progress.clear();
  if (!status) return failed(status.error());
  if (options.json) print_json({{"name", options.name}, {"file", options.file}});
  else std::cout << options.name << " is packed into " << escaped(options.file) << "\n";
  return 0;
}

// Commands that change something or read a whole tree need root.  `base` also prints, and checks that
// itself.
bool needs_root(OsCommand command) {
  return command != OsCommand::list && command != OsCommand::show && command != OsCommand::base;
}

}  // namespace

int os(const Node& node, const Options& all) {
  const OsOptions& options = all.os;
  const Store store(node.config.trees);
  if (needs_root(options.command) && !is_root_in_base(node.kernel, all.command_line)) return exit_failed;
  switch (options.command) {
    case OsCommand::base: return os_base(node, all);
    case OsCommand::list: return os_list(node, store, options);
    case OsCommand::show: return os_show(node, store, options);
    case OsCommand::verify: return os_verify(node, store, options);
    case OsCommand::pack: return pack(node, store, options);
    default: return os_change(node, store, all);
  }
}

}  // namespace chos::ctl
