// SPDX-License-Identifier: BSD-3-Clause
// Text: characters by their class, quoting for messages and for shells, splitting and joining.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace chos {

/// A letter or a digit of ASCII, whatever the locale.
bool is_alnum(char c);

/// A letter, a digit or one of . _ + -: what names of OSs and of the farm consist of.
bool is_name_char(char c);

/// A blank or a control character.
bool is_control_or_blank(char c);

/// The bytes of the character of UTF-8 that `text`, which is not empty, begins with; 0 if it begins with
/// none, or with one that a terminal might act on.
std::size_t printable_length(std::string_view text);

/// The text with every byte as \xNN that a terminal or a log might act on: control characters, also those of
/// Unicode that reorder a line, and bytes that are no UTF-8.  For the last step before output; escaping twice
/// does no harm.
std::string escaped(std::string_view text);

/// Text from elsewhere, for a message: between single quotes, everything but printable ASCII as \xNN, and so
/// are quotes, cut at 80 bytes.
std::string in_quotes(std::string_view text);

/// Text from elsewhere, for a cell of a table or a line: blanks of all kinds as ' ', everything else but
/// printable ASCII as '?', and "..." at the end if it had more than `longest` bytes.
std::string printable(std::string_view text, std::size_t longest = 60);

/// The word as a shell takes it: in single quotes if it has more than letters, digits and
/// _ + - . , : = @ % /, for a command line that a message tells to run.
std::string shell_quoted(std::string_view word);

/// A string that ends with the expression in which it stands: what refers to a part of it would dangle.
template <typename T>
concept TemporaryString = std::same_as<std::remove_const_t<T>, std::string>;

/// `text` without blanks and tabs at its ends.
std::string_view trimmed(std::string_view text);
template <TemporaryString T>
std::string_view trimmed(T&& text) = delete;

/// The parts of `text` between separators, empty ones too: "a||b" has three.
std::vector<std::string_view> split(std::string_view text, char separator);
template <TemporaryString T>
std::vector<std::string_view> split(T&& text, char separator) = delete;

/// "a, b and c"; "" of nothing.
std::string listed(const std::vector<std::string>& words);

/// Parses a text that is a decimal number and nothing else.
bool parse_number(std::string_view text, std::uint64_t& number);

/// The parts after each other, in one allocation: for messages in loops.
std::string concat(std::initializer_list<std::string_view> parts);

}  // namespace chos
