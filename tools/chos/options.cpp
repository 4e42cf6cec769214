// SPDX-License-Identifier: BSD-3-Clause
#include "chos/options.h"

#include <algorithm>
#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>

#include "basic/exit_status.h"
#include "basic/own_arguments.h"
#include "basic/version.h"

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

The OS is chosen by the first that names one: -o NAME, $CHOS, ~/.chos, the site's default.
Exit status: the command's; 126 chos failed; 127 the OS does not have the command.
See chos(1).)";

const std::vector<std::string> with_value{"-o", "--os", "--set"};

class Help : public CLI::Formatter {
 public:
  std::string make_usage(const CLI::App*, std::string) const override {
    return "Usage: chos [-o NAME] [COMMAND [ARGUMENT...]]\n"
           "       chos --list | --current | --set NAME | --why | --ps  [--json]\n"
           "       chos --list --plain\n";
  }
};

}  // namespace

std::variant<Options, int> parse_options(const std::vector<std::string>& arguments) {
  Options options;
  const std::size_t own = count_own_arguments(arguments, with_value);

  CLI::App app{"Run a command or a login shell in one of the operating systems of this node.", "chos"};
  app.formatter(std::make_shared<Help>());
  app.footer(examples);
  app.set_help_flag("-h,--help", "Print this help and exit");
  app.set_version_flag("--version", std::string("chos ") + version_text, "Print the version and exit");

  bool list = false, current = false, why = false, ps = false;
  std::string os;
  auto* os_option = app.add_option("-o,--os", os, "Enter this OS, given by its name or path in /etc/chos");
  os_option->type_name("NAME");
  app.add_flag("--list", list, "List the OSs and whether you may enter them");
  app.add_flag("--current", current, "Print the OS that this process is in");
  auto* set_option =
      app.add_option("--set", options.set_name, "Write NAME to ~/.chos, which chooses the OS of your logins");
  set_option->type_name("NAME");
  app.add_flag("--why", why, "Show the OS that would be chosen, and what each rule says");
  app.add_flag("--ps", ps, "List your processes by OS (root: those of all users)");
  app.add_flag("--json", options.json, "Print JSON; use with one of the five options above");
  app.add_flag("--plain", options.plain,
               "With --list: print name, path, state, and yes or no, separated by tabs");

  // CLI11 takes them from the back.
  std::vector<std::string> mine(arguments.begin(), arguments.begin() + static_cast<std::ptrdiff_t>(own));
  if (!mine.empty() && mine.back() == "--") mine.pop_back();
  std::reverse(mine.begin(), mine.end());
  try {
    app.parse(mine);
    options.command.assign(arguments.begin() + static_cast<std::ptrdiff_t>(own), arguments.end());
    if (os_option->count() > 0) options.os = os;
    if (int{list} + int{current} + int{set_option->count() > 0} + int{why} + int{ps} > 1)
      throw CLI::ArgumentMismatch("only one of --list, --current, --set, --why and --ps is taken",
                                  CLI::ExitCodes::ArgumentMismatch);
    if (list) options.action = Action::list;
    if (current) options.action = Action::current;
    if (set_option->count() > 0) options.action = Action::set;
    if (why) options.action = Action::why;
    if (ps) options.action = Action::ps;
    if (options.action != Action::run && !options.command.empty())
      throw CLI::ArgumentMismatch(
          "no command is taken with --list, --current, --set, --why and "
          "--ps",
          CLI::ExitCodes::ArgumentMismatch);
    if (options.plain && (options.action != Action::list || options.json))
      throw CLI::ArgumentMismatch("--plain needs --list, and excludes --json",
                                  CLI::ExitCodes::ArgumentMismatch);
    if (options.action == Action::run && options.json)
      throw CLI::ArgumentMismatch("--json needs --list, --current, --set, --why or --ps",
                                  CLI::ExitCodes::ArgumentMismatch);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {  // --help, --version
      app.exit(error, std::cout, std::cerr);
      return 0;
    }
    std::cerr << "chos: " << error.what() << "\nchos:   see: chos --help\n";
    return exit_cannot;
  }
  return options;
}

}  // namespace chos::tool
