// SPDX-License-Identifier: BSD-3-Clause
// chosctl os: the trees, and who may enter them.
#pragma once

#include <string>
#include <vector>

#include "build/build.h"
#include "farm/node.h"

namespace CLI {
class App;
}

namespace chos::ctl {

enum class OsCommand {
  add,
  list,
  show,
  verify,
  close,
  open,
  set_default,
  replace,
  rollback,
  remove,
  pack,
  base
};

struct OsOptions {
  OsCommand command = OsCommand::list;
  std::string name, source, file;
  std::vector<std::string> names;  ///< verify; empty: all
  bool json = false;
  bool erofs = false;                 ///< pack
  std::vector<std::string> commands;  ///< base
  bool take_back = false;             ///< base
  bool closed = false, suid = false;
  std::vector<std::string> groups;  ///< add
  std::string max_size;
  BuildOptions build;
};

/// Adds `os` and its subcommands to chosctl's; `command` is set when one of them was given.
class OsCommandLine {
 public:
  OsCommandLine(CLI::App& app, OsOptions& options);
  /// Whether it was `os`; then options.command is right.
  bool parsed() const;

 private:
  CLI::App* os_;
};

struct Options;

/// Does it, and returns the exit status.
int os(const Node& node, const Options& options);

/// The part that writes the configuration.
int os_base(const Node& node, const Options& options);

/// Takes an OS out of [base.os] of the file; done too if it is not there.
Status forget_base_commands(const Node& node, const std::string& config, const std::string& name);

}  // namespace chos::ctl
