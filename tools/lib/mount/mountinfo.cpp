// SPDX-License-Identifier: BSD-3-Clause
#include "mount/mountinfo.h"

#include <libmount/libmount.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

#include "basic/text.h"

namespace chos {
namespace {

std::string text_of(const char* text) { return text == nullptr ? "" : text; }

// The number of the field `name` among fields such as "shared:7 master:3"; 0 if there is no such field.
int number_after(std::string_view name, const std::string& fields) {
  for (const auto field : split(fields, ' '))
    if (field.starts_with(name)) return std::atoi(std::string(field.substr(name.size())).c_str());
  return 0;
}

Mount mount_of(libmnt_fs* fs) {
  Mount mount;
  mount.id = mnt_fs_get_id(fs);
  mount.parent = mnt_fs_get_parent_id(fs);
  const dev_t device = mnt_fs_get_devno(fs);
  mount.device = std::to_string(major(device)) + ":" + std::to_string(minor(device));
  mount.root = text_of(mnt_fs_get_root(fs));
  mount.target = text_of(mnt_fs_get_target(fs));
  mount.type = text_of(mnt_fs_get_fstype(fs));
  mount.source = text_of(mnt_fs_get_source(fs));
  mount.flags = parse_flags(text_of(mnt_fs_get_vfs_options(fs)));
  const std::string of_type = text_of(mnt_fs_get_fs_options(fs));
  for (const auto option : split(of_type, ','))
    if (option == "indirect") mount.indirect = true;
  unsigned long propagation = 0;
  if (mnt_fs_get_propagation(fs, &propagation) == 0) {
    mount.shared = (propagation & MS_SHARED) != 0;
    mount.slave = (propagation & MS_SLAVE) != 0;
    mount.unbindable = (propagation & MS_UNBINDABLE) != 0;
  }
  const std::string groups = text_of(mnt_fs_get_optional_fields(fs));
  mount.group = number_after("shared:", groups);
  mount.master = number_after("master:", groups);
  return mount;
}

struct Unref {
  void operator()(libmnt_table* table) const { mnt_unref_table(table); }
  void operator()(libmnt_iter* iter) const { mnt_free_iter(iter); }
  void operator()(std::FILE* file) const { std::fclose(file); }
};

// By default libmount skips a line that it cannot parse.
int stop_at_errors(libmnt_table*, const char*, int) { return 1; }

Result<MountTable> from_stream(std::FILE* file, const std::string& name) {
  const std::unique_ptr<libmnt_table, Unref> table(mnt_new_table());
  const std::unique_ptr<libmnt_iter, Unref> iter(mnt_new_iter(MNT_ITER_FORWARD));
  if (!table || !iter) return Error{"no memory to read " + name, "", ENOMEM};
  mnt_table_set_parser_errcb(table.get(), stop_at_errors);
  if (mnt_table_parse_stream(table.get(), file, name.c_str()) != 0)
    return Error{"cannot read the mounts in " + name, "", EINVAL};
  std::vector<Mount> mounts;
  libmnt_fs* fs = nullptr;
  while (mnt_table_next_fs(table.get(), iter.get(), &fs) == 0) {
    // libmount also reads fstab and mtab, and guesses the format.  Only mountinfo has ids.
    if (mnt_fs_get_id(fs) == 0) return Error{"cannot read the mounts in " + name, "", EINVAL};
    mounts.push_back(mount_of(fs));
  }
  return MountTable(std::move(mounts));
}

}  // namespace

MountTable::MountTable(std::vector<Mount> mounts) : mounts_(std::move(mounts)) {}

Result<MountTable> MountTable::read(const std::string& file) {
  const std::unique_ptr<std::FILE, Unref> stream(std::fopen(file.c_str(), "re"));
  if (!stream) return general_error(system_error("cannot open " + file, errno));
  auto table = from_stream(stream.get(), file);
  if (!table) return general_error(table.error());
  return table;
}

Result<MountTable> MountTable::parse(const std::string& text) {
  if (text.empty()) return MountTable();
  const std::unique_ptr<std::FILE, Unref> stream(
      ::fmemopen(const_cast<char*>(text.data()), text.size(), "r"));
  if (!stream) return system_error("cannot read a mount table", errno);
  return from_stream(stream.get(), "mountinfo");
}

const Mount* MountTable::by_id(int id) const {
  for (const auto& mount : mounts_)
    if (mount.id == id) return &mount;
  return nullptr;
}

// A mount is hidden if its parent mount is hidden, or if another mount on the same parent covers a directory
// above its mount point.  The kernel writes the table in parts, and a number may belong to another mount
// meanwhile, so that parents form a circle.  Nothing in it can be reached.
bool MountTable::reachable(const Mount& mount) const {
  const Mount* at = &mount;
  for (std::size_t steps = 0; steps <= mounts_.size(); ++steps) {
    const Mount* parent = by_id(at->parent);
    if (parent == nullptr || parent == at) return true;
    for (const auto& other : mounts_) {
      if (&other == at || other.id == at->id || other.parent != parent->id) continue;
      const bool covers = at->target != other.target && is_below(at->target, other.target);
      if (covers) return false;
    }
    at = parent;
  }
  return false;
}

const Mount* MountTable::at(std::string_view target) const {
  const Mount* found = nullptr;
  for (const auto& mount : mounts_) {
    if (mount.target != target || !reachable(mount)) continue;
    // Of stacked mounts, each lies on the one before.
    if (found == nullptr || mount.parent == found->id) found = &mount;
  }
  // The table need not list stacked mounts from bottom to top.
  bool higher = found != nullptr;
  for (std::size_t steps = 0; higher && steps <= mounts_.size(); ++steps) {
    higher = false;
    for (const auto& mount : mounts_) {
      if (mount.parent != found->id || mount.target != target || &mount == found) continue;
      found = &mount;
      higher = true;
      break;
    }
  }
  return found;
}

const Mount* MountTable::holding(std::string_view path) const {
  for (;;) {
    if (const Mount* mount = at(path)) return mount;
    const auto slash = path.rfind('/');
    if (path == "/" || slash == std::string_view::npos) return nullptr;
    path = slash == 0 ? std::string_view("/") : path.substr(0, slash);
  }
}

std::vector<const Mount*> MountTable::below(std::string_view path) const {
  std::vector<const Mount*> found;
  for (const auto& mount : mounts_)
    if (is_below(mount.target, path) && at(mount.target) == &mount) found.push_back(&mount);
  return found;
}

std::optional<MountTable::Source> MountTable::source_of(std::string_view path) const {
  const Mount* mount = holding(path);
  if (mount == nullptr) return std::nullopt;
  std::string_view rest = path.substr(mount->target == "/" ? 0 : mount->target.size());
  if (rest == "/") rest = {};
  Source source{mount->device, (mount->root == "/" ? "" : mount->root) + std::string(rest)};
  if (source.root.empty()) source.root = "/";
  return source;
}

bool MountTable::same_directory(std::string_view a, std::string_view b) const {
  const auto source = source_of(a);
  return source && source == source_of(b);
}

bool is_below(std::string_view path, std::string_view directory) {
  if (directory == "/") return path.starts_with('/');
  return path.starts_with(directory) && (path.size() == directory.size() || path[directory.size()] == '/');
}

}  // namespace chos
