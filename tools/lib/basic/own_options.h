// SPDX-License-Identifier: BSD-3-Clause
// The options of a program that runs a command, before the command begins (own_arguments.h).  Parsed by
// CLI11, which only the source includes, because its headers take long to compile.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace chos {

class OwnOptions {
 public:
  /// `what` says in one sentence what the program `name` does; `usage` are whole lines; `footer` is the text
  /// after the options.  --help and --version are there.
  OwnOptions(const std::string& name, const std::string& what, const std::string& usage,
             const std::string& footer);
  OwnOptions(const OwnOptions&) = delete;
  OwnOptions& operator=(const OwnOptions&) = delete;
  ~OwnOptions();

  /// Adds an option, such as "--json", that sets `value`.
  void add_flag(const std::string& names, bool& value, const std::string& what);

  /// Adds an option with a value, such as "-o,--os".  `type` names the value in the help.
  void add_value(const std::string& names, std::optional<std::string>& value, const std::string& type,
                 const std::string& what);

  struct Parsed {
    bool printed = false;  ///< help or the version was printed; the program exits with status 0
    std::string problem;   ///< why the arguments are rejected; empty if they are accepted
  };

  /// Parses a program's own arguments.  A "--" that ends them is dropped.
  Parsed parse(std::vector<std::string> own);

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace chos
