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
#include "config/base_command.h"
#include "config/config.h"
#include "config/edit.h"
#include "lifecycle/up.h"
#include "manage/catalog.h"

namespace chos::ctl {
namespace {

constexpr std::size_t largest_config = 256 * 1024;
const Messages say("chosctl");

Status write_config(const Node& node, const std::string& file, const std::string& text) {
  const auto slash = file.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : file.substr(0, slash + 1);
  const std::string name = slash == std::string::npos ? file : file.substr(slash + 1);
  const auto fd = open_guarded(directory, node.trusted);
  if (!fd) return fd.error();
  const UniqueFd old(::openat(fd->get(), name.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  return replace_in(fd->get(), name, text, old ? old.get() : -1, file);
}

// The commands that an OS is to have; an Error if one cannot be.
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
    for (const auto& command : commands) std::cout << command << "\n";
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
  const std::string& config = all.config;
  const auto fail = [](const Error& error) {
    say.error(error);
    return exit_failed;
  };
  const Store store(node.config.trees);
  const auto info = show_os(node, store, options.name);
  // What an OS that is gone has left can be taken out.
  const bool is_left_over = options.take_back && node.config.os_commands.contains(options.name);
  if (!info && !is_left_over) return fail(info.error());
  const auto present_in = [&](const Config& now) {
    const auto found = now.os_commands.find(options.name);
    return found == now.os_commands.end() ? std::vector<std::string>() : found->second;
  };
  if (options.commands.empty()) {
    print(options, present_in(node.config));
    return 0;
  }
  if (!is_root_in_base(node.kernel, all.command_line)) return exit_failed;
  // Another one may have changed the file since it was read.
  const auto lock = store.lock_list();
  if (!lock) return fail(lock.error());
  const auto read = load_config(config, node.trusted);
  if (!read.ok()) return fail({read.error_text(), "nothing was changed; see chos.conf(5)", EINVAL});
  const auto present = present_in(read.config);
  const auto wanted = wanted_commands(present, options);
  if (!wanted) return fail(wanted.error());
  for (const auto& command : *wanted)
    if (find_command(command, base_search_path, {}).file.empty())
      say.warning("the base OS has no " + in_quotes(command) + " now");
  const auto before = read_trusted_file(config, largest_config, node.trusted);
  if (!before && before.error().code != ENOENT) return fail(before.error());
  const std::string old_text = before ? *before : "";
  const auto text = with_os_commands(old_text, options.name, *wanted);
  if (!text) return fail(text.error());
  if (*text != old_text) {
    if (const auto status = write_config(node, config, *text); !status) return fail(status.error());
    Node now = node;
    now.config = read.config;
    if (wanted->empty()) now.config.os_commands.erase(options.name);
    else now.config.os_commands[options.name] = *wanted;
    Console console("os base");
    if (node_is_up(node) && !chos::reload(now, console)) {
      if (const auto status = write_config(node, config, old_text); !status) return fail(status.error());
      say.hint("nothing was changed");
      return exit_failed;
    }
  }
  print(options, *wanted);
  return 0;
}

}  // namespace chos::ctl
