// SPDX-License-Identifier: BSD-3-Clause
#include "session/launch.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>

#include "allowlist/allowlist.h"
#include "basic/exit_status.h"
#include "basic/files.h"
#include "basic/text.h"
#include "session/persona.h"

namespace chos {
namespace {

// Whether the file exists: then ENOENT of execvp(3) is about its interpreter or loader.
bool file_is_there(const std::string& command) {
  struct stat info {};
  if (command.find('/') != std::string::npos) return ::stat(command.c_str(), &info) == 0;
  const char* path = ::getenv("PATH");
  for (const auto directory : split(path == nullptr ? "/bin:/usr/bin" : path, ':')) {
    const std::string file = (directory.empty() ? "." : std::string(directory)) + "/" + command;
    if (::stat(file.c_str(), &info) == 0 && S_ISREG(info.st_mode)) return true;
  }
  return false;
}

}  // namespace

std::vector<std::string> working_directory(const Environment& environment) {
  std::vector<std::string> names;
  const std::string* pwd = find_variable(environment, "PWD");
  if (pwd != nullptr && pwd->starts_with('/') && same_file(*pwd, ".")) names.push_back(*pwd);
  char name[PATH_MAX];
  // "(unreachable)/..." is not a name to go back to.
  if (::getcwd(name, sizeof name) != nullptr && name[0] == '/') names.emplace_back(name);
  return names;
}

Result<std::string> change_directory(const std::vector<std::string>& names, const std::string& os) {
  int why = ENOENT;
  for (const auto& name : names) {
    if (::chdir(name.c_str()) == 0) return name;
    why = errno;
  }
  const std::string lost = names.empty() ? "the working directory" : in_quotes(names.front());
  return Error{lost + " cannot be reached in " + os + " (" + std::strerror(why) + ")", "", why};
}

Status enter_os(const Place& place, const Selection& chosen, const Messages& warn) {
  // In the base OS there is nothing to leave.
  if (chosen.base && place.current == "/") return {};
  if (auto entered = place.kernel.enter(chosen.kernel_name()); !entered) {
    Error error = entered.error();
    if (error.code == ENOENT && chosen.entry != nullptr)
      error.remedy = place.allowlist_file +
                     " has it, so perhaps that list was not loaded yet "
                     "(chosctl reload)";
    // The list was checked before and admits this user.
    if (error.code == EACCES && chosen.entry != nullptr) error = no_tree_error(chosen.entry->name);
    return error;
  }
  const bool linux32 = chosen.entry != nullptr && chosen.entry->linux32;
  const auto persona = persona_to_set(place.current == "/", linux32);
  const int failed = persona ? set_persona(*persona) : 0;
  if (failed != 0)
    warn.warning(std::string("cannot set the personality ") + (linux32 ? "linux32" : "linux") + ": " +
                 std::strerror(failed));
  return {};
}

NotStarted exec_program(const std::string& file, std::vector<std::string> arguments, const std::string& os) {
  std::vector<char*> argv;
  for (auto& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  ::execvp(file.c_str(), argv.data());
  const int why = errno;
  if (why != ENOENT && why != ENOTDIR)
    return {exit_cannot, in_quotes(file) + " cannot be run in " + os + ": " + std::strerror(why)};
  if (file_is_there(file))
    return {exit_cannot, in_quotes(file) + " exists in " + os +
                             ", but the interpreter or the "
                             "dynamic loader that it needs does not"};
  return {exit_not_found, in_quotes(file) + " is not found in " + os};
}

}  // namespace chos
