// SPDX-License-Identifier: BSD-3-Clause
#include "report/status.h"

#include <unistd.h>

#include <algorithm>

#include "allowlist/allowlist.h"
#include "basic/text.h"
#include "farm/missing_trees.h"

namespace chos {
namespace {

bool has_line(const std::string& text, const std::string& line) {
  const auto lines = split(text, '\n');
  return std::find(lines.begin(), lines.end(), line) != lines.end();
}

}  // namespace

NodeStatus examine_node(const Node& node) {
  NodeStatus out;
  out.farm = node.config.farm;
  out.module_loaded = node.module->loaded();
  if (const auto version = node.kernel.version()) out.version = *version;
  else if (out.module_loaded) out.problems.push_back(version.error().what);
  out.all_processes = ::geteuid() == 0;

  if (const auto table = MountTable::read()) {
    const Mount* mount = table->at(node.config.farm);
    out.farm_mounted = mount != nullptr && mount->type == node.filesystem;
  }
  if (const auto layout = node.kernel.layout()) {
    for (const auto& name : *layout) ++(name.link ? out.farm_links : out.farm_dirs);
  }

  const auto parsed = load_allowlist(node.allowlist_file, node.groups, node.trusted);
  for (const auto& error : parsed.errors) out.problems.push_back(error.text());
  std::map<std::string, std::size_t> counts;
  const auto processes = node.kernel.processes();
  if (processes)
    for (const auto& process : *processes) ++counts[process.name];
  if (!parsed.list) return out;

  const auto valid = node.kernel.valid();
  const OsEntry* site_default = parsed.list->site_default();
  const auto servers = Servers::of_node();
  const Where where = out.farm_mounted ? Where::farm : Where::base;
  servers.ask_all(tree_paths(node.config, *parsed.list, where));
  for (const auto& entry : parsed.list->entries()) {
    if (!parsed.list->stands_alone(entry)) continue;
    OsStatus os;
    os.entry = entry;
    os.is_default = &entry == site_default;
    const auto found = entry.is_base() ? Status() : find_tree(node.config, entry, where, servers);
    os.tree_present = found.ok();
    os.tree.silent = !found && found.error().code == ETIMEDOUT;
    os.tree.missing = !found && !entry.closed;
    os.in_kernel = !valid || has_line(*valid, render_entry(for_kernel(entry, os.tree)));
    if (os.tree.silent && !os.in_kernel) {  // the OS may have been open when its server went down
      os.tree.missing = false;
      os.in_kernel = has_line(*valid, render_entry(entry));
    }
    if (processes && !entry.is_base()) {
      os.processes = counts[entry.name];
      counts.erase(entry.name);
    }
    out.oses.push_back(std::move(os));
  }
  for (const auto& [name, count] : counts)
    if (count > 0)
      out.problems.push_back(std::to_string(count) + (count == 1 ? " process is in " : " processes are in ") +
                             in_quotes(name) + ", which is not in " + node.allowlist_file + " any more");
  return out;
}

}  // namespace chos
