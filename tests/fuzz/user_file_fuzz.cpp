// SPDX-License-Identifier: BSD-3-Clause
// Reads any bytes as ~/.chos, from a file and as the answer of a child process.
#include <chos/abi.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "fuzz.h"
#include "session/user_file.h"

namespace {

using chos::RawUserFile;
using chos::UserFile;

// Checks the properties that every result must have.
void check(const UserFile& file, const std::string& path) {
  MUST(file.path == path);
  MUST((file.state == UserFile::State::chosen) == !file.name.empty());
  MUST((file.state == UserFile::State::unusable) == !file.reason.empty());
  MUST(file.name.size() <= CHOS_PATH_MAX);
  for (const char c : file.name) MUST(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
  // The reason is printed on terminals.
  for (const char c : file.reason) MUST(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
  if (file.name.empty()) return;
  MUST(file.name.front() != ' ' && file.name.back() != ' ');
  // A name is read as itself.
  RawUserFile again;
  again.found = RawUserFile::Found::bytes;
  again.length = static_cast<unsigned>(file.name.size());
  std::memcpy(again.data, file.name.data(), file.name.size());
  // Only the first byte order mark is dropped, so a name may begin with another one.
  if (!file.name.starts_with("\xef\xbb\xbf")) MUST(chos::interpret_user_file(path, again).name == file.name);
}

void through_a_file(const std::uint8_t* data, std::size_t size) {
  static const int fd = ::memfd_create("chos", MFD_CLOEXEC);
  static const std::string path = "/proc/self/fd/" + std::to_string(fd);
  MUST(::ftruncate(fd, 0) == 0);
  MUST(::pwrite(fd, data, size, 0) == static_cast<ssize_t>(size));
  const RawUserFile raw = chos::fetch_user_file(path.c_str());
  if (size > CHOS_PATH_MAX) {
    MUST(raw.found == RawUserFile::Found::too_big);
  } else {
    MUST(raw.found == RawUserFile::Found::bytes && raw.length == size);
    MUST(std::memcmp(raw.data, data, size) == 0);
  }
  check(chos::interpret_user_file(path, raw), path);
}

// The first bytes are the fields of the answer.  They may be invalid, such as a length beyond the data.
void from_a_child(const std::uint8_t* data, std::size_t size) {
  if (size < 12) return;
  RawUserFile raw;
  raw.found = static_cast<RawUserFile::Found>(data[0] % 6);
  std::memcpy(&raw.code, data + 1, sizeof raw.code);
  raw.mode = static_cast<mode_t>(data[5] << 12);
  raw.size = data[6] * 0x0101010101LL;
  raw.length = static_cast<unsigned>(data[7] | data[8] << 8);
  std::memcpy(raw.data, data + 9, std::min(size - 9, sizeof raw.data));
  if (raw.found == RawUserFile::Found::bytes) raw.length = std::min(raw.length, 100000u);
  const UserFile file = chos::interpret_user_file("/home/anna/.chos", raw);
  MUST((file.state == UserFile::State::chosen) == !file.name.empty());
  MUST(file.name.size() <= sizeof raw.data);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  through_a_file(data, size);
  from_a_child(data, size);
  return 0;
}
