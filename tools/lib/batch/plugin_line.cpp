// SPDX-License-Identifier: BSD-3-Clause
#include "batch/plugin_line.h"

#include "basic/text.h"
#include "batch/config_text.h"

namespace chos {

LineMeaning classify_plugin_line(std::string_view line) {
  const auto words = config_words(line);
  if (words.size() < 2 || last_part(words[1]) != plugin_name) return LineMeaning::unrelated;
  return words[0] == "required" ? LineMeaning::same : LineMeaning::conflicting;
}

}  // namespace chos
