// SPDX-License-Identifier: BSD-3-Clause
#include "basic/own_options.h"

#include <algorithm>
#include <iostream>
#include <utility>

#include <CLI/CLI.hpp>

#include "basic/version.h"

namespace chos {
namespace {

// CLI11's own usage line does not know of the command after the options.
class Help : public CLI::Formatter {
 public:
  explicit Help(std::string usage) : usage_(std::move(usage)) {}
  std::string make_usage(const CLI::App*, std::string) const override { return usage_; }

 private:
  std::string usage_;
};

}  // namespace

struct OwnOptions::Parser {
  CLI::App app;
};

OwnOptions::OwnOptions(const std::string& name, const std::string& what, const std::string& usage,
                       const std::string& footer)
    : parser_(new Parser{CLI::App{what, name}}) {
  CLI::App& app = parser_->app;
  app.formatter(std::make_shared<Help>(usage));
  app.footer(footer);
  app.set_help_flag("-h,--help", "Print this help and exit");
  app.set_version_flag("--version", name + " " + version_text, "Print the version and exit");
}

OwnOptions::~OwnOptions() = default;

void OwnOptions::add_flag(const std::string& names, bool& value, const std::string& what) {
  parser_->app.add_flag(names, value, what);
}

void OwnOptions::add_value(const std::string& names, std::optional<std::string>& value,
                           const std::string& type, const std::string& what) {
  parser_->app
      .add_option_function<std::string>(
          names, [&value](const std::string& given) { value = given; }, what)
      ->type_name(type);
}

OwnOptions::Parsed OwnOptions::parse(std::vector<std::string> own) {
  if (!own.empty() && own.back() == "--") own.pop_back();
  std::reverse(own.begin(), own.end());  // CLI11 takes them from the back
  try {
    parser_->app.parse(own);
    return {};
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != 0) return {false, error.what()};
    parser_->app.exit(error, std::cout, std::cerr);
    return {true, {}};
  }
}

}  // namespace chos
