// SPDX-License-Identifier: BSD-3-Clause
// An ELF file that stands for a libc in tests.
#pragma once

#include <elf.h>

#include <cstdint>
#include <cstring>
#include <string>

namespace chos::test {

/// A 64-bit ELF file that contains only the note "needs Linux A.B.C".
inline std::string elf_with_note(unsigned a, unsigned b, unsigned c) {
  struct {
    Elf64_Ehdr header;
    Elf64_Phdr segment;
    Elf64_Nhdr note;
    char name[4];
    std::uint32_t words[4];
  } file{};
  std::memcpy(file.header.e_ident, ELFMAG, SELFMAG);
  file.header.e_ident[EI_CLASS] = ELFCLASS64;
  file.header.e_ident[EI_DATA] = ELFDATA2LSB;
  file.header.e_machine = EM_X86_64;
  file.header.e_phoff = sizeof file.header;
  file.header.e_phentsize = sizeof file.segment;
  file.header.e_phnum = 1;
  file.segment.p_type = PT_NOTE;
  file.segment.p_offset = sizeof file.header + sizeof file.segment;
  file.segment.p_filesz = sizeof file - file.segment.p_offset;
  file.note = {4, 16, NT_GNU_ABI_TAG};
  std::memcpy(file.name, "GNU", 4);
  const std::uint32_t words[4] = {ELF_NOTE_OS_LINUX, a, b, c};
  std::memcpy(file.words, words, sizeof words);
  return std::string(reinterpret_cast<const char*>(&file), sizeof file);
}

}  // namespace chos::test
