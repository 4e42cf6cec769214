// SPDX-License-Identifier: BSD-3-Clause
#include "pam/options.h"

#include <charconv>
#include <optional>
#include <string_view>

#include "basic/text.h"

namespace chos::pam {
namespace {

// Parses all of `text` as a number from `least` to `most`.
std::optional<unsigned> number(std::string_view text, unsigned least, unsigned most) {
  unsigned value = 0;
  const auto [rest, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc() || rest != text.data() + text.size() || text.empty()) return {};
  return value < least || value > most ? std::nullopt : std::optional(value);
}

// Whether the path stays below the home directory.
bool is_relative(std::string_view path) {
  if (path.empty()) return false;
  for (const auto part : split(path, '/'))
    if (part.empty() || part == "." || part == "..") return false;
  return true;
}

/// Empty if the value of an option is good; otherwise what was expected.
std::string set(Options& options, std::string_view key, std::string_view value) {
  if (key == "on_error") {
    if (value != "base" && value != "deny") return "expected on_error=base or on_error=deny";
    options.deny = value == "deny";
  } else if (key == "user_file") {
    if (!is_relative(value)) return "expected user_file=NAME, below the home directory";
    options.user_file = value;
  } else if (key == "min_uid") {
    const auto uid = number(value, 0, 4294967294u);
    if (!uid) return "expected min_uid=NUMBER";
    options.min_uid = *uid;
  } else if (key == "exclude_service") {
    if (value.find_first_not_of(',') == std::string_view::npos)
      return "expected exclude_service=NAME[,NAME...]";
    for (const auto name : split(value, ','))
      if (!name.empty()) options.excluded.emplace_back(name);
  } else if (key == "timeout") {
    const auto seconds = number(value, 1, 600);
    if (!seconds) return "expected timeout=SECONDS, 1 to 600";
    options.timeout = *seconds;
  } else if (key == "fallback_shell" || key == "allowlist") {
    if (!value.starts_with('/')) return "expected " + std::string(key) + "=/PATH";
    (key == "allowlist" ? options.allowlist : options.fallback_shell) = value;
  } else {
    return "there is no such option";
  }
  return {};
}

}  // namespace

Options parse_options(const std::vector<std::string>& words) {
  Options options;
  for (const std::string_view word : words) {
    if (word == "quiet") {
      options.quiet = true;
    } else if (word == "debug") {
      options.debug = true;
    } else {
      const auto equals = word.find('=');
      const auto problem = equals == std::string_view::npos
                               ? std::string("there is no such option")
                               : set(options, word.substr(0, equals), word.substr(equals + 1));
      if (!problem.empty())
        options.complaints.push_back("option " + in_quotes(word) + " is ignored: " + problem);
    }
  }
  return options;
}

bool is_never_moved(const std::string& service) { return service == "slurm"; }

}  // namespace chos::pam
