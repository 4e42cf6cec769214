// SPDX-License-Identifier: BSD-3-Clause
#include "batch/config_text.h"

#include <strings.h>

#include "basic/files.h"
#include "basic/text.h"

namespace chos {

std::string config_text(const std::string& path) {
  const auto fd = open_regular(path);
  if (!fd) return {};
  auto text = read_all(fd->get(), 1024 * 1024, path);
  return text ? std::move(*text) : std::string();
}

std::vector<std::string> config_words(std::string_view line) {
  std::vector<std::string> words;
  bool inside = false;
  for (const char c : line.substr(0, line.find('#'))) {
    const bool blank = c == ' ' || c == '\t' || c == '\r' || c == '\n';
    if (!blank && !inside) words.emplace_back();
    inside = !blank;
    if (inside) words.back() += c;
  }
  return words;
}

std::string config_value(const std::string& text, const std::string& key) {
  std::string value;
  for (const auto part : split(text, '\n')) {
    const auto line = part.substr(0, part.find('#'));
    const auto equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string name(trimmed(line.substr(0, equals)));
    if (::strcasecmp(name.c_str(), key.c_str()) != 0) continue;
    auto found = trimmed(line.substr(equals + 1));
    while (found.ends_with('\r') || found.ends_with(' ')) found.remove_suffix(1);
    if (found.size() >= 2 && found.front() == '"' && found.back() == '"')
      found = found.substr(1, found.size() - 2);
    value = found;
  }
  return value;
}

std::string last_part(const std::string& path) { return path.substr(path.rfind('/') + 1); }

}  // namespace chos
