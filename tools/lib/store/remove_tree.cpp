// SPDX-License-Identifier: BSD-3-Clause
#include "store/remove_tree.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <map>
#include <utility>
#include <vector>

#include "basic/files.h"
#include "basic/text.h"
#include "mount/mountinfo.h"
#include "mount/operations.h"

namespace chos {
namespace {

constexpr int most_rounds = 100;

// Attempts at a directory that does not become empty, and entries that one attempt looks at.  A directory
// to which another process adds names may have no last entry.
constexpr int most_attempts = 20;
constexpr std::uint64_t most_entries_at_once = 1'000'000;
// Entries between two calls of the progress function.
constexpr std::uint64_t entries_per_tick = 256;

// Opens a directory on the same mount; -1 with errno EXDEV if another one is mounted there.
UniqueFd open_child(int directory, const char* name) {
  struct open_how how {};
  how.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  how.resolve = RESOLVE_NO_XDEV;
  for (int tries = 0;; ++tries) {
    const long fd = ::syscall(SYS_openat2, directory, name, &how, sizeof how);
    if (fd >= 0 || (errno != EINTR && errno != EAGAIN) || tries == 100) return UniqueFd(static_cast<int>(fd));
  }
}

// A descriptor is open for each directory between the top and the one that is being emptied.  Trees that
// chosctl made have fewer levels than 256, so they are emptied where they are.
std::size_t most_open_directories() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 16;
  return static_cast<std::size_t>(std::clamp<rlim_t>(limit.rlim_cur / 4, 4, 256));
}

// Takes a directory from the users who could add names to it, by a path or from a working directory in it.
// A file system may refuse that, such as one that takes root for nobody; the attempts are limited then.
void claim(int directory, const struct stat& info) {
  if (info.st_uid == ::geteuid() && (info.st_mode & (S_IWGRP | S_IWOTH)) == 0) return;
  // The owner first: the old one could restore the mode.
  if (::fchown(directory, ::geteuid(), static_cast<gid_t>(-1)) == 0) (void)::fchmod(directory, 0700);
}

class TreeRemover {
 public:
  TreeRemover(std::string top, const RemoveProgress& progress, unsigned deepest)
      : top_(std::move(top)), progress_(progress), deepest_(deepest) {}

  // The top is `name` in `parent`.
  Status run(int parent, const std::string& name) {
    parent_ = parent;
    return entry(name.c_str(), false);
  }

 private:
  struct Open {
    DirectoryStream stream;
    dev_t device;
    unsigned level;  // in the tree as it was
    bool was_given_more = false;
  };

  int here() const { return open_.empty() ? parent_ : ::dirfd(open_.back().stream.get()); }

  Error failure(const char* name, int why) const {
    return system_error("cannot remove " + (open_.empty() ? top_ : in_quotes(name) + " below " + top_), why);
  }

  Error mounted(const char* name) const {
    return Error{"something is mounted on " + (open_.empty() ? top_ : in_quotes(name) + " below " + top_) +
                     ", so that is not removed",
                 "see: findmnt -R " + shell_quoted(top_), EBUSY};
  }

  // Removes an entry of the innermost open directory, or the top.
  Status entry(const char* name, bool is_directory) {
    if (++seen_ % entries_per_tick == 0 && progress_ && !progress_(removed_))
      return Error{"the removal of " + top_ + " was interrupted", "", EINTR};
    if (!is_directory) {
      if (::unlinkat(here(), name, 0) == 0) return removed(name);
      const int why = errno;
      if (why == ENOENT) return {};
      struct stat info {};
      // EISDIR is what Linux says, EPERM what POSIX does.
      if (::fstatat(here(), name, &info, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(info.st_mode))
        return why == EBUSY ? mounted(name) : failure(name, why);
    }
    if (::unlinkat(here(), name, AT_REMOVEDIR) == 0) return removed(name);
    switch (errno) {
      case ENOENT:
      case ENOTDIR: return {};  // another attempt finds what is there instead
      case EBUSY: return mounted(name);
      case ENOTEMPTY:
      case EEXIST: break;
      default: return failure(name, errno);
    }
    if (open_.size() >= most_open_ && lift(name)) return {};
    return directory(name);
  }

  Status removed(const char* name) {
    ++removed_;
    forget(name);
    return {};
  }

  void forget(const char* name) {
    if (!lifted_.empty()) lifted_.erase({open_.size(), name});
  }

  unsigned level_of(const char* name) const {
    const auto lifted = lifted_.empty() ? lifted_.end() : lifted_.find({open_.size(), name});
    if (lifted != lifted_.end()) return lifted->second;
    return open_.empty() ? 0 : open_.back().level + 1;
  }

  // Moves a directory that lies deep up to the outermost directory of its file system, where a later
  // attempt finds it.  False if that does not work: a descriptor more may do.
  bool lift(const char* name) {
    const auto to = std::find_if(open_.begin(), open_.end(),
                                 [&](const Open& one) { return one.device == open_.back().device; });
    if (to == open_.end() - 1) return false;
    for (int tries = 0; tries < 1000; ++tries) {
      const std::string fresh = ".chos-rest-" + std::to_string(::getpid()) + "-" + std::to_string(++names_);
      if (!move_new(name, ::dirfd(to->stream.get()), fresh.c_str())) {
        if (errno == EEXIST) continue;
        return errno == ENOENT;
      }
      lifted_[{static_cast<std::size_t>(to - open_.begin()) + 1, fresh}] = level_of(name);
      forget(name);
      to->was_given_more = true;
      return true;
    }
    return false;
  }

  bool move_new(const char* name, int to, const char* fresh) const {
    if (::renameat2(here(), name, to, fresh, RENAME_NOREPLACE) == 0) return true;
    if (errno != EINVAL) return false;
    // A file system without it, as NFS.
    if (::faccessat(to, fresh, F_OK, AT_SYMLINK_NOFOLLOW) == 0) errno = EEXIST;
    else if (::renameat(here(), name, to, fresh) == 0) return true;
    return false;
  }

  Status directory(const char* name) {
    const unsigned level = level_of(name);
    if (level > deepest_)
      return Error{top_ + " has more than " + std::to_string(deepest_) +
                       " directories in each other, or a process adds them as fast as they are removed",
                   "see who is in it: lsof +D " + shell_quoted(top_), ELOOP};
    UniqueFd fd = open_child(here(), name);
    if (!fd && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)) return {};
    if (!fd && errno == EXDEV) return mounted(name);
    struct stat info {};
    if (!fd || ::fstat(fd.get(), &info) != 0) return failure(name, errno);
    claim(fd.get(), info);
    DirectoryStream stream(::fdopendir(fd.get()));
    if (!stream) return failure(name, errno);
    fd.release();
    const int parent = here();
    open_.push_back({std::move(stream), info.st_dev, level});
    auto status = empty(parent, name);
    open_.pop_back();
    return status ? removed(name) : status;
  }

