// SPDX-License-Identifier: BSD-3-Clause
// After enter() nothing here may make libc load a library (NSS, locale, iconv): it would come
// from the other OS.
#include "chos/run.h"

#include <sys/personality.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

#include "lib/exit_status.h"
#include "lib/names.h"

namespace chos::tool {
namespace {

// Names of the working directory, the best first: $PWD, if it still leads here, is what the user
// sees; getcwd(3) says where it really is.
std::vector<std::string> working_directory(const Environment& environment) {
  std::vector<std::string> names;
  struct stat here {}, there {};
  const std::string* pwd = find_variable(environment, "PWD");
  if (pwd != nullptr && pwd->starts_with('/') && ::stat(".", &here) == 0 &&
      ::stat(pwd->c_str(), &there) == 0 && here.st_dev == there.st_dev &&
      here.st_ino == there.st_ino)
    names.push_back(*pwd);
  char name[PATH_MAX];
  // "(unreachable)/..." is not a name to go back to.
  if (::getcwd(name, sizeof name) != nullptr && name[0] == '/') names.emplace_back(name);
  return names;
}

// Where we are in the end.
std::string go_back(const Context& context, const std::vector<std::string>& names,
                    const std::string& os) {
  for (const auto& name : names)
    if (::chdir(name.c_str()) == 0) return name;
  const int why = names.empty() ? ENOENT : errno;
  const std::string lost = names.empty() ? "the working directory" : in_quotes(names.front());
  const std::string complaint = lost + " cannot be reached in " + os + " (" +
                                std::strerror(why) + "); going on in ";
  if (!context.home.empty() && ::chdir(context.home.c_str()) == 0) {
    context.say.warning(complaint + in_quotes(context.home));
    return context.home;
  }
  if (::chdir("/") != 0) context.say.warning("cannot change to '/'");
  context.say.warning(complaint + "'/'");
  return "/";
}

void set_persona(const Context& context, const Selection& chosen) {
  const auto* list = context.list();
  const OsEntry* before = list == nullptr ? nullptr : list->find(context.current);
  const bool wanted = chosen.entry != nullptr && chosen.entry->linux32;
  if (wanted) {
    if (::personality(PER_LINUX32) == -1)
      context.say.warning("cannot set the personality linux32: " +
                          std::string(std::strerror(errno)));
  } else if (before != nullptr && before->linux32 && context.current != "/") {
    ::personality(PER_LINUX);
  }
}

bool executable(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) &&
         ::access(path.c_str(), X_OK) == 0;
}

// Whether execvp(3)'s ENOENT is about the file, or about what the file needs.
bool file_is_there(const std::string& command, const Environment& environment) {
  struct stat info {};
  if (command.find('/') != std::string::npos) return ::stat(command.c_str(), &info) == 0;
  const std::string* path = find_variable(environment, "PATH");
  const std::string_view directories = path == nullptr ? "/bin:/usr/bin" : std::string_view(*path);
  for (const auto directory : split(directories, ':')) {
    const std::string file = (directory.empty() ? "." : std::string(directory)) + "/" + command;
    if (::stat(file.c_str(), &info) == 0 && S_ISREG(info.st_mode)) return true;
  }
  return false;
}

// Becomes the program, found by PATH of `environment`.
int become(const Context& context, const std::string& file, std::vector<std::string> arguments,
           const Environment& environment, const std::string& os) {
  auto block = environment_block(environment);
  std::vector<char*> pointers, argv;
  for (auto& variable : block) pointers.push_back(variable.data());
  pointers.push_back(nullptr);
  for (auto& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  ::environ = pointers.data();
  ::execvp(file.c_str(), argv.data());
  const int why = errno;
  if (why != ENOENT && why != ENOTDIR) {
    context.say.error(in_quotes(file) + " cannot be run in " + os + ": " + std::strerror(why));
    return exit_cannot;
  }
  if (file_is_there(file, environment)) {
    context.say.error(in_quotes(file) + " is there in " + os + ", but the interpreter or the "
                      "dynamic loader that it needs is not");
    return exit_cannot;
  }
  context.say.error(in_quotes(file) + " is not found in " + os);
  return exit_not_found;
}

int login_shell(const Context& context, const Account& account, const Environment& inherited,
                const std::string& os) {
  Account mine = account;
  if (!executable(mine.shell)) {
    context.say.warning("your shell " + in_quotes(mine.shell) + " is not there in " + os +
                        "; using /bin/sh");
    mine.shell = "/bin/sh";
  }
  const std::string& path =
      mine.uid == 0 ? context.config.root_path : context.config.user_path;
  const auto environment =
      login_environment(inherited, context.config.keep, mine, path, os);
  return become(context, mine.shell, {login_argv0(mine.shell)}, environment, os);
}

std::optional<Account> account_of(const Context& context) {
  if (context.account) return context.account;
  const auto* user = find_variable(context.environment, "USER");
  const auto* shell = find_variable(context.environment, "SHELL");
  if (user == nullptr || context.home.empty()) return std::nullopt;
  return Account{*user, context.home, shell == nullptr ? "/bin/sh" : *shell, ::geteuid()};
}

}  // namespace

int run(const Context& context) {
  if (const auto there = context.kernel.present(); !there) {
    context.say.error(there.error());
    return exit_cannot;
  }
  const Selection chosen = context.select();
  for (const auto& step : chosen.trail)
    if (step.verdict == Step::Verdict::ignored) context.say.warning(step.text);
  if (!chosen.ok()) {
    context.say.error(*chosen.refusal);
    return exit_cannot;
  }
  const auto account = account_of(context);
  if (context.options.command.empty() && !account) {
    context.say.error("uid " + std::to_string(::geteuid()) + " has no account on this node, so "
                      "no login shell is known");
    context.say.hint("name a command: chos -o " + chosen.name() + " /bin/sh");
    return exit_cannot;
  }
  const auto directories = working_directory(context.environment);
  const std::string os = chosen.name();

  // In the base OS there is nothing to leave.
  if (!chosen.base || context.current != "/") {
    if (const auto entered = context.kernel.enter(chosen.kernel_name()); !entered) {
      context.say.error(entered.error());
      if (entered.error().code == ENOENT && chosen.entry != nullptr)
        context.say.hint(context.allowlist_file + " does have it: perhaps it was not loaded yet "
                         "(chosctl reload)");
      return exit_cannot;
    }
    set_persona(context, chosen);
  }
  const std::string directory = go_back(context, directories, os);
  Environment environment = context.environment;
  if (find_variable(environment, "PWD") != nullptr) set_variable(environment, "PWD", directory);
  set_variable(environment, "CHOS", os);
  if (context.options.command.empty()) return login_shell(context, *account, environment, os);
  return become(context, context.options.command.front(), context.options.command, environment,
                os);
}

}  // namespace chos::tool
