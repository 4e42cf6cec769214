// SPDX-License-Identifier: BSD-3-Clause
#include "allowlist/allowlist.h"

#include <chos/abi.h>

#include <algorithm>

namespace chos {

const OsEntry* Allowlist::find_name(std::string_view name) const {
  for (const auto& entry : entries_)
    if (entry.name == name) return &entry;
  return nullptr;
}

const OsEntry* Allowlist::find_path(std::string_view path) const {
  const OsEntry* alias = nullptr;
  for (const auto& entry : entries_) {
    if (entry.path != path) continue;
    if (entry.name != CHOS_DEFAULT_NAME) return &entry;
    alias = &entry;
  }
  return alias;
}

const OsEntry* Allowlist::site_default() const {
  const OsEntry* entry = find_name(CHOS_DEFAULT_NAME);
  return entry == nullptr ? nullptr : find_path(entry->path);
}

const OsEntry* Allowlist::find(std::string_view name_or_path) const {
  if (name_or_path == CHOS_DEFAULT_NAME) return site_default();
  return name_or_path.starts_with('/') ? find_path(name_or_path) : find_name(name_or_path);
}

bool Allowlist::stands_alone(const OsEntry& entry) const {
  return entry.name != CHOS_DEFAULT_NAME || find_path(entry.path) == &entry;
}

std::string render_entry(const OsEntry& entry) {
  std::string options;
  const auto add = [&options](const std::string& option) {
    options += options.empty() ? ":" : ",";
    options += option;
  };
  if (entry.closed) add("closed");
  if (entry.suid) add("suid");
  if (!entry.groups.empty()) {
    std::string gids;
    for (const gid_t gid : entry.groups) gids += (gids.empty() ? "" : "|") + std::to_string(gid);
    add("groups=" + gids);
  }
  if (entry.linux32) add("persona=linux32");
  return entry.name + ":" + entry.path + options;
}

std::string render_for_kernel(const Allowlist& list) {
  std::string text;
  for (const auto& entry : list.entries()) text += render_entry(entry) + "\n";
  return text.empty() ? "\n" : text;
}

Access access_of(const OsEntry& entry, const std::vector<gid_t>& gids) {
  if (entry.closed) return Access::closed;
  if (entry.groups.empty()) return Access::allowed;
  const bool member = std::any_of(gids.begin(), gids.end(), [&entry](gid_t gid) {
    return std::binary_search(entry.groups.begin(), entry.groups.end(), gid);
  });
  return member ? Access::allowed : Access::not_in_group;
}

std::string describe_state(const OsEntry& entry) {
  return describe_state(entry, entry.closed ? "closed" : entry.groups.empty() ? "open" : "");
}

std::string describe_state(const OsEntry& entry, const std::string& access) {
  std::string state = access;
  if (!entry.groups.empty()) {
    if (!state.empty()) state += ", ";
    state += entry.group_names.size() == 1 ? "group " : "groups ";
    for (std::size_t i = 0; i < entry.group_names.size(); ++i)
      state += (i == 0 ? "" : "|") + entry.group_names[i];
  }
  if (entry.suid) state += ", suid";
  if (entry.linux32) state += ", linux32";
  return state;
}

std::vector<const OsEntry*> trees_of(const Allowlist& list) {
  std::vector<const OsEntry*> out;
  for (const auto& entry : list.entries()) {
    const bool known = std::any_of(out.begin(), out.end(),
                                   [&entry](const OsEntry* other) { return other->path == entry.path; });
    if (!entry.is_base() && list.stands_alone(entry) && !known) out.push_back(&entry);
  }
  return out;
}

}  // namespace chos
