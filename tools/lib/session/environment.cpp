// SPDX-License-Identifier: BSD-3-Clause
#include "session/environment.h"

#include <unistd.h>

#include <algorithm>

namespace chos {

Environment own_environment() {
  Environment environment;
  for (char** at = environ; at != nullptr && *at != nullptr; ++at) {
    const std::string_view text = *at;
    const auto equals = text.find('=');
    if (equals == std::string_view::npos || equals == 0) continue;
    const std::string name(text.substr(0, equals));
    if (find_variable(environment, name) == nullptr) environment.emplace_back(name, text.substr(equals + 1));
  }
  return environment;
}

const std::string* find_variable(const Environment& environment, const std::string& name) {
  for (const auto& [key, value] : environment)
    if (key == name) return &value;
  return nullptr;
}

void set_variable(Environment& environment, const std::string& name, const std::string& value) {
  for (auto& [key, old] : environment) {
    if (key != name) continue;
    old = value;
    return;
  }
  environment.emplace_back(name, value);
}

void unset_variable(Environment& environment, const std::string& name) {
  std::erase_if(environment, [&name](const auto& variable) { return variable.first == name; });
}

bool is_kept(const std::string& name, const std::vector<std::string>& keep) {
  return std::any_of(keep.begin(), keep.end(), [&name](const std::string& pattern) {
    if (!pattern.ends_with('*')) return name == pattern;
    return name.starts_with(std::string_view(pattern).substr(0, pattern.size() - 1));
  });
}

Environment login_environment(const Environment& inherited, const std::vector<std::string>& keep,
                              const Account& account, const std::string& path, const std::string& os_name) {
  Environment environment{{"HOME", account.home},   {"LOGNAME", account.name}, {"PATH", path},
                          {"SHELL", account.shell}, {"USER", account.name},    {"CHOS", os_name}};
  const std::size_t fresh = environment.size();
  for (const auto& variable : inherited) {
    const auto end = environment.begin() + static_cast<std::ptrdiff_t>(fresh);
    const bool taken = std::any_of(environment.begin(), end,
                                   [&variable](const auto& own) { return own.first == variable.first; });
    if (!taken && is_kept(variable.first, keep)) environment.push_back(variable);
  }
  return environment;
}

std::string login_argv0(const std::string& shell) {
  const auto slash = shell.rfind('/');
  return "-" + (slash == std::string::npos ? shell : shell.substr(slash + 1));
}

std::vector<std::string> environment_block(const Environment& environment) {
  std::vector<std::string> block;
  block.reserve(environment.size());
  for (const auto& [name, value] : environment) block.push_back(name + "=" + value);
  return block;
}

}  // namespace chos
