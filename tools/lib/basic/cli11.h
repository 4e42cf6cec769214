// SPDX-License-Identifier: BSD-3-Clause
// CLI11 for programs that run a command, whose own options end where the command begins (own_arguments.h).
#pragma once

#include <algorithm>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "basic/version.h"

namespace chos {

/// Gives `app` its usage text (whole lines), the text after its options, --help and --version.
inline void describe_program(CLI::App& app, const std::string& usage, const std::string& footer) {
  class Help : public CLI::Formatter {
   public:
    explicit Help(std::string usage) : usage_(std::move(usage)) {}
    std::string make_usage(const CLI::App*, std::string) const override { return usage_; }

   private:
    std::string usage_;
  };
  app.formatter(std::make_shared<Help>(usage));
  app.footer(footer);
  app.set_help_flag("-h,--help", "Print this help and exit");
  app.set_version_flag("--version", app.get_name() + " " + version_text, "Print the version and exit");
}

struct ParsedArguments {
  bool printed = false;  ///< help or the version was printed; the program exits with status 0
  std::string problem;   ///< why the arguments are rejected; empty if they are accepted
};

/// Parses a program's own arguments.  A "--" that ends them is dropped.
inline ParsedArguments parse_own_arguments(CLI::App& app, std::vector<std::string> own) {
  if (!own.empty() && own.back() == "--") own.pop_back();
  std::reverse(own.begin(), own.end());  // CLI11 takes them from the back
  try {
    app.parse(own);
    return {};
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != 0) return {false, error.what()};
    app.exit(error, std::cout, std::cerr);
    return {true, {}};
  }
}

}  // namespace chos
