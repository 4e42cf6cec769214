// SPDX-License-Identifier: BSD-3-Clause
// The command line of chosctl os.
#pragma once

#include <string>
#include <vector>

#include "store/build_options.h"

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

/// Adds `os` and its subcommands to chosctl's and returns it; `options.command` is set when one of
/// them is given.
CLI::App* add_os_options(CLI::App& app, OsOptions& options);

}  // namespace chos::ctl
