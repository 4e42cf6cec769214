// SPDX-License-Identifier: BSD-3-Clause
#include "farm/os_path.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <vector>

#include "allowlist/allowlist.h"
#include "basic/files.h"
#include "basic/text.h"

namespace chos {
namespace {

constexpr int most_links = 40;  // the limit of the kernel

class Walk {
 public:
  Walk(const Config& config, const std::vector<LayoutName>& layout, const OsEntry& entry)
      : config_(config), entry_(entry) {
    for (const auto& name : layout)
      if (!name.link) shared_.push_back(name.name);
  }

  Result<std::string> to(const std::string& path) {
    add(path);
    while (!rest_.empty()) {
      const std::string name = rest_.front();
      rest_.pop_front();
      if (name.empty() || name == ".") continue;
      if (name == "..") {
        if (!done_.empty()) done_.pop_back();
        continue;
      }
      done_.push_back(name);
      struct stat info {};
      const std::string here = place();
      if (::lstat(here.c_str(), &info) != 0) return system_error("cannot examine " + here, errno);
      if (!S_ISLNK(info.st_mode)) continue;
      const std::string target = read_link(AT_FDCWD, here);
      if (target.empty()) return system_error("cannot read the link " + here, errno);
      if (++links_ > most_links) return system_error("cannot follow " + path, ELOOP);
      done_.pop_back();
      add(target);
    }
    return place();
  }

 private:
  // Puts a path in front of the rest.  An absolute one starts at the root of the OS.
  void add(const std::string& path) {
    if (path.starts_with('/')) done_.clear();
    const auto parts = split(path, '/');
    rest_.insert(rest_.begin(), parts.begin(), parts.end());
  }

  std::string place() const {
    std::string out = config_.farm;
    const bool in_farm =
        done_.empty() || std::find(shared_.begin(), shared_.end(), done_.front()) != shared_.end();
    if (!in_farm) out += entry_.path;
    for (const auto& name : done_) out += "/" + name;
    return out;
  }

  const Config& config_;
  const OsEntry& entry_;
  std::vector<std::string> shared_, done_;
  std::deque<std::string> rest_;
  int links_ = 0;
};

}  // namespace

Result<std::string> path_in_os(const Config& config, const std::vector<LayoutName>& layout,
                               const OsEntry& entry, const std::string& path) {
  return Walk(config, layout, entry).to(path);
}

}  // namespace chos
