// SPDX-License-Identifier: BSD-3-Clause
#include "config/edit.h"

// Compiled in toml.cpp.
#include <toml++/toml.h>

#include <cerrno>

#include "config/config.h"

namespace chos {
namespace {

// The offset at which a line, counted from 1, begins.
std::size_t begin_of_line(const std::string& text, std::size_t line) {
  std::size_t at = 0;
  for (std::size_t i = 1; i < line && at != std::string::npos; ++i) {
    at = text.find('\n', at);
    if (at != std::string::npos) ++at;
  }
  return at == std::string::npos ? text.size() : at;
}

std::string quoted_list(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "\"" : ", \"") + word + "\"";
  return "[" + out + "]";
}

}  // namespace

Result<std::string> with_os_commands(const std::string& text, const std::string& os,
                                     const std::vector<std::string>& commands) {
  const Error by_hand{"this table [base.os] cannot be edited by chosctl",
                      "write it by hand: [base.os] and below it: \"" + os + "\" = " + quoted_list(commands),
                      EINVAL};
  std::string out = text;
  if (!out.empty() && !out.ends_with('\n')) out += "\n";
  const std::string line = "\"" + os + "\" = " + quoted_list(commands) + "\n";
  try {
    const toml::table root = toml::parse(text);
    const auto* table = root["base"]["os"].as_table();
    const auto* entry = table == nullptr ? nullptr : table->get(os);
    if (entry != nullptr) {
      // The entry takes all lines from its key to its end.
      std::size_t first = 0;
      for (const auto& [key, value] : *table)
        if (key.str() == os) first = key.source().begin.line;
      const std::size_t last = entry->source().end.line;
      if (first == 0 || last < first) return by_hand;
      const auto begin = begin_of_line(out, first), end = begin_of_line(out, last + 1);
      out.replace(begin, end - begin, commands.empty() ? "" : line);
    } else if (commands.empty()) {
      return text;
    } else if (table != nullptr) {
      out.insert(begin_of_line(out, table->source().begin.line + 1), line);
    } else {
      out += std::string(out.empty() ? "" : "\n") + "[base.os]\n" + line;
    }
  } catch (const toml::parse_error& error) {
    return Error{"not TOML: " + std::string(error.description()), "", EINVAL};
  }
  // The new text must have the wanted commands, and nothing else may have changed.
  const auto before = parse_config(text, "before"), after = parse_config(out, "after");
  if (!before.ok() || !after.ok()) return by_hand;
  auto wanted = before.config.os_commands;
  if (commands.empty()) wanted.erase(os);
  else wanted[os] = commands;
  if (after.config.os_commands != wanted || after.config.farm != before.config.farm ||
      after.config.share != before.config.share ||
      after.config.base_commands != before.config.base_commands || after.config.dirs != before.config.dirs)
    return by_hand;
  return out;
}

}  // namespace chos
