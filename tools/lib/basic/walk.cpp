// SPDX-License-Identifier: BSD-3-Clause
#include "basic/walk.h"

#include <fcntl.h>

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
    return entry(root, info, 0);
  }

 private:
  // The path is in path_.
  Status entry(int fd, const struct stat& info, unsigned depth) {
    const auto below = visit_({path_, fd, info, depth});
    if (!below) return below.error();
    if (!S_ISDIR(info.st_mode) || *below == Below::skip || info.st_dev != device_) return {};
    if (depth >= deepest_walk)
      return Error{"the tree has more than " + std::to_string(deepest_walk) + " directories in each other",
                   "", ELOOP};
    return directory(fd, depth);
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

  Status name(int directory, const char* name, unsigned depth) {
    const UniqueFd fd(::openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
    struct stat info {};
    if (!fd || ::fstat(fd.get(), &info) != 0) return failed_(path_, errno);
    return entry(fd.get(), info, depth);
  }

  const WalkVisit& visit_;
  const WalkFailure& failed_;
  dev_t device_ = 0;
  std::string path_;
};

}  // namespace

Status walk_tree(int root, const WalkVisit& visit, const WalkFailure& failed) {
  return Walker(visit, failed).run(root);
}

}  // namespace chos
