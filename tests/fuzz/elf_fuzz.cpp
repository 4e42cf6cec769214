// SPDX-License-Identifier: BSD-3-Clause
// Reads any bytes as an ELF file: the headers, the interpreter and the note of the libc.
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "basic/elf.h"
#include "fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const int fd = ::memfd_create("elf", MFD_CLOEXEC);
  MUST(::ftruncate(fd, 0) == 0);
  MUST(::pwrite(fd, data, size, 0) == static_cast<ssize_t>(size));
  const auto facts = chos::read_elf(fd, "input");
  if (!facts) {
    MUST(!facts.error().what.empty() && facts.error().code == ENOEXEC);
    return 0;
  }
  MUST(facts->machine <= 0xffff);
  MUST(facts->interpreter.size() <= size);
  MUST(facts->interpreter.find('\0') == std::string::npos);
  if (facts->oldest_kernel) MUST(!chos::version_string(*facts->oldest_kernel).empty());
  return 0;
}
