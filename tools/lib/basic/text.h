// SPDX-License-Identifier: BSD-3-Clause
// Text: characters by their class, quoting for messages and for shells, splitting and joining.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace chos {

/// A letter or a digit of ASCII, whatever the locale.
bool is_alnum(char c);

/// A letter, a digit or one of . _ + -: what names of OSs and of the farm consist of.
bool is_name_char(char c);

/// A blank or a control character.
bool is_control_or_blank(char c);

/// The text between single quotes, control characters as \xNN and cut at 80 bytes, so that a
/// message never sends somebody else's bytes to a terminal.
std::string in_quotes(std::string_view text);

/// The word as a shell takes it: in single quotes if it has more than letters, digits and
/// _ + - . , : = @ % /, for a command line that a message tells to run.
std::string shell_quoted(std::string_view word);

/// `text` without blanks and tabs at its ends.
std::string_view trimmed(std::string_view text);

/// The parts of `text` between separators, empty ones too: "a||b" has three.
std::vector<std::string_view> split(std::string_view text, char separator);

/// "a, b and c"; "" of nothing.
std::string listed(const std::vector<std::string>& words);

}  // namespace chos
