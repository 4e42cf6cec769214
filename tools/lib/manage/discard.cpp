// SPDX-License-Identifier: BSD-3-Clause
#include "manage/discard.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>

#include "basic/files.h"
#include "store/mounts.h"
#include "store/remove_tree.h"

namespace chos {

Status move_new(const std::string& from, const std::string& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return {};
  if (errno == EINVAL && ::access(to.c_str(), F_OK) != 0 &&  // a file system without it, as NFS
      ::rename(from.c_str(), to.c_str()) == 0)
    return {};
  return system_error("cannot move " + from + " to " + to, errno);
}

namespace {

Status remove_all_of(const ManageContext& context, const std::string& directory, Stop stop) {
  if (auto status = unmount_below(directory); !status) return status;
  return remove_tree(directory, [&](std::uint64_t removed) {
    return context.progress.tick(std::to_string(removed) + " entries removed") || stop == Stop::never;
  });
}

}  // namespace

Status clean_work(const ManageContext& context, const std::string& name, Stop stop) {
  auto status = remove_all_of(context, context.store.work(name), stop);
  if (status) return {};
  const auto aside = context.store.put_aside(name);
  if (!aside && aside.error().code == ENOENT) return {};
  if (!aside) return status;
  context.progress.note(status.error().what + "; the rest is in " + *aside +
                        ", and the next run of chosctl os add, replace or remove tries again");
  return {};
}

void clean_rubbish(const ManageContext& context) {
  for (const auto& directory : context.store.rubbish()) {
    // Another chosctl may be at it.
    const UniqueFd lock(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!lock || ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) continue;
    context.progress.stage("removing " + directory);
    if (auto status = remove_all_of(context, directory, Stop::on_signal); !status)
      context.progress.note(status.error().what);
  }
}

Status discard_tree(const ManageContext& context, const TreeRecord& record) {
  const Store& store = context.store;
  context.progress.stage("removing the tree " + record.directory());
  // Shared files and directories are mounted on entries of the tree.
  if (auto status = unmount_below(context.node.farm_path("os/" + record.directory())); !status) return status;
  const std::string tree = store.tree(record);
  struct stat info {};
  if (is_mounted_kind(store, record)) {
    if (auto status = unmount_below(tree); !status) return status;
    if (::rmdir(tree.c_str()) != 0 && errno != ENOENT) return system_error("cannot remove " + tree, errno);
    if (::unlink(store.image(record).c_str()) != 0 && errno != ENOENT)
      return system_error("cannot remove " + store.image(record), errno);
  } else if (record.kind == TreeRecord::Kind::tree && ::lstat(tree.c_str(), &info) == 0) {
    const std::string work = store.work(record.name);
    if (::mkdir(work.c_str(), 0700) != 0 && errno != EEXIST)
      return system_error("cannot make the directory " + work, errno);
    if (auto status = unmount_below(tree); !status) return status;
    if (auto status = move_new(tree, work + "/old~" + std::to_string(record.generation)); !status)
      return status;
  }
  if (auto status = store.forget(record); !status) return status;
  return clean_work(context, record.name);
}

Status take_back(const ManageContext& context, const TreeRecord& record) {
  struct stat info {};
  for (const char* made : {"/root", "/bundle/rootfs", "/image"})
    if (::lstat((context.store.work(record.name) + made).c_str(), &info) == 0)
      return context.store.forget(record);
  return discard_tree(context, record);
}

}  // namespace chos
