// SPDX-License-Identifier: BSD-3-Clause
#include "chosctl/options.h"

#include <iostream>

#include <CLI/CLI.hpp>

#include "allowlist/allowlist.h"
#include "basic/exit_status.h"
#include "basic/messages.h"
#include "basic/text.h"
#include "basic/version.h"
#include "config/config.h"

namespace chos::ctl {
namespace {

constexpr const char* footer = R"(Examples:
  chosctl up                 make the node ready; run twice it changes nothing
  chosctl os add trixie debian:trixie  an OS from its source; see: chosctl os --help
  chosctl status             what there is, and who is in which OS
  chosctl reload             after a change of /etc/chos, of chos.conf or of a tree
  chosctl watch              the same by itself, when a tree comes or goes
  chosctl doctor             what is wrong, and what to do about it
  chosctl metrics            the node in numbers, as OpenMetrics, for a monitoring system
  chosctl down               back to a node without OSs
  chosctl pam enable sshd su logins by ssh and su land in the user's OS
  chosctl pam status         which services do so
  chosctl batch enable slurm jobs run in the OS of whoever submits them

Exit status: 0 done; 1 it failed or was refused, or doctor found errors; 2 usage; 3 status: not up.
See chosctl(8), chos(5), chos.conf(5).)";

// Of pam, and of batch.
struct ThreeCommands {
  CLI::App *enable, *disable, *status;
};

ThreeCommands add_pam(CLI::App& app, Options& options) {
  auto* pam = app.add_subcommand("pam", "Which logins land in the user's OS: /etc/pam.d");
  pam->require_subcommand(1);
  auto* enable = pam->add_subcommand("enable", "Put pam_chos.so at the end of their session rules");
  enable->add_option("SERVICE", options.services, "Such as sshd")->required();
  enable->add_flag("--deny", options.deny,
                   "Refuse a session whose OS cannot be entered (else it goes on in the base OS)");
  enable
      ->add_option("--option", options.pam_options,
                   "An option of the module, such as min_uid=1000; may be repeated")
      ->type_name("OPTION")
      ->allow_extra_args(false);
  auto* disable = pam->add_subcommand("disable", "Take it out again");
  disable->add_option("SERVICE", options.services, "Such as sshd")->required();
  auto* status = pam->add_subcommand("status", "Where it is, and whether it is the last rule");
  status->add_option("SERVICE", options.services, "Such as sshd; all if none is given");
  status->add_flag("--json", options.json, "Print JSON");
  return {enable, disable, status};
}

ThreeCommands add_batch(CLI::App& app, Options& options) {
  auto* batch = app.add_subcommand("batch", "Jobs in the OS of their users: the batch systems");
  batch->require_subcommand(1);
  const auto add = [&](const char* name, const char* what) {
    auto* command = batch->add_subcommand(name, what);
    command
        ->add_option("--directory", options.batch_directory,
                     "Of the batch system's configuration, if it is not where it is looked for")
        ->type_name("DIR");
    return command;
  };
  constexpr const char* systems = "slurm, sge, condor, torque, openpbs, lsf or globus";
  auto* enable = add("enable", "Make a batch system start its jobs in OSs");
  auto* disable = add("disable", "Take that back");
  for (auto* command : {enable, disable}) {
    command->add_option("SYSTEM", options.batch_systems, systems)->required()->expected(1);
    command
        ->add_option("--queue", options.batch_queues,
                     "Grid Engine: this queue only; LSF: which; may be repeated")
        ->type_name("NAME")
        ->allow_extra_args(false);
  }
  enable->add_flag("--force", options.force, "Even in the place of another program");
  disable->add_flag("--force", options.force, "openpbs: even if the hook chos is not of chos");
  auto* status = add("status", "Which batch systems there are, and whether they do so");
  status->add_option("SYSTEM", options.batch_systems, "Those on the node if none is given");
  status->add_flag("--json", options.json, "Print JSON");
  return {enable, disable, status};
}

// `chosctl os` where `chosctl os foo` was given.
const CLI::App& innermost(const CLI::App& app) {
  const CLI::App* at = &app;
  while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
  return *at;
}

// As people type it, with its parents.
std::string words_of(const CLI::App& command) {
  const auto* parent = command.get_parent();
  return (parent == nullptr ? "" : words_of(*parent) + " ") + command.get_name();
}

// CLI11 says what is missing before what it did not expect, which may stand in its place.
std::string complaint(const CLI::App& app, const CLI::App& command, const CLI::ParseError& error) {
  const auto unknown = app.remaining(true);
  if (error.get_name() != "RequiredError" || unknown.empty()) return error.what();
  if (command.get_require_subcommand_min() == 0 || unknown.front().starts_with('-'))
    return CLI::ExtrasError({unknown.front()}).what();
  const auto group = words_of(command).substr(app.get_name().size());
  return "there is no command " + in_quotes(trimmed(group + " " + unknown.front()));
}

std::string command_line_of(int argc, const char* const* argv) {
  std::string line;
  for (int i = 1; i < argc; ++i) line += (i > 1 ? " " : "") + shell_quoted(argv[i]);
  return line;
}

int complain(const CLI::App& app, const CLI::ParseError& error) {
  const auto& command = innermost(app);
  const Messages say("chosctl");
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
  app.footer(footer);
  app.set_help_flag("-h,--help", "Print this help and exit");
  app.set_version_flag("--version", std::string("chosctl ") + version_text);
  app.require_subcommand(1);
  app.fallthrough();
  app.add_option("--config", options.config, "Instead of /etc/chos.conf")->type_name("FILE");
  app.add_option("--allowlist", options.allowlist, "Instead of /etc/chos")->type_name("FILE");

  auto* up = app.add_subcommand("up", "Load the module, build the farm, mount, load the allowlist");
  up->add_option("--module", options.module_file, "Load this file, not what modprobe finds")
      ->type_name("FILE");
  auto* down = app.add_subcommand("down", "Unmount the farm and unload the module");
  down->add_flag("--force", options.force, "Even while processes are in an OS");
  down->add_flag("--keep-module", options.keep_module, "Leave the module loaded");
  down->add_flag("--at-shutdown", options.at_shutdown,
                 "While the node shuts down, end the processes in an OS (for chos.service)");
  auto* reload = app.add_subcommand("reload", "Load /etc/chos anew, mount what is new");
  auto* watch = app.add_subcommand("watch", "Reload by itself whenever a tree comes or goes");
  auto* status = app.add_subcommand("status", "Module, farm, OSs and their processes");
  status->add_flag("--json", options.json, "Print JSON");
  auto* doctor = app.add_subcommand("doctor", "Examine the node and its trees");
  doctor->add_flag("--json", options.json, "Print JSON");
  auto* metrics = app.add_subcommand("metrics", "The node in numbers: OpenMetrics");
  const auto pam = add_pam(app, options);
  const auto batch = add_batch(app, options);
  const OsCommandLine os(app, options.os);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {
      app.exit(error, std::cout, std::cerr);
      return 0;
    }
    return complain(app, error);
  }
  if (up->parsed()) options.command = Command::up;
  if (down->parsed()) options.command = Command::down;
  if (reload->parsed()) options.command = Command::reload;
  if (watch->parsed()) options.command = Command::watch;
  if (status->parsed()) options.command = Command::status;
  if (doctor->parsed()) options.command = Command::doctor;
  if (metrics->parsed()) options.command = Command::metrics;
  if (pam.enable->parsed()) options.command = Command::pam_enable;
  if (pam.disable->parsed()) options.command = Command::pam_disable;
  if (pam.status->parsed()) options.command = Command::pam_status;
  if (batch.enable->parsed()) options.command = Command::batch_enable;
  if (batch.disable->parsed()) options.command = Command::batch_disable;
  if (batch.status->parsed()) options.command = Command::batch_status;
  if (os.parsed()) options.command = Command::os;
  return options;
}

}  // namespace chos::ctl
