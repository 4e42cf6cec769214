// SPDX-License-Identifier: BSD-3-Clause
#include "manage/list.h"

#include <chos/abi.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "allowlist/edit.h"
#include "allowlist/parse.h"
#include "basic/files.h"
#include "basic/replace_file.h"
#include "basic/text.h"
#include "lifecycle/up.h"
#include "store/mounts.h"

namespace chos {
namespace {

constexpr std::size_t largest_list = 4 << 20;
constexpr const char* new_list =
    "# The OSs that users may enter, see chos(5): name:path[:option[,option...]]\n";

Status write_list(const Node& node, const std::string& text) {
  return replace_file(node.allowlist_file, text, node.trusted);
}

}  // namespace

Result<Allowlist> read_list(const ManageContext& context) {
  const Node& node = context.node;
  auto parsed = load_allowlist(node.allowlist_file, node.groups, node.trusted);
  if (parsed.list) return std::move(*parsed.list);
  if (parsed.missing) return Allowlist();
  return error_of(parsed.errors, "nothing was changed; mend it and run this again", EINVAL);
}

Result<ListedOs> find_listed(const ManageContext& context, const std::string& name) {
  const auto all = read_list(context);
  if (!all) return all.error();
  const OsEntry* entry = all->find_name(name);
  if (entry == nullptr || entry->is_base()) {
    std::vector<std::string> names;
    for (const auto& one : all->entries())
      if (!one.is_base() && all->stands_alone(one)) names.push_back(one.name);
    return Error{context.node.allowlist_file + " has no OS " + in_quotes(name),
                 names.empty() ? "it has none yet; see: chosctl os add --help" : "it has " + listed(names),
                 ENOENT};
  }
  const OsEntry* site_default = all->site_default();
  return ListedOs{*entry, site_default != nullptr ? site_default->path : ""};
}

Result<bool> change_list(const ManageContext& context, const ListEdit& edit) {
  const Node& node = context.node;
  const auto lock = context.store.lock_list();
  if (!lock) return lock.error();
  const auto before = read_trusted_file(node.allowlist_file, largest_list, node.trusted);
  const bool is_new = !before && before.error().code == ENOENT;
  if (!before && !is_new) return before.error();
  const std::string old_text = is_new ? new_list : *before;
  const std::string text = edit(old_text);
  if (!is_new && text == old_text) {
    // A run that was killed after it wrote the list did not put it in force.
    if (node_is_up(node))
      if (auto status = apply_list(context); !status) return status.error();
    return false;
  }
  const auto parsed = parse_allowlist(text, node.allowlist_file, node.groups);
  if (!parsed.list) {
    Error error = error_of(parsed.errors, "nothing was changed", EINVAL);
    error.what = "the new allowlist would not be accepted: " + error.what;
    return error;
  }
  if (auto status = write_list(node, text); !status) return status.error();
  if (auto status = apply_list(context); !status) {
    if (auto undone =
            is_new && ::unlink(node.allowlist_file.c_str()) == 0 ? Status() : write_list(node, old_text);
        !undone)
      context.progress.note(undone.error().what);
    if (auto undone = apply_list(context); !undone) context.progress.note(undone.error().what);
    Error error = status.error();
    error.what += "; the old list is back";
    return error;
  }
  return true;
}

Status apply_list(const ManageContext& context) {
  const Node& node = context.node;
  const auto all = read_list(context);
  if (!all) return all.error();
  const auto mounts = mount_trees(context.store, *all, node.allowlist_file);
  if (!mounts) return mounts.error();
  for (const auto& complaint : mounts->missing) context.progress.note(complaint.text());
  if (!node_is_up(node)) return {};
  if (reload(node, context.reload_progress)) return {};
  return Error{"the node could not be made to go by " + node.allowlist_file, "see: chosctl doctor", EIO};
}

std::string with_tree_replaced(const ManageContext& context, const std::string& text, const std::string& name,
                               const std::string& from, const TreeRecord& to) {
  const Node& node = context.node;
  const auto parsed = parse_allowlist(text, node.allowlist_file, node.groups);
  const OsEntry* entry = parsed.list ? parsed.list->find_name(name) : nullptr;
  if (parsed.list && (entry == nullptr || entry->path != from)) return text;
  std::string out = with_moved_path(text, from, to.path());
  if (!parsed.list) return out;
  // The personality of a 32-bit tree is replaced with the tree; an administrator's own choice stays.
  const auto records = context.store.records_of(name);
  const TreeRecord* old = records ? find_record(*records, from) : nullptr;
  const bool was_32bit = old != nullptr && old->machine == "i386", is_32bit = to.machine == "i386";
  if (was_32bit == is_32bit) return out;
  for (const auto& one : parsed.list->entries())
    if (one.path == from && one.name != CHOS_DEFAULT_NAME && one.linux32 != is_32bit)
      out = with_option(out, one.name, "persona=linux32", is_32bit);
  return out;
}

Error edited_meanwhile(const ManageContext& context, const std::string& name) {
  return Error{"the line of " + in_quotes(name) + " in " + context.node.allowlist_file +
                   " was changed by somebody else meanwhile; nothing was changed",
               "see: chosctl os show " + name + "; then run this again", EAGAIN};
}

}  // namespace chos
