// SPDX-License-Identifier: BSD-3-Clause
#include "chos/run.h"

#include <unistd.h>

#include <cerrno>

#include "basic/exit_status.h"
#include "basic/files.h"
#include "basic/text.h"
#include "session/launch.h"

namespace chos::tool {
namespace {

// Changes to the working directory, or else to the home directory or /, where a person can continue.  Returns
// the directory that it reached.
std::string go_back(const Context& context, const std::vector<std::string>& names, const std::string& os) {
  const auto back = change_directory(names, os);
  if (back) return *back;
  const std::string complaint = back.error().what + "; continuing in ";
  if (!context.home.empty() && ::chdir(context.home.c_str()) == 0) {
    context.say.warning(complaint + in_quotes(context.home));
    return context.home;
  }
  if (::chdir("/") != 0) context.say.warning("cannot change to '/'");
  context.say.warning(complaint + "'/'");
  return "/";
}

// Executes the program with `environment`.  Returns the exit status on failure.
int start(const Context& context, const std::string& file, const std::vector<std::string>& arguments,
          const Environment& environment, const std::string& os) {
  auto block = environment_block(environment);
  std::vector<char*> pointers;
  for (auto& variable : block) pointers.push_back(variable.data());
  pointers.push_back(nullptr);
  ::environ = pointers.data();
  const auto failed = exec_program(file, arguments, os);
  context.say.error(failed.why);
  return failed.status;
}

int login_shell(const Context& context, const Account& account, const Environment& inherited,
                const std::string& os) {
  Account mine = account;
  if (!executable(mine.shell)) {
    context.say.warning("your shell " + in_quotes(mine.shell) + " does not exist in " + os +
                        "; using /bin/sh");
    mine.shell = "/bin/sh";
  }
  const std::string& path = mine.uid == 0 ? context.config.root_path : context.config.user_path;
  const auto environment = login_environment(inherited, context.config.keep, mine, path, os);
  return start(context, mine.shell, {login_argv0(mine.shell)}, environment, os);
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
    context.say.error("uid " + std::to_string(::geteuid()) +
                      " has no account on this node, so "
                      "no login shell is known");
    context.say.hint("name a command: chos -o " + chosen.name() + " /bin/sh");
    return exit_cannot;
  }
  const auto directories = working_directory(context.environment);
  const std::string os = chosen.name();
  if (const auto moved = enter_os(context, chosen, context.say); !moved) {
    context.say.error(moved.error());
    return exit_cannot;
  }
  const std::string directory = go_back(context, directories, os);
  Environment environment = context.environment;
  if (find_variable(environment, "PWD") != nullptr) set_variable(environment, "PWD", directory);
  set_variable(environment, "CHOS", os);
  if (context.options.command.empty()) return login_shell(context, *account, environment, os);
  return start(context, context.options.command.front(), context.options.command, environment, os);
}

}  // namespace chos::tool
