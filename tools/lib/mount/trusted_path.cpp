// SPDX-License-Identifier: BSD-3-Clause
#include "mount/trusted_path.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <deque>

#include "basic/text.h"

namespace chos {
namespace {

constexpr int most_links = 40;  // the limit of the kernel

// Who besides `trusted` may write in a directory; "" for nobody.
std::string writer(int directory, const struct stat& info, uid_t trusted) {
  if (info.st_uid != trusted) return "the user " + std::to_string(info.st_uid);
  if ((info.st_mode & S_IWOTH) != 0) return "everybody";
  if ((info.st_mode & S_IWGRP) == 0) return {};
  if (info.st_gid != 0) return "the group " + std::to_string(info.st_gid);
  // With an ACL, the group's bits are the most that any of its entries grants.
  const bool has_acl = ::getxattr(by_fd(directory).c_str(), "system.posix_acl_access", nullptr, 0) > 0;
  return has_acl ? "somebody in its ACL" : "";
}

class Walk {
 public:
  Walk(const std::string& path, uid_t trusted) : path_(path), trusted_(trusted) {}

  Result<UniqueFd> run() {
    add(path_);
    if (auto status = to_root(); !status) return status.error();
    while (!rest_.empty()) {
      const std::string name = rest_.front();
      rest_.pop_front();
      if (name.empty() || name == ".") continue;
      if (auto status = check(); !status) return status.error();
      if (auto status = enter(name); !status) return status.error();
    }
    return std::move(here_);
  }

 private:
  void add(const std::string& path) {
    const auto parts = split(path, '/');
    rest_.insert(rest_.begin(), parts.begin(), parts.end());
  }

  Status to_root() {
    here_ = UniqueFd(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    return here_ ? Status() : system_error("cannot open /", errno);
  }

  Status check() const {
    struct stat info {};
    const std::string name = path_of(here_.get());
    if (::fstat(here_.get(), &info) != 0) return system_error("cannot examine " + name, errno);
    const std::string who = writer(here_.get(), info, trusted_);
    if (who.empty()) return {};
    return Error{
        who + " may write in " + in_quotes(name) + ", and so put something else in the place of " +
            in_quotes(path_),
        "chown root " + shell_quoted(name) + " && chmod go-w " + shell_quoted(name) + ", or move the tree",
        EPERM};
  }

  Status enter(const std::string& name) {
    const UniqueFd next(::openat(here_.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!next) return failed(errno);
    struct stat info {};
    if (::fstat(next.get(), &info) != 0) return failed(errno);
    if (!S_ISLNK(info.st_mode)) {
      // Once more, which triggers an automount.  Nobody but root could put a link there meanwhile.
      UniqueFd directory(::openat(here_.get(), name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (!directory) return failed(errno);
      here_ = std::move(directory);
      return {};
    }
    const std::string target = read_link(next.get(), "");
    if (target.empty()) return failed(errno);
    if (++links_ > most_links) return failed(ELOOP);
    add(target);
    return target.front() == '/' ? to_root() : Status();
  }

  Error failed(int code) const { return system_error("cannot open " + path_, code); }

  const std::string path_;
  const uid_t trusted_;
  std::deque<std::string> rest_;
  UniqueFd here_;
  int links_ = 0;
};

}  // namespace

Result<UniqueFd> open_trusted_path(const std::string& path, uid_t trusted) {
  if (!path.starts_with('/')) return Error{path + " is no absolute path", "", EINVAL};
  return Walk(path, trusted).run();
}

}  // namespace chos
