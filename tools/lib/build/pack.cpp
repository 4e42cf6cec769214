// SPDX-License-Identifier: BSD-3-Clause
#include "build/pack.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <vector>

#include "basic/files.h"
#include "basic/program_search.h"
#include "build/run_logged.h"

namespace chos {
namespace {

constexpr const char* image = "image";  // its name in the scratch directory

// What a file is made with: a directory and a log beside it, with names that nothing had.  They are removed
// in the end.  A user may own the directory of the file and put other things in their places at any moment,
// so all of them are reached by descriptors, and nobody else can write in the scratch directory.
class Scratch {
 public:
  explicit Scratch(const std::string& file) : file_(file), name_(std::filesystem::path(file).filename()) {}
  Scratch(const Scratch&) = delete;
  ~Scratch() {
    if (directory_) (void)::unlinkat(directory_.get(), image, 0);
    if (!directory_name_.empty()) (void)::unlinkat(above_.get(), directory_name_.c_str(), AT_REMOVEDIR);
    if (!log_name_.empty() && !keeps_log_) (void)::unlinkat(above_.get(), log_name_.c_str(), 0);
  }

  Status make() {
    const std::string above = file_.substr(0, file_.size() - name_.size());
    above_ = UniqueFd(::open(above.empty() ? "." : above.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!above_) return system_error("cannot open the directory of " + file_, errno);
    struct stat info {};
    if (::fstatat(above_.get(), name_.empty() ? "." : name_.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0)
      return Error{file_ + " exists already", "name another file, or remove it", EEXIST};
    auto status = make_directory();
    return status ? make_log() : status;
  }

  // Never in the place of a file that somebody has made meanwhile.
  Status put_in_place() {
    if (::renameat2(directory_.get(), image, above_.get(), name_.c_str(), RENAME_NOREPLACE) == 0) return {};
    // Some file systems have no such renaming.
    if (errno == EINVAL && ::linkat(directory_.get(), image, above_.get(), name_.c_str(), 0) == 0) return {};
    return system_error("cannot make " + file_, errno);
  }

  // Unless it is empty.
  void keep_log() {
    struct stat info {};
    keeps_log_ = ::fstat(log_.get(), &info) == 0 && info.st_size > 0;
  }

  int directory() const { return directory_.get(); }
  int log() const { return log_.get(); }
  std::string log_path() const { return file_.substr(0, file_.size() - name_.size()) + log_name_; }

 private:
  // With an empty file for the image: if the directory is not the one that was made, nothing in it is
  // touched.
  Status make_directory() {
    std::string made = by_fd(above_.get()) + "/" + name_ + ".XXXXXX";
    if (::mkdtemp(made.data()) == nullptr)
      return system_error("cannot make a directory beside " + file_, errno);
    directory_name_ = last_of(made);
    UniqueFd directory(
        ::openat(above_.get(), directory_name_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    struct stat info {};
    if (!directory || ::fstat(directory.get(), &info) != 0)
      return system_error("cannot open the directory made beside " + file_, errno);
    if (info.st_uid != ::geteuid() || (info.st_mode & (S_IRWXG | S_IRWXO)) != 0)
      return Error{"the directory made beside " + file_ +
                       " is not root's own: somebody has put another in its place, or a file server takes "
                       "root for somebody else",
                   "make the file in a directory that only root can change, and copy it", EPERM};
    const UniqueFd file(
        ::openat(directory.get(), image, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
    if (!file) return system_error("cannot make a file beside " + file_, errno);
    directory_ = std::move(directory);
    return {};
  }

  Status make_log() {
    constexpr std::string_view end = ".log";
    std::string made = by_fd(above_.get()) + "/" + name_ + ".XXXXXX" + std::string(end);
    log_ = UniqueFd(::mkostemps(made.data(), end.size(), O_APPEND | O_CLOEXEC));
    if (!log_) return system_error("cannot make a log beside " + file_, errno);
    log_name_ = last_of(made);
    return {};
  }

  static std::string last_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

  const std::string file_, name_;
  std::string directory_name_, log_name_;
  UniqueFd above_, directory_, log_;
  bool keeps_log_ = false;
};

}  // namespace

Status pack_tree(const std::string& root, const std::string& file, const std::string& type,
                 WorkProgress& progress) {
  Scratch scratch(file);
  if (auto status = scratch.make(); !status) return status;
  std::vector<std::string> command;
  if (type == "squashfs")
    command = {"mksquashfs", root, image, "-noappend", "-comp", "zstd", "-xattrs", "-one-file-system"};
  else command = {"mkfs.erofs", "-zlz4hc", image, root};
  if (find_program(command.front()).empty())
    return missing_program(command.front(), type == "squashfs" ? "squashfs-tools" : "erofs-utils");
  progress.stage("packing " + root + " into " + file);
  auto status = run_logged_in(scratch.directory(), command, scratch.log(), scratch.log_path(), progress);
  if (status) status = scratch.put_in_place();
  if (!status) scratch.keep_log();
  return status;
}

}  // namespace chos
