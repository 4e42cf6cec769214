// SPDX-License-Identifier: BSD-3-Clause
// Parses any bytes as /etc/chos.conf.
#include <cstdint>
#include <string_view>

#include "config/config.h"
#include "fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  // toml++ 3.3 says of a letter like U+0152 outside of strings that it cannot occur (TOML_UNREACHABLE in
  // is_non_ascii_horizontal_whitespace()), which ends the program here.
  for (const char c : text)
    if (static_cast<unsigned char>(c) >= 0x80) return 0;
  const auto parsed = chos::parse_config(text, "/etc/chos.conf");
  for (const auto& complaint : parsed.errors) MUST(!complaint.message.empty());
  if (!parsed.ok()) return 0;
  MUST(parsed.config.farm.front() == '/' && parsed.config.trees.front() == '/');
  for (const auto& path : parsed.config.share) MUST(path.size() > 1 && path.front() == '/');
  for (const auto* names : {&parsed.config.dirs, &parsed.config.links, &parsed.config.base_commands})
    for (const auto& name : *names)
      MUST(!name.empty() && name.find('/') == std::string::npos && name != "..");
  return 0;
}
