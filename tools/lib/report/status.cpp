// SPDX-License-Identifier: BSD-3-Clause
#include "report/status.h"

#include <unistd.h>

#include <algorithm>

#include "allowlist/allowlist.h"
#include "allowlist/parse.h"
#include "basic/text.h"
#include "farm/missing_trees.h"

namespace chos {
namespace {

bool has_line(const std::string& text, const std::string& line) {
  const auto lines = split(text, '\n');
  return std::find(lines.begin(), lines.end(), line) != lines.end();
}

std::vector<OsStatus> examine_oses(const Node& node, const Allowlist& list, Where where) {
  std::vector<OsStatus> out;
  const auto valid = node.kernel.valid();
  const OsEntry* site_default = list.site_default();
  const auto problems = read_problems(node.problems);
  const auto servers = Servers::of_node();
  servers.ask_all(tree_paths(node.config, list, where));
  for (const auto& entry : list.entries()) {
    if (!list.stands_alone(entry)) continue;
    OsStatus os;
    os.entry = entry;
    os.is_default = &entry == site_default;
    const auto found = entry.is_base() ? Status() : find_tree(node.config, entry, where, servers);
    os.tree_present = found.ok();
    os.tree.silent = !found && found.error().code == ETIMEDOUT;
    os.tree.missing = !found && !entry.closed;
    if (const auto at = problems.find(entry.name); at != problems.end()) os.tree.problem = at->second;
    os.in_kernel = !valid || has_line(*valid, render_entry(for_kernel(entry, os.tree)));
    if (os.tree.silent && !os.in_kernel) {  // the OS may have been open when its server went down
      os.tree.missing = false;
      os.in_kernel = has_line(*valid, render_entry(entry));
    }
    out.push_back(std::move(os));
  }
  return out;
}

// Processes of OSs that are not in the list any more are a problem.
void count_processes(const Node& node, NodeStatus& out) {
  const auto processes = node.kernel.processes();
  if (!processes) return;
  std::map<std::string, std::size_t> counts;
  for (const auto& process : *processes) ++counts[process.name];
  for (auto& os : out.oses) {
    if (os.entry.is_base()) continue;
    os.processes = counts[os.entry.name];
    counts.erase(os.entry.name);
  }
  for (const auto& [name, count] : counts)
    out.problems.push_back(std::to_string(count) + (count == 1 ? " process is in " : " processes are in ") +
                           in_quotes(name) + ", which is not in " + node.allowlist_file + " any more");
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
  if (!parsed.list) return out;
  out.oses = examine_oses(node, *parsed.list, out.farm_mounted ? Where::farm : Where::base);
  for (const auto& os : out.oses)
    if (!os.tree.problem.empty())
      out.problems.push_back(in_quotes(os.entry.name) +
                             " is closed: its tree cannot be prepared: " + os.tree.problem);
  count_processes(node, out);
  return out;
}

}  // namespace chos
