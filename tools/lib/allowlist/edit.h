// SPDX-License-Identifier: BSD-3-Clause
// Changes of the text of /etc/chos that leave alone what people wrote: comments, order, blanks.
// All are pure; whether the result is a good list is for parse_allowlist() to say.
#pragma once

#include <optional>
#include <string>

namespace chos {

/// Appends a line, after a line end if the text lacks its last.
std::string with_entry(const std::string& text, const std::string& line);

/// Without the lines of that name.
std::string without_entry(const std::string& text, const std::string& name);

/// Each line of the path `from`, whatever its name, gets the path `to`.
std::string with_moved_path(const std::string& text, const std::string& from, const std::string& to);

/// The line of that name with the option, such as "closed", or without it.
std::string with_option(const std::string& text, const std::string& name, const std::string& option, bool on);

/// `default` stands for the path; an empty one takes the line away.
std::string with_default(const std::string& text, const std::string& path);

}  // namespace chos
