// SPDX-License-Identifier: BSD-3-Clause
#include "basic/walk.h"

#include <fcntl.h>
#include <sys/sysmacros.h>

#include <cerrno>

#include "basic/files.h"

namespace chos {
namespace {

class Walker {
 public:
  Walker(const WalkVisit& visit, const WalkFailure& failed) : visit_(visit), failed_(failed) {}

  Status run(int root) {
    struct stat info {};
    if (::fstat(root, &info) != 0) return failed_("/", errno);
    device_ = info.st_dev;
    path_ = "/";
    return entry({path_, root, info, 0, false});
  }

 private:
  // The path is in path_.
  Status entry(const WalkEntry& found) {
    const auto below = visit_(found);
    if (!below) return below.error();
    if (!S_ISDIR(found.info.st_mode) || *below == Below::skip || found.info.st_dev != device_) return {};
    if (found.depth >= deepest_walk) return failed_(path_, ELOOP);
    return directory(found.fd, found.depth);
  }

  Status directory(int fd, unsigned depth) {
    UniqueFd listed = reopen(fd, O_RDONLY | O_DIRECTORY);
    const DirectoryStream stream(listed ? ::fdopendir(listed.get()) : nullptr);
    if (!stream) return failed_(path_, errno);
    listed.release();
    const auto end = path_.size();
    while (const dirent* found = next_entry(stream)) {
      if (path_.back() != '/') path_ += '/';
      path_ += found->d_name;
      if (auto status = name(fd, found->d_name, depth + 1); !status) return status;
      path_.resize(end);
    }
    return errno == 0 ? Status() : failed_(path_, errno);
  }

  // A user's FUSE file system may never answer, or refuse root everything.  Neither opening with O_PATH nor
  // statx with an empty mask asks it.
  Status name(int directory, const char* name, unsigned depth) {
    const UniqueFd fd(::openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
    struct statx known {};
    if (!fd || ::statx(fd.get(), "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, 0, &known) != 0)
      return failed_(path_, errno);
    struct stat info {};
    info.st_dev = makedev(known.stx_dev_major, known.stx_dev_minor);
    const bool is_mount = (known.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0 && info.st_dev != device_;
    if (is_mount) {
      info.st_mode = known.stx_mode;
      info.st_uid = known.stx_uid;
      info.st_gid = known.stx_gid;
      info.st_rdev = makedev(known.stx_rdev_major, known.stx_rdev_minor);
    } else if (::fstat(fd.get(), &info) != 0) {
      return failed_(path_, errno);
    }
    return entry({path_, is_mount ? -1 : fd.get(), info, depth, is_mount});
  }

  const WalkVisit& visit_;
  const WalkFailure& failed_;
  dev_t device_ = 0;
  std::string path_;
};

}  // namespace

Error walk_error(const std::string& name, int why) {
  if (why != ELOOP) return system_error("cannot read " + name, why);
  return Error{"cannot read " + name + ": there are more than " + std::to_string(deepest_walk) +
                   " directories in each other",
               "", why};
}

Status walk_tree(int root, const WalkVisit& visit, const WalkFailure& failed) {
  return Walker(visit, failed).run(root);
}

}  // namespace chos
