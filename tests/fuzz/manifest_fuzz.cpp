// SPDX-License-Identifier: BSD-3-Clause
// Compares any two texts as manifests.  One may have been written on another node.
#include <cstdint>
#include <string>

#include "fuzz.h"
#include "store/manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto middle = text.find('\xff');
  const std::string before = text.substr(0, middle);
  const std::string after = middle == std::string::npos ? before : text.substr(middle + 1);
  MUST(chos::manifest_differences(before, before).empty());
  for (const auto& difference : chos::manifest_differences(before, after)) MUST(!difference.empty());
  return 0;
}
