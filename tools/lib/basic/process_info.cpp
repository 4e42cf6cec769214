// SPDX-License-Identifier: BSD-3-Clause
#include "basic/process_info.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "basic/files.h"

namespace chos {
namespace {

// The beginning of a small file; a process has as many arguments as it likes.
std::string head(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  char buffer[512];
  const ssize_t got = fd ? ::read(fd.get(), buffer, sizeof buffer) : 0;
  return got > 0 ? std::string(buffer, static_cast<std::size_t>(got)) : std::string();
}

}  // namespace

std::optional<ProcessInfo> describe_process(pid_t pid, const std::string& proc) {
  const std::string directory = proc + "/" + std::to_string(pid);
  struct stat info {};
  if (::stat(directory.c_str(), &info) != 0) return std::nullopt;
  ProcessInfo out;
  out.uid = info.st_uid;
  std::string command = head(directory + "/cmdline");
  while (!command.empty() && command.back() == '\0') command.pop_back();
  for (char& c : command)
    if (c == '\0') c = ' ';
  if (command.empty()) {
    command = head(directory + "/comm");
    while (command.ends_with('\n')) command.pop_back();
    command = "[" + command + "]";
  }
  out.command = command;
  return out;
}

}  // namespace chos
