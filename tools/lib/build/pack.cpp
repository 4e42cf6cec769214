// SPDX-License-Identifier: BSD-3-Clause
#include "build/pack.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "basic/files.h"
#include "basic/program_search.h"
#include "basic/subprocess.h"
#include "build/run_logged.h"

namespace chos {
namespace {

// A directory and a log beside a file to be made, with names that nothing had.  They are removed in the end.
struct Scratch {
  static Result<Scratch> make(const std::string& file) {
    Scratch made{file + ".XXXXXX", file + ".XXXXXX.log"};
    if (::mkdtemp(made.directory.data()) == nullptr) {
      made.directory.clear();
      made.log.clear();
      return system_error("cannot make a directory beside " + file, errno);
    }
    const UniqueFd log(::mkostemps(made.log.data(), 4, O_CLOEXEC));
    if (log) return made;
    const int why = errno;
    made.log.clear();
    return system_error("cannot make a log beside " + file, why);
  }
  Scratch(std::string its_directory, std::string its_log)
      : directory(std::move(its_directory)), log(std::move(its_log)) {}
  Scratch(Scratch&& other) noexcept
      : directory(std::exchange(other.directory, {})), log(std::exchange(other.log, {})) {}
  ~Scratch() {
    if (!directory.empty()) {
      (void)::unlink((directory + "/image").c_str());
      (void)::rmdir(directory.c_str());
    }
    if (!log.empty() && !keeps_log) (void)::unlink(log.c_str());
  }

  std::string directory, log;
  bool keeps_log = false;
};

// Never in the place of a file that somebody has made meanwhile.
Status put_in_place(const std::string& from, const std::string& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return {};
  // Some file systems have no such renaming.
  if (errno == EINVAL && ::link(from.c_str(), to.c_str()) == 0) return {};
  return system_error("cannot make " + to, errno);
}

}  // namespace

Status pack_tree(const std::string& root, const std::string& file, const std::string& type,
                 WorkProgress& progress) {
  struct stat info {};
  if (::lstat(file.c_str(), &info) == 0)
    return Error{file + " exists already", "name another file, or remove it", EEXIST};
  auto scratch = Scratch::make(file);
  if (!scratch) return scratch.error();
  const std::string part = scratch->directory + "/image", &log = scratch->log;
  std::vector<std::string> command;
  if (type == "squashfs")
    command = {"mksquashfs", root, part, "-noappend", "-comp", "zstd", "-xattrs", "-one-file-system"};
  else command = {"mkfs.erofs", "-zlz4hc", part, root};
  if (find_program(command.front()).empty())
    return missing_program(command.front(), type == "squashfs" ? "squashfs-tools" : "erofs-utils");
  progress.stage("packing " + root + " into " + file);
  auto status = run_logged(command, log, progress);
  if (status) status = put_in_place(part, file);
  scratch->keeps_log = !status && ::stat(log.c_str(), &info) == 0 && info.st_size > 0;
  return status;
}

}  // namespace chos
