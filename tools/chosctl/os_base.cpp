// SPDX-License-Identifier: BSD-3-Clause
#include "chosctl/os_base.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "basic/exit_status.h"
#include "basic/files.h"
#include "basic/json.h"
#include "basic/program_search.h"
#include "basic/replace_file.h"
#include "basic/text.h"
#include "chosctl/console.h"
#include "chosctl/os_print.h"
#include "config/base_command.h"
#include "config/config.h"
#include "config/edit.h"
#include "lifecycle/up.h"
#include "manage/catalog.h"

namespace chos::ctl {
namespace {

constexpr std::size_t largest_config = 256 * 1024;

Status write_config(const Node& node, const std::string& file, const std::string& text) {
  return replace_file(file, text, node.trusted);
}

// The commands that the OS will have; an Error if one of them is not allowed.
Result<std::vector<std::string>> wanted_commands(const std::vector<std::string>& present,
                                                 const OsOptions& options) {
  auto wanted = present;
  for (const auto& command : options.commands) {
    if (const auto problem = command_problem(command); !problem.empty()) return Error{problem, "", EINVAL};
    const auto at = std::find(wanted.begin(), wanted.end(), command);
    if (options.take_back && at == wanted.end())
      return Error{in_quotes(command) + " is not among the commands of " + in_quotes(options.name),
                   present.empty() ? "it has none" : "it has " + listed(present), ENOENT};
    if (options.take_back) wanted.erase(at);
    else if (at == wanted.end()) wanted.push_back(command);
  }
  return wanted;
}

void print(const OsOptions& options, const std::vector<std::string>& commands) {
  if (options.json) print_json({{"name", options.name}, {"commands", commands}});
  else
    for (const auto& command : commands) std::cout << escaped(command) << "\n";
}

std::vector<std::string> commands_of(const Config& config, const std::string& name) {
  const auto found = config.os_commands.find(name);
  return found == config.os_commands.end() ? std::vector<std::string>() : found->second;
}

// Writes the new text and reloads with `config`; restores the old text if that fails.
int apply(const Node& node, const std::string& file, const std::string& old_text, const std::string& text,
          const Config& config) {
  if (const auto status = write_config(node, file, text); !status) return failed(status.error());
  Node now = node;
  now.config = config;
  Console console("os base");
  if (!node_is_up(node) || chos::reload(now, console)) return 0;
  if (const auto status = write_config(node, file, old_text); !status) return failed(status.error());
  say.hint("nothing was changed");
  return exit_failed;
}

int change_commands(const Node& node, const Options& all) {
  const OsOptions& options = all.os;
  const std::string& file = all.config;
  // Another chosctl may have changed the file since it was read.
  const auto lock = Store(node.config.trees).lock_list();
  if (!lock) return failed(lock.error());
  auto read = load_config(file, node.trusted);
  if (!read.ok()) return failed(error_of(read.errors, "nothing was changed; see chos.conf(5)", EINVAL));
  const auto wanted = wanted_commands(commands_of(read.config, options.name), options);
  if (!wanted) return failed(wanted.error());
  for (const auto& command : *wanted)
    if (find_command(command, base_search_path, {}).file.empty())
      say.warning("the base OS has no " + in_quotes(command) + " now");
  const auto before = read_trusted_file(file, largest_config, node.trusted);
  if (!before && before.error().code != ENOENT) return failed(before.error());
  const std::string old_text = before ? *before : "";
  const auto text = with_os_commands(old_text, options.name, *wanted);
  if (!text) return failed(text.error());
  if (wanted->empty()) read.config.os_commands.erase(options.name);
  else read.config.os_commands[options.name] = *wanted;
  if (*text != old_text)
    if (const int status = apply(node, file, old_text, *text, read.config); status != 0) return status;
  print(options, *wanted);
  return 0;
}

}  // namespace

Status forget_base_commands(const Node& node, const std::string& config, const std::string& name) {
  const auto lock = Store(node.config.trees).lock_list();
  if (!lock) return lock.error();
  const auto text = read_trusted_file(config, largest_config, node.trusted);
  if (!text) return text.error().code == ENOENT ? Status() : Status(text.error());
  const auto without = with_os_commands(*text, name, {});
  if (!without) return without.error();
  return *without == *text ? Status() : write_config(node, config, *without);
}

int os_base(const Node& node, const Options& all) {
  const OsOptions& options = all.os;
  const auto info = show_os(node, Store(node.config.trees), options.name);
  // Commands that an OS left behind when its line was taken out by hand can be removed.
  const bool is_left_over = options.take_back && node.config.os_commands.contains(options.name);
  if (!info && !is_left_over) return failed(info.error());
  if (options.commands.empty()) {
    print(options, commands_of(node.config, options.name));
    return 0;
  }
  if (!is_root_in_base(node.kernel, all.command_line)) return exit_failed;
  return change_commands(node, all);
}

}  // namespace chos::ctl
