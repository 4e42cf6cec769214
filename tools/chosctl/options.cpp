// SPDX-License-Identifier: BSD-3-Clause
#include "chosctl/options.h"

#include <iostream>

#include <CLI/CLI.hpp>

#include "allowlist/allowlist.h"
#include "basic/exit_status.h"
#include "basic/messages.h"
#include "basic/text.h"
#include "basic/version.h"
#include "chosctl/console.h"
#include "chosctl/help.h"
#include "config/config.h"

namespace chos::ctl {
namespace {

// Adds a command; `options.command` becomes `command` if it is given.
CLI::App* add_command(CLI::App& app, Options& options, const char* name, Command command, const char* what) {
  auto* added = app.add_subcommand(name, what);
  added->callback([&options, command] { options.command = command; });
  return added;
}

void add_json(CLI::App& command, Options& options) { command.add_flag("--json", options.json, "Print JSON"); }

void add_node(CLI::App& app, Options& options) {
  const auto add = [&](const char* name, Command command, const char* what) {
    return add_command(app, options, name, command, what);
  };
  add("up", Command::up, "Load the module, build and mount the farm, load the allowlist")
      ->add_option("--module", options.module_file, "Load this file instead of the installed module")
      ->type_name("FILE");
  auto* down = add("down", Command::down, "Unmount the farm and unload the module");
  down->add_flag("--force", options.force, "Even while processes are in an OS");
  down->add_flag("--keep-module", options.keep_module, "Leave the module loaded");
  down->add_flag("--at-shutdown", options.at_shutdown,
                 "If the node is shutting down, end the processes in an OS (for chos.service)");
  add("reload", Command::reload, "Load the allowlist again and mount what is new");
  add("watch", Command::watch, "Reload whenever a tree appears or disappears");
  add_json(*add("status", Command::status, "Show module, farm, OSs and their processes"), options);
  add_json(*add("doctor", Command::doctor, "Examine the node and its trees for problems"), options);
  add("metrics", Command::metrics, "Print the state of the node as OpenMetrics");
}

void add_pam(CLI::App& app, Options& options) {
  auto* pam = app.add_subcommand("pam", "Choose which logins enter the user's OS: /etc/pam.d");
  pam->require_subcommand(1);
  auto* enable = add_command(*pam, options, "enable", Command::pam_enable,
                             "Add pam_chos.so at the end of the session rules");
  enable->add_option("SERVICE", options.services, "Such as sshd")->required();
  enable->add_flag("--deny", options.deny,
                   "Refuse a session whose OS cannot be entered (otherwise it continues in the base OS)");
  enable
      ->add_option("--option", options.pam_options,
                   "An option of the module, such as min_uid=1000; may be repeated")
      ->type_name("OPTION")
      ->allow_extra_args(false);
  add_command(*pam, options, "disable", Command::pam_disable, "Remove pam_chos.so from the session rules")
      ->add_option("SERVICE", options.services, "Such as sshd")
      ->required();
  auto* status = add_command(*pam, options, "status", Command::pam_status,
                             "Show which services have it, and whether it is their last rule");
  status->add_option("SERVICE", options.services, "Such as sshd (default: all)");
  add_json(*status, options);
}

void add_batch(CLI::App& app, Options& options) {
  auto* batch = app.add_subcommand("batch", "Make batch systems run jobs in their users' OSs");
  batch->require_subcommand(1);
  const auto add = [&](const char* name, Command which, const char* what) {
    auto* command = add_command(*batch, options, name, which, what);
    command
        ->add_option("--directory", options.batch_directory,
                     "Directory of the batch system's configuration, if it is not a usual one")
        ->type_name("DIR");
    return command;
  };
  auto* enable = add("enable", Command::batch_enable, "Make a batch system start its jobs in OSs");
  auto* disable = add("disable", Command::batch_disable, "Make it start them in the base OS again");
  for (auto* command : {enable, disable}) {
    command->add_option("SYSTEM", options.batch_systems, "slurm, sge, condor, torque, openpbs, lsf or globus")
        ->required()
        ->expected(1);
    command
        ->add_option("--queue", options.batch_queues,
                     "Grid Engine: only this queue; LSF: which queue; may be repeated")
        ->type_name("NAME")
        ->allow_extra_args(false);
  }
  enable->add_flag("--force", options.force, "Replace another program that is set there");
  disable->add_flag("--force", options.force, "openpbs: even if the hook chos does not belong to chos");
  auto* status =
      add("status", Command::batch_status, "Show the batch systems, and whether they start jobs in OSs");
  status->add_option("SYSTEM", options.batch_systems, "Such as slurm (default: those of this node)");
  add_json(*status, options);
}

// The command that the options and words at the end belong to: `chosctl os` of `chosctl os foo`.
const CLI::App& innermost(const CLI::App& app) {
  const CLI::App* at = &app;
  while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
  return *at;
}

// A command with its parents, as people type it.
std::string words_of(const CLI::App& command) {
  const auto* parent = command.get_parent();
  return (parent == nullptr ? "" : words_of(*parent) + " ") + command.get_name();
}

// CLI11 reports a missing word before an unexpected one, though the unexpected one may be a
// misspelling of it.
std::string complaint(const CLI::App& app, const CLI::App& command, const CLI::ParseError& error) {
  const auto unknown = app.remaining(true);
  if (error.get_name() != "RequiredError" || unknown.empty()) return error.what();
  if (command.get_require_subcommand_min() == 0 || unknown.front().starts_with('-'))
    return CLI::ExtrasError({unknown.front()}).what();
  const auto words = words_of(command).substr(app.get_name().size()) + " " + unknown.front();
  return "there is no command " + in_quotes(trimmed(words));
}

void set_footers(CLI::App& command) {
  const auto words = words_of(command);
  const auto space = words.find(' ');
  command.footer(help_footer(space == std::string::npos ? "" : words.substr(space + 1)));
  for (auto* sub : command.get_subcommands({})) set_footers(*sub);
}

std::string command_line_of(int argc, const char* const* argv) {
  std::string line;
  for (int i = 1; i < argc; ++i) line += (i > 1 ? " " : "") + shell_quoted(argv[i]);
  return line;
}

int complain(const CLI::App& app, const CLI::ParseError& error) {
  const auto& command = innermost(app);
  say.error(complaint(app, command, error));
  say.hint("see: " + words_of(command) + " --help");
  return exit_usage;
}

}  // namespace

std::variant<Options, int> parse_options(int argc, const char* const* argv) {
  Options options;
  options.command_line = command_line_of(argc, argv);
  options.config = config_path;
  options.allowlist = allowlist_path;
  CLI::App app{"Administer the operating systems that this node offers.", "chosctl"};
  app.set_help_flag("-h,--help", "Print this help and exit");
  app.set_version_flag("--version", std::string("chosctl ") + version_text);
  app.require_subcommand(1);
  app.fallthrough();
  app.add_option("--config", options.config, "Instead of /etc/chos.conf")->type_name("FILE");
  app.add_option("--allowlist", options.allowlist, "Instead of /etc/chos")->type_name("FILE");
  add_node(app, options);
  add_pam(app, options);
  add_batch(app, options);
  add_os_options(app, options.os)->callback([&options] { options.command = Command::os; });
  set_footers(app);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {
      app.exit(error, std::cout, std::cerr);
      return 0;
    }
    return complain(app, error);
  }
  return options;
}

}  // namespace chos::ctl
