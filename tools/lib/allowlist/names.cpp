// SPDX-License-Identifier: BSD-3-Clause
#include "allowlist/names.h"

#include <chos/abi.h>

#include "basic/text.h"

namespace chos {
namespace {

std::string length_problem(const std::string& kind, std::string_view text, std::size_t most) {
  if (text.empty()) return "expected " + kind + ", found nothing";
  if (text.size() <= most) return {};
  return "expected " + kind + " of at most " + std::to_string(most) + " bytes, found " +
         std::to_string(text.size());
}

}  // namespace
std::string name_problem(std::string_view name) {
  if (auto problem = length_problem("a name", name, CHOS_NAME_MAX); !problem.empty()) return problem;
  if (!is_alnum(name.front()))
    return "expected a name that starts with a letter or a digit, found " + in_quotes(name);
  for (const char c : name) {
    if (!is_name_char(c)) return "expected a name of letters, digits and . _ + -, found " + in_quotes(name);
  }
  return {};
}

std::string path_problem(std::string_view path) {
  if (auto problem = length_problem("a path", path, CHOS_PATH_MAX); !problem.empty()) return problem;
  if (path.front() != '/') return "expected a path that starts with /, found " + in_quotes(path);
  for (const char c : path) {
    if (is_control_or_blank(c) || c == ':')
      return "expected a path without blanks, colons and control characters, found " + in_quotes(path);
  }
  if (path == CHOS_BASE_PATH) return {};
  if (path.back() == '/') return "expected a path without / at its end, found " + in_quotes(path);
  for (const auto part : split(path.substr(1), '/')) {
    if (part.empty()) return "expected a path without //, found " + in_quotes(path);
    if (part == "." || part == "..") return "expected a path without '.' and '..', found " + in_quotes(path);
  }
  return {};
}

std::string layout_name_problem(std::string_view name) {
  if (auto problem = length_problem("a name", name, CHOS_NAME_MAX); !problem.empty()) return problem;
  if (name == "." || name == "..") return "expected a name, found " + in_quotes(name);
  for (const char c : name) {
    if (!is_name_char(c))
      return "expected the name of a top-level directory, of letters, digits and . _ + -, found " +
             in_quotes(name);
  }
  return {};
}

}  // namespace chos
