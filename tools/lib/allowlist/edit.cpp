// SPDX-License-Identifier: BSD-3-Clause
#include "allowlist/edit.h"

#include <chos/abi.h>

#include <algorithm>
#include <functional>
#include <vector>

#include "basic/text.h"

namespace chos {
namespace {

// A line in its parts: the text before the entry, its fields, and the text after it.
struct Line {
  std::string before, after;
  std::vector<std::string> fields;  // name, path, options; empty: no entry

  std::string name() const { return fields.empty() ? "" : std::string(trimmed(fields[0])); }
  std::string path() const { return fields.size() < 2 ? "" : std::string(trimmed(fields[1])); }

  std::string text() const {
    std::string out = before;
    for (std::size_t i = 0; i < fields.size(); ++i) out += (i > 0 ? ":" : "") + fields[i];
    return out + after;
  }
};

Line read_line(std::string_view line) {
  Line out;
  const auto hash = line.find('#');
  const auto body = trimmed(line.substr(0, hash).substr(0, line.substr(0, hash).find_last_not_of("\r") + 1));
  if (body.empty() || body.front() == '%' || body.find(':') == std::string_view::npos) {
    out.before = line;
    return out;
  }
  const auto start = static_cast<std::size_t>(body.data() - line.data());
  out.before = line.substr(0, start);
  out.after = line.substr(start + body.size());
  for (const auto field : split(body, ':')) out.fields.emplace_back(field);
  return out;
}

// Calls `change` for each entry and drops the line if it returns false.
std::string edited(const std::string& text, const std::function<bool(Line&)>& change) {
  std::string out;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const auto end = std::min(text.find('\n', begin), text.size());
    Line line = read_line(std::string_view(text).substr(begin, end - begin));
    const bool stays = line.fields.empty() || change(line);
    if (stays) out += line.text() + (end < text.size() ? "\n" : "");
    begin = end + 1;
  }
  return out;
}

}  // namespace

std::string with_entry(const std::string& text, const std::string& line) {
  return text + (text.empty() || text.ends_with('\n') ? "" : "\n") + line + "\n";
}

std::string without_entry(const std::string& text, const std::string& name) {
  return edited(text, [&](Line& line) { return line.name() != name; });
}

std::string with_moved_path(const std::string& text, const std::string& from, const std::string& to) {
  return edited(text, [&](Line& line) {
    if (line.path() == from) line.fields[1] = to;
    return true;
  });
}

std::string with_option(const std::string& text, const std::string& name, const std::string& option,
                        bool on) {
  return edited(text, [&](Line& line) {
    if (line.name() != name) return true;
    std::vector<std::string> options;
    if (line.fields.size() > 2)
      for (const auto part : split(line.fields[2], ','))
        if (!trimmed(part).empty() && trimmed(part) != option) options.emplace_back(trimmed(part));
    if (on) options.push_back(option);
    line.fields.resize(2);
    if (options.empty()) return true;
    std::string all;
    for (const auto& one : options) all += (all.empty() ? "" : ",") + one;
    line.fields.push_back(all);
    return true;
  });
}

std::string with_default(const std::string& text, const std::string& path) {
  bool found = false;
  const auto changed = edited(text, [&](Line& line) {
    if (line.name() != CHOS_DEFAULT_NAME) return true;
    found = true;
    line.fields = {CHOS_DEFAULT_NAME, path};
    return !path.empty();
  });
  if (found || path.empty()) return changed;
  return with_entry(changed, std::string(CHOS_DEFAULT_NAME) + ":" + path);
}

}  // namespace chos