  // Removes the innermost open directory, which is `name` in `parent`.
  Status empty(int parent, const char* name) {
    for (int attempt = 0; attempt < most_attempts; ++attempt) {
      if (auto status = remove_entries(name); !status) return status;
      if (::unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT) return {};
      if (errno == EBUSY) return mounted(name);
      if (errno != ENOTEMPTY && errno != EEXIST) return failure(name, errno);
      if (open_.back().was_given_more) attempt = 0;
      open_.back().was_given_more = false;
      ::rewinddir(open_.back().stream.get());
    }
    return Error{"something is added again and again to " +
                     (open_.size() == 1 ? top_ : in_quotes(name) + " below " + top_) +
                     ", so that is not removed",
                 "see who is in it: lsof +D " + shell_quoted(top_), EBUSY};
  }

  Status remove_entries(const char* directory) {
    for (std::uint64_t count = 0; count < most_entries_at_once; ++count) {
      // entry() opens more directories, which moves open_.
      const dirent* found = next_entry(open_.back().stream);
      if (found == nullptr) return errno == 0 ? Status() : Status(failure(directory, errno));
      if (auto status = entry(found->d_name, found->d_type == DT_DIR); !status) return status;
    }
    return {};
  }

  const std::string top_;
  const RemoveProgress& progress_;
  const unsigned deepest_;
  const std::size_t most_open_ = most_open_directories();
  int parent_ = -1;
  std::vector<Open> open_;  // from the top to the innermost one
  // What was moved up, by the number of open directories that it is in, and the level that it was on.
  std::map<std::pair<std::size_t, std::string>, unsigned> lifted_;
  unsigned names_ = 0;
  std::uint64_t seen_ = 0, removed_ = 0;
};

}  // namespace

Status remove_tree(const std::string& path, const RemoveProgress& progress, unsigned deepest) {
  const auto table = MountTable::read();
  if (!table) return table.error();
  if (const auto mounts = table->below(path); !mounts.empty())
    return Error{mounts.front()->target + " is a mount point, so " + path + " is not removed",
                 "umount " + shell_quoted(mounts.front()->target), EBUSY};
  const auto slash = path.rfind('/');
  const std::string above = slash == 0 ? "/" : path.substr(0, slash);
  const UniqueFd parent(::open(above.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!parent && errno == ENOENT) return {};
  if (!parent) return system_error("cannot open " + above, errno);
  return TreeRemover(path, progress, deepest).run(parent.get(), path.substr(slash + 1));
}

Status unmount_below(const std::string& path) {
  // A mount may hide another one, so the table is read again after each round.  The number of rounds is
  // limited, since another process may mount as fast.
  for (int round = 0; round < most_rounds; ++round) {
    const auto table = MountTable::read();
    if (!table) return table.error();
    const auto mounts = table->below(path);
    if (mounts.empty()) return {};
    // Detaching a mount also detaches the mounts below it.
    for (const Mount* mount : mounts)
      if (auto status = detach_mount(mount->id, mount->target); !status && status.error().code != ENOENT)
        return status;
  }
  return Error{"something is mounted again and again below " + path,
               "see who does it: findmnt -R " + shell_quoted(path), EBUSY};
}

}  // namespace chos
