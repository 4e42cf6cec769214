// SPDX-License-Identifier: BSD-3-Clause
// What the commands of chosctl os print in common: trees and processes, as text and as JSON.
#pragma once

#include <string>
#include <vector>

#include "basic/json.h"
#include "farm/node.h"
#include "store/store.h"

namespace chos::ctl {

/// Prints an error and returns exit_failed.
int failed(const Error& error);

/// `about`: the name of what is known about each file.
Json as_json(const FileList& list, const std::string& about);
Json as_json(const TreeRecord& record);

/// The options that a tree was made with, as words of a command line.
std::string options_text(const BuildOptions& options);

/// The processes in an OS.
struct InsideOs {
  Json json;
  std::string table;  ///< "" if there are none
};
InsideOs processes_inside(const Node& node, const std::string& name);

}  // namespace chos::ctl
