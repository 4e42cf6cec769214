// SPDX-License-Identifier: BSD-3-Clause
#include "pamd/rule.h"

#include <chos/abi.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <set>

#include "allowlist/names.h"
#include "basic/text.h"

namespace chos {
namespace {

constexpr std::string_view marker =
    "# chosctl pam: the next line must stay the last session line of this file";
constexpr std::string_view marker_with_newline =
    "# chosctl pam: the next line must stay the last session line (no newline was here)";

// Linux-PAM before 1.6 reads at most 1023 bytes of a line.
constexpr std::size_t longest_options = 800;

bool is_number(std::string_view text, unsigned long low, unsigned long high) {
  unsigned long value = 0;
  const auto end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && at == end && value >= low && value <= high;
}

// Without characters that mean something in PAM's grammar: blanks, comments, brackets, continuation.
bool is_plain(std::string_view text) {
  return !text.empty() && std::none_of(text.begin(), text.end(), [](char c) {
    const auto u = static_cast<unsigned char>(c);
    return u <= 0x20 || u >= 0x7f || c == '#' || c == '[' || c == ']' || c == '\\';
  });
}

// A path below the home directory, as the module requires.
bool is_relative(std::string_view path) {
  const auto parts = split(path, '/');
  return std::none_of(parts.begin(), parts.end(),
                      [](std::string_view part) { return part.empty() || part == "." || part == ".."; });
}

// Empty if `value` is valid for `key`; otherwise what was expected.
std::string value_problem(std::string_view key, std::string_view value) {
  if (key == "on_error") return value == "base" || value == "deny" ? "" : "base or deny";
  if (key == "user_file")
    return is_plain(value) && value.size() <= CHOS_PATH_MAX && is_relative(value)
               ? ""
               : "a path relative to the home directory, without '..'";
  if (key == "min_uid") return is_number(value, 0, 4294967294UL) ? "" : "a user id";
  if (key == "timeout") return is_number(value, 1, 600) ? "" : "seconds, from 1 to 600";
  if (key == "fallback_shell")
    return path_problem(value).empty() && is_plain(value) && value != "/" ? "" : "an absolute path";
  const auto names = split(value, ',');  // exclude_service
  const bool good = std::all_of(names.begin(), names.end(), [](std::string_view name) {
    return is_plain(name) && pam_service_problem(name).empty();
  });
  return good ? "" : "a comma-separated list of services";
}

Error wrong(const std::string& what) {
  return Error{what, "pam_chos(8) lists the options of the module", EINVAL};
}

Status check_option(const std::string& option) {
  constexpr std::array<std::string_view, 6> with_value = {"on_error",        "user_file", "min_uid",
                                                          "exclude_service", "timeout",   "fallback_shell"};
  if (option == "quiet" || option == "debug") return {};
  const auto at = option.find('=');
  const std::string key = option.substr(0, at);
  if (std::find(with_value.begin(), with_value.end(), key) == with_value.end())
    return wrong("unknown option " + in_quotes(option) + " of " + std::string(pam_module_name));
  if (at == std::string::npos) return wrong("the option '" + key + "' needs a value: " + key + "=...");
  const auto problem = value_problem(key, std::string_view(option).substr(at + 1));
  if (!problem.empty()) return wrong("option " + in_quotes(option) + ": expected " + problem);
  return {};
}

}  // namespace

Result<PamRuleOptions> make_pam_rule_options(bool deny, const std::vector<std::string>& options) {
  PamRuleOptions checked;
  checked.deny = deny;
  std::set<std::string> seen;
  std::size_t length = 0;
  for (const auto& option : options) {
    if (auto status = check_option(option); !status) return status.error();
    const std::string key = option.substr(0, option.find('='));
    if (!seen.insert(key).second) return wrong("the option '" + key + "' is given twice");
    length += option.size() + 1;
    if (option == "on_error=deny") checked.deny = true;
    else checked.options.push_back(option);
    if (option == "on_error=base" && deny) return wrong("--deny contradicts on_error=base");
  }
  if (length > longest_options)
    return wrong("the options have " + std::to_string(length) + " bytes; expected at most " +
                 std::to_string(longest_options));
  return checked;
}

std::string pam_rule_text(const PamRuleOptions& options) {
  // With either control a login succeeds when the module is missing.
  std::string text = options.deny ? "session  [success=ok ignore=ignore module_unknown=ignore default=die]  "
                                  : "-session  optional  ";
  text += pam_module_name;
  if (options.deny) text += " on_error=deny";
  for (const auto& option : options.options) text += " " + option;
  return text;
}

std::string pam_block(const PamRuleOptions& options, bool after_newline) {
  const std::string start = after_newline ? "" : "\n";
  return start + std::string(after_newline ? marker : marker_with_newline) + "\n" + pam_rule_text(options) +
         "\n";
}

bool is_pam_marker(std::string_view line) { return line == marker || is_pam_marker_with_newline(line); }

bool is_pam_marker_with_newline(std::string_view line) { return line == marker_with_newline; }

std::string pam_service_problem(std::string_view service) {
  if (service.empty()) return "expected the name of a service, found nothing";
  if (service.size() > 200) return "expected the name of a service, found " + in_quotes(service);
  if (service.front() == '.')
    return "expected the name of a service, which does not start with a dot, found " + in_quotes(service);
  for (const char c : service) {
    const auto u = static_cast<unsigned char>(c);
    if (u <= 0x20 || u >= 0x7f || c == '/')
      return "expected the name of a service, without / and blanks, found " + in_quotes(service);
  }
  return {};
}

Status pam_service_allowed(const std::string& service) {
  constexpr std::array<std::string_view, 5> shared = {"system-auth", "password-auth", "postlogin",
                                                      "smartcard-auth", "fingerprint-auth"};
  if (service.starts_with("common-") || std::find(shared.begin(), shared.end(), service) != shared.end())
    return Error{"other services include " + service +
                     " before further modules, and modules that run after the switch would read their "
                     "files from the OS's tree, which breaks cron and at, among others",
                 "name the services themselves, such as: chosctl pam enable sshd", EINVAL};
  if (service == "slurm")
    return Error{
        "slurm: slurmstepd opens this session in its own process, so it would move into the OS itself",
        "jobs get their OS from spank_chos", EINVAL};
  if (service == "other")
    return Error{
        "other applies to every service without a file or a session rule of its own, so unexpected "
        "services would be moved",
        "name the services themselves, such as: chosctl pam enable sshd", EINVAL};
  if (service.starts_with("chos"))
    return Error{service + ": names that start with chos are reserved for chos itself", "", EINVAL};
  return {};
}

}  // namespace chos
