// SPDX-License-Identifier: BSD-3-Clause
// Tar archives byte by byte, since libraries refuse to write the hostile ones.
#pragma once

#include <cstdio>
#include <string>
#include <vector>

namespace chos::test {

struct TarEntry {
  std::string name;  // at most 100 bytes
  char type = '0';   // '0' file, '1' hard link, '2' symbolic link, '3' and '4' devices, '5' directory ...
  std::string content = {};  // or the target of a link
  unsigned mode = 0755;
  unsigned major = 0, minor = 0;  // of a device
};

// A block of 512 bytes.  `name` may have zeros in it.
inline std::string tar_header(const TarEntry& entry, std::size_t size) {
  std::string block(512, '\0');
  const auto put = [&block](std::size_t at, const std::string& text) {
    block.replace(at, text.size(), text);
  };
  const auto octal = [&put](std::size_t at, int digits, unsigned long value) {
    char text[16];
    std::snprintf(text, sizeof text, "%0*lo", digits, value);
    put(at, text);
  };
  put(0, entry.name.substr(0, 100));
  octal(100, 7, entry.mode);
  octal(108, 7, 0);
  octal(116, 7, 0);
  octal(124, 11, size);
  octal(136, 11, 1600000000);
  block[156] = entry.type;
  if (entry.type == '1' || entry.type == '2') put(157, entry.content.substr(0, 100));
  put(257, std::string("ustar\0"
                       "00",
                       8));
  octal(329, 7, entry.major);
  octal(337, 7, entry.minor);
  put(148, "        ");
  unsigned long sum = 0;
  for (const char c : block) sum += static_cast<unsigned char>(c);
  octal(148, 6, sum);
  block[154] = '\0';
  return block;
}

inline std::string tar_of(const std::vector<TarEntry>& entries) {
  std::string out;
  for (const auto& entry : entries) {
    const bool has_content = entry.type != '1' && entry.type != '2';
    const std::string content = has_content ? entry.content : "";
    out += tar_header(entry, content.size()) + content;
    out.resize((out.size() + 511) / 512 * 512);
  }
  return out + std::string(1024, '\0');
}

}  // namespace chos::test
