// SPDX-License-Identifier: BSD-3-Clause
// Reading the configuration files of batch systems.  Most of them consist of lines of words or of
// KEY=value settings, with comments that start with '#'.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace chos {

/// The content of a regular file of at most 1 MiB; "" if it cannot be read or is another kind of file.
std::string config_text(const std::string& path);

/// The words of a line, up to a '#'.
std::vector<std::string> config_words(std::string_view line);

/// The value of the last "KEY=value" line, with any case of KEY; "" if there is none.
std::string config_value(const std::string& text, const std::string& key);

/// The part of a path after its last slash.
std::string last_part(const std::string& path);

}  // namespace chos
