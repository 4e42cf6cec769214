// SPDX-License-Identifier: BSD-3-Clause
// OsManager: the allowlist's text, and the node that it is put in force on.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "allowlist/allowlist.h"
#include "basic/files.h"
#include "basic/replace_file.h"
#include "basic/text.h"
#include "lifecycle/up.h"
#include "manage/os_manager.h"
#include "store/mounts.h"

namespace chos {
namespace {

constexpr std::size_t largest_list = 4 << 20;
constexpr const char* new_list =
    "# The OSs that users may enter, see chos(5): name:path[:option[,option...]]\n";

}  // namespace

Result<Allowlist> OsManager::list() const {
  auto parsed = load_allowlist(node_.allowlist_file, node_.groups, node_.trusted);
  if (parsed.list) return std::move(*parsed.list);
  if (parsed.missing) return Allowlist();
  std::string text = parsed.error_text();
  while (text.ends_with('\n')) text.pop_back();
  return Error{text, "nothing was changed; mend it and run this again", EINVAL};
}

Result<OsManager::Listed> OsManager::find(const std::string& name) const {
  const auto all = list();
  if (!all) return all.error();
  const OsEntry* entry = all->find_name(name);
  if (entry == nullptr || entry->is_base()) {
    std::vector<std::string> names;
    for (const auto& one : all->entries())
      if (!one.is_base() && all->stands_alone(one)) names.push_back(one.name);
    return Error{node_.allowlist_file + " has no OS " + in_quotes(name),
                 names.empty() ? "it has none yet; see: chosctl os add --help" : "it has " + listed(names),
                 ENOENT};
  }
  const OsEntry* site_default = all->site_default();
  return Listed{*entry, site_default != nullptr ? site_default->path : ""};
}

Status OsManager::write_list(const std::string& text) const {
  const auto slash = node_.allowlist_file.rfind('/');
  const bool is_plain = slash == std::string::npos;
  const auto fd = open_guarded(is_plain ? "." : node_.allowlist_file.substr(0, slash + 1), node_.trusted);
  if (!fd) return fd.error();
  const std::string name = is_plain ? node_.allowlist_file : node_.allowlist_file.substr(slash + 1);
  const UniqueFd old(::openat(fd->get(), name.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  return replace_in(fd->get(), name, text, old ? old.get() : -1, node_.allowlist_file);
}

// True: it was changed, and the node, if it is up, goes by it.
Result<bool> OsManager::change_list(const Edit& edit) {
  const auto lock = store_.lock_list();
  if (!lock) return lock.error();
  const auto before = read_trusted_file(node_.allowlist_file, largest_list, node_.trusted);
  const bool is_new = !before && before.error().code == ENOENT;
  if (!before && !is_new) return before.error();
  const std::string old_text = is_new ? new_list : *before;
  const std::string text = edit(old_text);
  if (!is_new && text == old_text) {
    // One that was killed after it wrote the list has left the node with the one before.
    if (node_is_up(node_))
      if (auto status = apply(); !status) return status.error();
    return false;
  }
  const auto parsed = parse_allowlist(text, node_.allowlist_file, node_.groups);
  if (!parsed.list) {
    std::string errors = parsed.error_text();
    while (errors.ends_with('\n')) errors.pop_back();
    return Error{"the new allowlist would not be accepted: " + errors, "nothing was changed", EINVAL};
  }
  if (auto status = write_list(text); !status) return status.error();
  if (auto status = apply(); !status) {
    if (auto undone = is_new && ::unlink(node_.allowlist_file.c_str()) == 0 ? Status() : write_list(old_text);
        !undone)
      progress_.note(undone.error().what);
    if (auto undone = apply(); !undone) progress_.note(undone.error().what);
    Error error = status.error();
    error.what += "; the old list is back";
    return error;
  }
  return true;
}

Status OsManager::apply() {
  const auto all = list();
  if (!all) return all.error();
  const auto mounts = mount_trees(store_, *all, node_.allowlist_file);
  if (!mounts) return mounts.error();
  for (const auto& complaint : mounts->missing) progress_.note(complaint.text());
  if (!node_is_up(node_)) return {};
  if (chos::reload(node_, quiet_)) return {};
  return Error{"the node could not be made to go by " + node_.allowlist_file, "see: chosctl doctor", EIO};
}

}  // namespace chos
