// SPDX-License-Identifier: BSD-3-Clause
// Parses any bytes as the options of pam_chos.so, one option a line.
#include <cstdint>
#include <string>
#include <string_view>

#include "basic/text.h"
#include "fuzz.h"
#include "pam/options.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<std::string> words;
  for (const auto line : chos::split(text, '\n')) words.emplace_back(line);
  const auto options = chos::pam::parse_options(words);
  MUST(options.complaints.size() <= words.size());
  MUST(options.timeout >= 1 && options.timeout <= 600);
  MUST(!options.user_file.empty() && options.user_file.front() != '/');
  for (const auto part : chos::split(options.user_file, '/')) MUST(part != ".." && !part.empty());
  MUST(options.proc.front() == '/' && options.allowlist.front() == '/');
  MUST(options.fallback_shell.front() == '/');
  for (const auto& service : options.excluded) MUST(!service.empty());
  for (const auto& complaint : options.complaints)
    for (const char c : complaint) MUST(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
  return 0;
}
