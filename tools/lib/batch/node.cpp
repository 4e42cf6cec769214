// SPDX-License-Identifier: BSD-3-Clause
#include "batch/node.h"

#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "basic/subprocess.h"
#include "basic/text.h"
#include "batch/config_text.h"

namespace chos {
namespace {

bool has_type(const std::string& path, mode_t type) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && (info.st_mode & S_IFMT) == type;
}

}  // namespace

bool BatchNode::has_directory(const std::string& name) const { return has_type(path(name), S_IFDIR); }

bool BatchNode::has_file(const std::string& name) const { return has_type(path(name), S_IFREG); }

std::string BatchNode::text(const std::string& name) const { return config_text(path(name)); }

std::vector<std::string> BatchNode::matches(const std::string& pattern) const {
  std::vector<std::string> found;
  glob_t all{};
  if (::glob(path(pattern).c_str(), 0, nullptr, &all) == 0)
    for (std::size_t i = 0; i < all.gl_pathc; ++i)
      found.push_back(std::string(all.gl_pathv[i]).substr(root.size()));
  ::globfree(&all);
  return found;
}

Result<std::string> BatchNode::installed_program(const std::string& name) const {
  const auto directories = program_directories(CHOS_BINDIR);
  for (const auto& directory : directories) {
    const std::string program = directory + "/" + name;
    if (::access(path(program).c_str(), X_OK) == 0) return program;
  }
  return Error{name + " is not installed in " + listed(directories),
               "install all of chos; without this program no job would start", ENOENT};
}

Result<std::string> BatchNode::installed_text(const std::string& name) const {
  const std::string file = std::string(CHOS_DATADIR "/chos/") + name;
  auto content = text(file);
  if (!content.empty()) return content;
  return Error{file + " is missing", "install all of chos", ENOENT};
}

Result<std::string> BatchNode::output_of(const std::vector<std::string>& command,
                                         const std::string& remedy) const {
  const auto answer = run_command(command, patience);
  if (!answer) return answer.error();
  if (answer->status == 0) return answer->out;
  std::string line;
  for (const auto& word : command) line += (line.empty() ? "" : " ") + shell_quoted(word);
  return Error{line + ": " + answer->said(), remedy, EIO};
}

std::vector<std::string> program_directories(const std::string& own) {
  std::vector<std::string> out{own};
  for (const char* other : {"/usr/bin", "/usr/local/bin"})
    if (own != other) out.emplace_back(other);
  return out;
}

}  // namespace chos
