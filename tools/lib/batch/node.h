// SPDX-License-Identifier: BSD-3-Clause
// The node whose batch systems are configured: its files, and the programs that chos and the batch
// systems have installed on it.
#pragma once

#include <string>
#include <vector>

#include "basic/result.h"
#include "basic/run_paths.h"

namespace chos {

struct BatchNode {
  std::string root;                             ///< prefix of all paths of the node; "" for this system
  std::string backups = "/var/lib/chos/batch";  ///< directory of the original files and values
  std::string lock = batch_lock_path;           ///< held by the chosctl that changes its configuration
  double patience = 30;                         ///< seconds that a command of a batch system may take

  std::string path(const std::string& name) const { return root + name; }

  bool has_directory(const std::string& name) const;
  bool has_file(const std::string& name) const;  ///< a regular file, or a link to one
  /// The content of a configuration file; "" as config_text() says.
  std::string text(const std::string& name) const;
  /// The paths that match a glob(7) pattern, without `root`.
  std::vector<std::string> matches(const std::string& pattern) const;

  /// The path of a program of chos, such as chos_jobstarter, without `root`.  Error: ENOENT.
  Result<std::string> installed_program(const std::string& name) const;
  /// The content of a file that chos installed as DATADIR/chos/`name`.  Error: ENOENT.
  Result<std::string> installed_text(const std::string& name) const;

  /// Runs a command of the batch system and returns its standard output.
  ///
  /// Error: what run_command() says, or EIO with the command, its message and `remedy` if it failed.
  Result<std::string> output_of(const std::vector<std::string>& command, const std::string& remedy) const;
};

/// The directories that are searched for programs of chos: first `own`, where this chos is installed.
std::vector<std::string> program_directories(const std::string& own);

}  // namespace chos
