// SPDX-License-Identifier: BSD-3-Clause
#include "lib/names.h"

#include <chos/abi.h>

#include <algorithm>
#include <cstdio>

namespace chos {
namespace {

// Not isalnum(): that asks the locale.
bool is_alnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_name_char(char c) {
  return is_alnum(c) || c == '.' || c == '_' || c == '+' || c == '-';
}

bool is_control_or_blank(char c) {
  const auto u = static_cast<unsigned char>(c);
  return u <= 0x20 || u == 0x7f;
}

}  // namespace

std::string name_problem(std::string_view name) {
  if (name.empty()) return "expected a name, found nothing";
  if (name.size() > CHOS_NAME_MAX)
    return "expected a name of at most " + std::to_string(CHOS_NAME_MAX) + " bytes, found " +
           std::to_string(name.size());
  if (!is_alnum(name.front()))
    return "expected a name that starts with a letter or a digit, found " + in_quotes(name);
  for (const char c : name) {
    if (!is_name_char(c))
      return "expected a name of letters, digits and . _ + -, found " + in_quotes(name);
  }
  return {};
}

std::string path_problem(std::string_view path) {
  if (path.empty()) return "expected a path, found nothing";
  if (path.size() > CHOS_PATH_MAX)
    return "expected a path of at most " + std::to_string(CHOS_PATH_MAX) + " bytes, found " +
           std::to_string(path.size());
  if (path.front() != '/') return "expected a path that starts with /, found " + in_quotes(path);
  for (const char c : path) {
    if (is_control_or_blank(c) || c == ':')
      return "expected a path without blanks, colons and control characters, found " +
             in_quotes(path);
  }
  if (path == CHOS_BASE_PATH) return {};
  if (path.back() == '/') return "expected a path without / at its end, found " + in_quotes(path);
  for (const auto part : split(path.substr(1), '/')) {
    if (part.empty()) return "expected a path without //, found " + in_quotes(path);
    if (part == "." || part == "..")
      return "expected a path without '.' and '..', found " + in_quotes(path);
  }
  return {};
}

std::string layout_name_problem(std::string_view name) {
  if (name.empty()) return "expected a name, found nothing";
  if (name.size() > CHOS_NAME_MAX)
    return "expected a name of at most " + std::to_string(CHOS_NAME_MAX) + " bytes, found " +
           std::to_string(name.size());
  if (name == "." || name == "..") return "expected a name, found " + in_quotes(name);
  for (const char c : name) {
    if (!is_name_char(c))
      return "expected the name of a top-level directory, of letters, digits and . _ + -, found " +
             in_quotes(name);
  }
  return {};
}

std::string in_quotes(std::string_view text) {
  constexpr std::size_t longest = 80;
  std::string out = "'";
  for (const char c : text.substr(0, longest)) {
    const auto u = static_cast<unsigned char>(c);
    if (u < 0x20 || u >= 0x7f) {
      char hex[8];
      std::snprintf(hex, sizeof hex, "\\x%02x", u);
      out += hex;
    } else {
      out += c;
    }
  }
  out += text.size() > longest ? "...'" : "'";
  return out;
}

std::string shell_quoted(std::string_view word) {
  const auto is_plain = [](char c) {
    return is_name_char(c) || std::string_view(",:=@%/").find(c) != std::string_view::npos;
  };
  if (!word.empty() && std::all_of(word.begin(), word.end(), is_plain)) return std::string(word);
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::string listed(const std::vector<std::string>& words) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out += i + 1 == words.size() ? " and " : ", ";
    out += words[i];
  }
  return out;
}

}  // namespace chos
