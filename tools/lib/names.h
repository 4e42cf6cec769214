// SPDX-License-Identifier: BSD-3-Clause
// The grammar of names and paths of OSs, as include/chos/abi.h states it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace chos {

/// Empty if `name` may name an OS; otherwise what was expected, for a message.
std::string name_problem(std::string_view name);

/// Empty if `path` may be the path of an OS as seen in the farm; otherwise what was expected.
std::string path_problem(std::string_view path);

/// Empty if `name` may be a top-level name of the farm; otherwise what was expected.
std::string layout_name_problem(std::string_view name);

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
