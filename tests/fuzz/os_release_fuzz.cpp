// SPDX-License-Identifier: BSD-3-Clause
// Parses any bytes as an os-release of a tree.
#include <cstdint>
#include <string>

#include "fuzz.h"
#include "store/os_release.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto release = chos::parse_os_release(text);
  MUST(release.size() <= 2 * 80 + 1);
  for (const char c : release) MUST(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
  return 0;
}
