// SPDX-License-Identifier: BSD-3-Clause
// Edits the text of /etc/chos and preserves comments, order and blanks.  All functions are pure and do not
// check the result: parse_allowlist() does.
#pragma once

#include <optional>
#include <string>

namespace chos {

/// Appends a line, and before it a newline if the text does not end with one.
std::string with_entry(const std::string& text, const std::string& line);

/// Removes the lines of that name.
std::string without_entry(const std::string& text, const std::string& name);

/// Replaces the path `from` with `to` in every line that has it.
std::string with_moved_path(const std::string& text, const std::string& from, const std::string& to);

/// Adds an option such as "closed" to the line of that name, or removes it if `on` is false.
std::string with_option(const std::string& text, const std::string& name, const std::string& option, bool on);

/// Makes `default` stand for the path; an empty path removes the line.
std::string with_default(const std::string& text, const std::string& path);

}  // namespace chos
