// SPDX-License-Identifier: BSD-3-Clause
#include "chos/options.h"

#include <iostream>

#include "basic/exit_status.h"
#include "basic/messages.h"
#include "basic/own_arguments.h"
#include "basic/own_options.h"

namespace chos::tool {
namespace {

constexpr const char* examples = R"(Examples:
  chos                       start a login shell in your OS
  chos -o trixie             start a login shell in trixie
  chos -o trixie make -j8    run one command in trixie and exit with its status
  CHOS=trixie chos make      run one command in trixie
  chos -o base               start a login shell in the node's own OS
  chos --set trixie          make trixie the OS of your logins
  chos --list                list the OSs of this node
  chos --why                 show which OS `chos` would choose, and by which rule

The first of these that names an OS decides: -o NAME, $CHOS, ~/.chos, the site's default.
Exit status: the command's; 126 chos failed; 127 the OS does not have the command.
See chos(1).)";

const std::vector<std::string> with_value{"-o", "--os", "--set"};

constexpr const char* usage =
    "Usage: chos [-o NAME] [COMMAND [ARGUMENT...]]\n"
    "       chos --list | --current | --set NAME | --why | --ps  [--json]\n"
    "       chos --list --plain\n";

// The options from which the action and the OS follow.
struct Given {
  bool list = false, current = false, why = false, ps = false;
  std::optional<std::string> set_name;

  int actions() const { return int{list} + int{current} + int{set_name.has_value()} + int{why} + int{ps}; }

  Action action() const {
    if (list) return Action::list;
    if (current) return Action::current;
    if (set_name) return Action::set;
    if (why) return Action::why;
    return ps ? Action::ps : Action::run;
  }
};

void add_options(OwnOptions& own, Given& given, Options& options) {
  own.add_value("-o,--os", options.os, "NAME", "Enter this OS, given by its name or path in /etc/chos");
  own.add_flag("--list", given.list, "List the OSs and whether you may enter them");
  own.add_flag("--current", given.current, "Print the OS that this process is in");
  own.add_value("--set", given.set_name, "NAME",
                "Write NAME to ~/.chos, which chooses the OS of your logins");
  own.add_flag("--why", given.why, "Show the OS that would be chosen, and what each rule says");
  own.add_flag("--ps", given.ps, "List your processes by OS (root: those of all users)");
  own.add_flag("--json", options.json, "Print JSON; use with one of the five options above");
  own.add_flag("--plain", options.plain,
               "With --list: print name, path, state, and yes or no, separated by tabs");
}

// Why the accepted options cannot be used together; empty if they can.
std::string conflict(const Given& given, const Options& options) {
  if (given.actions() > 1) return "only one of --list, --current, --set, --why and --ps is taken";
  if (options.action != Action::run && !options.command.empty())
    return "no command is taken with --list, --current, --set, --why and --ps";
  if (options.plain && (options.action != Action::list || options.json))
    return "--plain needs --list, and excludes --json";
  if (options.action == Action::run && options.json)
    return "--json needs --list, --current, --set, --why or --ps";
  return {};
}

}  // namespace

std::variant<Options, int> parse_options(const std::vector<std::string>& arguments) {
  Options options;
  Given given;
  OwnOptions own("chos", "Run a command or a login shell in one of the operating systems of this node.",
                 usage, examples);
  add_options(own, given, options);

  const auto end =
      arguments.begin() + static_cast<std::ptrdiff_t>(count_own_arguments(arguments, with_value));
  auto parsed = own.parse({arguments.begin(), end});
  if (parsed.printed) return 0;
  if (parsed.problem.empty()) {
    options.command.assign(end, arguments.end());
    options.set_name = given.set_name.value_or("");
    options.action = given.action();
    parsed.problem = conflict(given, options);
  }
  if (parsed.problem.empty()) return options;
  Messages("chos").error(Error{parsed.problem, "see: chos --help", EINVAL});
  return exit_cannot;
}

}  // namespace chos::tool
