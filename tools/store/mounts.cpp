// SPDX-License-Identifier: BSD-3-Clause
#include "store/mounts.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <memory>

#include "lib/mount_ops.h"
#include "lib/names.h"
#include "store/build_parts.h"

namespace chos {

bool is_mounted_kind(const Store& store, const TreeRecord& record) {
  return record.kind == TreeRecord::Kind::image ||
         (record.kind == TreeRecord::Kind::external && record.origin != store.tree(record));
}

namespace {

constexpr int longest_look = 5;  // seconds

// Whether there is a directory with something in it.  Looked at by a grandchild, which nobody waits
// for: on a server that is down it is stuck until SIGALRM ends it, and this process would be too.
Status look_at(const std::string& directory) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return system_error("cannot make a pipe", errno);
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) return system_error("cannot fork", errno);
  if (child == 0) {
    if (::fork() != 0) ::_exit(0);
    ::signal(SIGALRM, SIG_DFL);
    ::alarm(longest_look);
    const std::unique_ptr<DIR, int (*)(DIR*)> listing(::opendir(directory.c_str()), ::closedir);
    int why = errno;
    if (listing) {
      errno = 0;
      const dirent* entry = ::readdir(listing.get());
      while (entry != nullptr && (std::strcmp(entry->d_name, ".") == 0 ||
                                  std::strcmp(entry->d_name, "..") == 0))
        entry = ::readdir(listing.get());
      why = entry != nullptr ? 0 : errno != 0 ? errno : ENODATA;
    }
    (void)!::write(writer.get(), &why, sizeof why);
    ::_exit(0);
  }
  writer.reset();
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {}
  pollfd wait{reader.get(), POLLIN, 0};
  int why = ETIMEDOUT;
  if (::poll(&wait, 1, (longest_look + 1) * 1000) <= 0 ||
      ::read(reader.get(), &why, sizeof why) != sizeof why)
    why = ETIMEDOUT;
  // A directory that only others may list is one, too.
  if (why == 0 || why == EACCES) return {};
  const char* remedy = "is the file system that it is on mounted?";
  if (why == ENODATA) return Error{directory + " is empty", remedy, ENOENT};
  if (why == ETIMEDOUT)
    return Error{directory + " does not answer", "is its server up?", ETIMEDOUT};
  return system_error("cannot examine " + directory, why, remedy);
}

}  // namespace

Result<bool> mount_tree(const Store& store, const TreeRecord& record) {
  if (!is_mounted_kind(store, record)) return false;
  const auto table = MountTable::read();
  if (!table) return table.error();
  const std::string target = store.tree(record);
  if (table->at(target) != nullptr) return false;
  if (record.kind == TreeRecord::Kind::image) {
    if (auto status = mount_image(store.image(record), record.origin, target); !status)
      return status.error();
    return true;
  }
  if (auto status = look_at(record.origin); !status) return status.error();
  if (auto status = bind_tree(record.origin, target); !status) return status.error();
  return true;
}

Result<TreeMounts> mount_trees(const Store& store, const Allowlist& list,
                               const std::string& file) {
  TreeMounts out;
  const auto records = store.records();
  if (!records) return records.error();
  for (const OsEntry* entry : trees_of(list)) {
    const TreeRecord* record = find_record(*records, entry->path);
    if (record == nullptr) continue;
    const auto mounted = mount_tree(store, *record);
    if (!mounted)
      out.missing.push_back({file, entry->line, "the tree of " + in_quotes(entry->name) +
                                                    " is not there: " + mounted.error().what});
    else if (*mounted)
      out.mounted.push_back(store.tree(*record));
  }
  return out;
}

UnmountedTrees unmounted_trees(const Store& store, const Allowlist& list) {
  UnmountedTrees out;
  const auto records = store.records();
  const auto table = MountTable::read();
  if (!records || !table) return out;
  for (const OsEntry* entry : trees_of(list)) {
    const TreeRecord* record = find_record(*records, entry->path);
    if (entry->closed || record == nullptr || !is_mounted_kind(store, *record) ||
        table->at(store.tree(*record)) != nullptr)
      continue;
    const bool there = record->kind == TreeRecord::Kind::image
                           ? ::access(store.image(*record).c_str(), F_OK) == 0
                           : look_at(record->origin).ok();
    (there ? out.ready : out.waiting).push_back(entry->name);
  }
  return out;
}

Result<std::vector<std::string>> unmount_trees(const Store& store) {
  std::vector<std::string> in_use;
  const auto records = store.records();
  if (!records) return records.error();
  const auto table = MountTable::read();
  if (!table) return table.error();
  for (const auto& record : *records) {
    const std::string target = store.tree(record);
    if (!is_mounted_kind(store, record) || table->at(target) == nullptr) continue;
    // A bind came with all that is mounted below its origin, so it is always busy; nothing is lost
    // with it, whoever looks at it: the origin stays.
    const bool bind = record.kind == TreeRecord::Kind::external;
    const auto status = bind ? detach(target) : unmount(target);
    if (status) continue;
    if (status.error().code != EBUSY) return status.error();
    in_use.push_back(target);
  }
  return in_use;
}

void know_store(Node& node) {
  const Store store(node.config.trees);
  node.mount_trees = [store, file = node.allowlist_file](const Allowlist& list, Progress& progress,
                                                         Transaction& changes) -> Status {
    const auto mounts = mount_trees(store, list, file);
    if (!mounts) {
      // Trees that were put there by hand need no records.
      const auto& [what, remedy, code] = mounts.error();
      progress.warning(what + "; no tree is mounted" + (remedy.empty() ? "" : "; " + remedy));
      return {};
    }
    for (const auto& complaint : mounts->missing) progress.warning(complaint.text());
    for (const auto& target : mounts->mounted)
      changes.done("mounting " + target, [target] { return detach(target); });
    if (!mounts->mounted.empty())
      progress.step("images", true, std::to_string(mounts->mounted.size()) + " trees mounted");
    return {};
  };
  node.unmounted_trees = [store](const Allowlist& list) { return unmounted_trees(store, list); };
  node.unmount_trees = [store](Progress& progress) -> Status {
    const auto in_use = unmount_trees(store);
    if (!in_use) return in_use.error();
    for (const auto& target : *in_use)
      progress.warning(target + " is in use and stays mounted; see: fuser -vm " + target);
    return {};
  };
}

}  // namespace chos
