// SPDX-License-Identifier: BSD-3-Clause
#include "build/pack.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "basic/program_search.h"
#include "basic/subprocess.h"
#include "build/run_logged.h"

namespace chos {

Status pack_tree(const std::string& root, const std::string& file, const std::string& type,
                 WorkProgress& progress) {
  struct stat info {};
  if (::lstat(file.c_str(), &info) == 0)
    return Error{file + " is there already", "name another file, or remove it", EEXIST};
  const std::string part = file + ".part", log = file + ".log";
  std::vector<std::string> command;
  if (type == "squashfs")
    command = {"mksquashfs", root, part, "-noappend", "-comp", "zstd", "-xattrs", "-one-file-system"};
  else command = {"mkfs.erofs", "-zlz4hc", part, root};
  if (find_program(command.front()).empty())
    return missing_program(command.front(), type == "squashfs" ? "squashfs-tools" : "erofs-utils");
  progress.stage("packing " + root + " into " + file);
  for (const auto& left : {part, log}) (void)::unlink(left.c_str());
  auto status = run_logged(command, log, progress);
  if (status && ::rename(part.c_str(), file.c_str()) != 0)
    status = system_error("cannot make " + file, errno);
  if (!status) {
    (void)::unlink(part.c_str());
    if (::stat(log.c_str(), &info) == 0 && info.st_size == 0) (void)::unlink(log.c_str());
    return status;
  }
  (void)::unlink(log.c_str());
  return {};
}

}  // namespace chos
