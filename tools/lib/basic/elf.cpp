// SPDX-License-Identifier: BSD-3-Clause
#include "basic/elf.h"

#include <elf.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace chos {
namespace {

constexpr std::size_t most_headers = 256;
constexpr std::size_t largest_note = 64 * 1024;

Error broken(const std::string& name) {
  return Error{name + " is not a whole ELF file of this machine's byte order", "", ENOEXEC};
}

bool read_at(int fd, void* to, std::size_t size, std::uint64_t offset) {
  return ::pread(fd, to, size, static_cast<off_t>(offset)) == static_cast<ssize_t>(size);
}

constexpr std::size_t aligned(std::size_t size) { return (size + 3) & ~std::size_t{3}; }

// Notes: three words (size of the name, of the content, the type), both padded to 4.
std::optional<KernelVersion> abi_tag(const std::vector<char>& notes) {
  std::size_t at = 0;
  while (at + sizeof(Elf64_Nhdr) <= notes.size()) {
    Elf64_Nhdr head;  // the same in 32 bits
    std::memcpy(&head, notes.data() + at, sizeof head);
    const std::size_t name_at = at + sizeof head;
    const std::size_t content_at = name_at + aligned(head.n_namesz);
    const std::size_t end = content_at + aligned(head.n_descsz);
    if (head.n_namesz > notes.size() || head.n_descsz > notes.size() || end > notes.size())
      return std::nullopt;
    if (head.n_type == NT_GNU_ABI_TAG && head.n_namesz == 4 && head.n_descsz >= 16 &&
        std::memcmp(notes.data() + name_at, "GNU", 4) == 0) {
      std::uint32_t words[4];
      std::memcpy(words, notes.data() + content_at, sizeof words);
      if (words[0] == ELF_NOTE_OS_LINUX) return KernelVersion{words[1], words[2], words[3]};
    }
    at = end;
  }
  return std::nullopt;
}

template <typename Header, typename Segment>
Result<ElfFacts> read_segments(int fd, const std::string& name) {
  Header header;
  if (!read_at(fd, &header, sizeof header, 0) || header.e_phentsize != sizeof(Segment) ||
      header.e_phnum > most_headers)
    return broken(name);
  ElfFacts facts;
  facts.machine = header.e_machine;
  std::vector<Segment> segments(header.e_phnum);
  if (!segments.empty() && !read_at(fd, segments.data(), segments.size() * sizeof(Segment), header.e_phoff))
    return broken(name);
  for (const auto& segment : segments) {
    char last = 0;
    if (segment.p_type == PT_LOAD && segment.p_filesz > 0 &&
        !read_at(fd, &last, 1, segment.p_offset + segment.p_filesz - 1))
      return Error{name + " is truncated", "", ENOEXEC};
    if (segment.p_type != PT_INTERP && segment.p_type != PT_NOTE) continue;
    if (segment.p_filesz > largest_note) return broken(name);
    std::vector<char> content(segment.p_filesz);
    if (!content.empty() && !read_at(fd, content.data(), content.size(), segment.p_offset))
      return broken(name);
    if (content.empty()) continue;
    if (segment.p_type == PT_INTERP)
      facts.interpreter.assign(content.data(), ::strnlen(content.data(), content.size()));
    else if (const auto tag = abi_tag(content)) facts.oldest_kernel = tag;
  }
  return facts;
}

}  // namespace

Result<ElfFacts> read_elf(int fd, const std::string& name) {
  unsigned char ident[EI_NIDENT];
  if (!read_at(fd, ident, sizeof ident, 0) || std::memcmp(ident, ELFMAG, SELFMAG) != 0) return broken(name);
  const int order = std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB;
  if (ident[EI_DATA] != order) return broken(name);
  if (ident[EI_CLASS] == ELFCLASS64) return read_segments<Elf64_Ehdr, Elf64_Phdr>(fd, name);
  if (ident[EI_CLASS] == ELFCLASS32) return read_segments<Elf32_Ehdr, Elf32_Phdr>(fd, name);
  return broken(name);
}

std::optional<KernelVersion> parse_kernel_version(const std::string& release) {
  KernelVersion version{0, 0, 0};
  const char* at = release.c_str();
  for (std::size_t i = 0; i < version.size(); ++i) {
    if (*at < '0' || *at > '9') return i == 0 ? std::nullopt : std::optional(version);
    char* end = nullptr;
    version[i] = static_cast<unsigned>(std::strtoul(at, &end, 10));
    if (*end != '.') return version;
    at = end + 1;
  }
  return version;
}

std::string version_string(const KernelVersion& version) {
  return std::to_string(version[0]) + "." + std::to_string(version[1]) + "." + std::to_string(version[2]);
}

bool runs_on(unsigned machine, unsigned host) {
  if (machine == host) return true;
  return (host == EM_X86_64 && machine == EM_386) || (host == EM_AARCH64 && machine == EM_ARM) ||
         (host == EM_PPC64 && machine == EM_PPC);
}

}  // namespace chos
