// SPDX-License-Identifier: BSD-3-Clause
#include "chos-base/run.h"

#include <cerrno>
#include <cstdlib>
#include <exception>

#include "allowlist/farm_names.h"
#include "basic/exit_status.h"
#include "basic/messages.h"
#include "basic/program_search.h"
#include "basic/text.h"
#include "session/launch.h"
#include "session/persona.h"

namespace chos::base {
namespace {

constexpr const char* where = "the base OS";

int fail(int status, const std::string& what, const std::string& remedy) {
  Messages("chos-base").error(what + (remedy.empty() ? "" : " (" + remedy + ")"));
  return status;
}

// The OS that this process is in; "/" also where there is no module.
Result<std::string> own_os(const ProcChos& kernel) {
  auto os = kernel.current();
  if (!os && os.error().code == ENOENT) return std::string("/");
  return os;
}

int leave(const ProcChos& kernel, const Request& request, const std::string& os) {
  auto directories = working_directory(own_environment());
  for (auto& directory : directories) directory = name_in_base(directory);
  if (const auto left = kernel.enter("/"); !left)
    return fail(exit_cannot,
                in_quotes(request.command) + " was not run, since " + in_quotes(os) +
                    " cannot be left: " + left.error().what,
                left.error().remedy);
  if (const auto persona = persona_to_set(false, false)) (void)set_persona(*persona);
  if (const auto back = change_directory(directories, where); !back)
    return fail(exit_cannot, in_quotes(request.command) + " was not run: " + back.error().what,
                "call it in a directory that all OSs have, such as one below your home");
  const char* chosen = std::getenv("CHOS");
  if (chosen == nullptr || *chosen == '\0') ::setenv("CHOS", os.c_str(), 1);
  return 0;
}

}  // namespace

std::string name_in_base(const std::string& directory) {
  const std::string local = std::string("/") + farm_local;
  if (directory == local) return "/";
  return directory.starts_with(local + "/") ? directory.substr(local.size()) : directory;
}

std::string search_path(const char* path) {
  const std::string standard = base_search_path;
  return path == nullptr || *path == '\0' ? standard : path + (":" + standard);
}

int run(const Request& request, const ProcChos& kernel) {
  // Identifies this program, so that the search for the command does not find a link to it.
  const auto self = identity_of("/proc/self/exe");
  const auto os = own_os(kernel);
  if (!os)
    return fail(exit_cannot, in_quotes(request.command) + " was not run: " + os.error().what,
                os.error().remedy);
  if (*os != "/")
    if (const int status = leave(kernel, request, *os); status != 0) return status;

  std::string file = request.command;
  if (file.find('/') == std::string::npos) {
    const auto found = find_command(file, search_path(std::getenv("PATH")), self);
    if (found.file.empty() && !found.denied.empty())
      return fail(exit_cannot, in_quotes(found.denied) + " of " + where + " may not be executed",
                  "ask an administrator whether it is meant for you");
    if (found.file.empty())
      return fail(exit_not_found,
                  in_quotes(file) + " is not found in " + where +
                      (found.itself ? ", except for a link to chos-base" : ""),
                  "the search covers $PATH and " + std::string(base_search_path) +
                      "; an administrator can install or link it there");
    file = found.file;
  }
  const auto failed = exec_program(file, request.arguments, where);
  return fail(failed.status, failed.why,
              failed.status == exit_not_found ? "a path is looked up there, not in the OS" : "");
}

int run_program(const std::vector<std::string>& argv, const ProcChos& kernel) {
  try {
    const auto parsed = parse_options(argv);
    if (const int* status = std::get_if<int>(&parsed)) return *status;
    return run(std::get<Request>(parsed), kernel);
  } catch (const std::exception& error) {
    return fail(exit_cannot, error.what(), "");
  }
}

}  // namespace chos::base
