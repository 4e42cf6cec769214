// SPDX-License-Identifier: BSD-3-Clause
#include "store/os_release.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <map>

#include "basic/elf.h"
#include "basic/files.h"
#include "basic/text.h"
#include "mount/open.h"

namespace chos {
namespace {

constexpr std::size_t largest_release = 64 * 1024;
constexpr std::size_t longest = 80;

// A regular file of the tree; the links on the way are the tree's.
UniqueFd open_file(const std::string& root, const std::string& path) {
  const UniqueFd tree(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!tree) return UniqueFd();
  const auto seen = open_in_tree(tree.get(), path, Last::follow);
  struct stat info {};
  if (!seen || ::fstat(seen->get(), &info) != 0 || !S_ISREG(info.st_mode)) return UniqueFd();
  return reopen(seen->get(), O_RDONLY);
}

// As os-release(5): quotes like a shell's, with backslashes.
std::string unquoted(std::string_view text) {
  if (text.size() >= 2 && (text.front() == '"' || text.front() == '\'') && text.back() == text.front())
    text = text.substr(1, text.size() - 2);
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    const auto u = static_cast<unsigned char>(text[i]);
    if (u >= 0x20 && u != 0x7f) out += text[i];
  }
  if (out.size() <= longest) return out;
  // Not in the middle of a character of UTF-8.
  std::size_t end = longest;
  while (end > 0 && (static_cast<unsigned char>(out[end]) & 0xc0) == 0x80) --end;
  return out.substr(0, end);
}

}  // namespace

std::string parse_os_release(const std::string& text) {
  std::map<std::string, std::string, std::less<>> values;
  for (const auto line : split(text, '\n')) {
    const auto equals = line.find('=');
    if (equals == std::string_view::npos || line.starts_with('#')) continue;
    values[std::string(trimmed(line.substr(0, equals)))] = unquoted(trimmed(line.substr(equals + 1)));
  }
  if (const auto pretty = values.find("PRETTY_NAME"); pretty != values.end()) return pretty->second;
  std::string out = values["NAME"];
  if (!values["VERSION_ID"].empty()) out += (out.empty() ? "" : " ") + values["VERSION_ID"];
  return out;
}

UniqueFd open_release(const std::string& root) {
  auto fd = open_file(root, "/etc/os-release");
  return fd ? std::move(fd) : open_file(root, "/usr/lib/os-release");
}

std::string read_release(int file) {
  const auto text = read_all(file, largest_release, "os-release");
  return text ? parse_os_release(*text) : "";
}

std::string release_of(const std::string& root) {
  const auto fd = open_release(root);
  return fd ? read_release(fd.get()) : "";
}

UniqueFd open_shell(const std::string& root) { return open_file(root, "/bin/sh"); }

std::string machine_of(const std::string& root) {
  const auto fd = open_shell(root);
  return fd ? read_machine(fd.get()) : "";
}

std::string read_machine(int file) {
  const auto facts = read_elf(file, "/bin/sh");
  if (!facts) return "";
  switch (facts->machine) {
    case EM_X86_64: return "x86_64";
    case EM_386: return "i386";
    case EM_AARCH64: return "aarch64";
    case EM_ARM: return "arm";
    case EM_PPC64: return "ppc64";
    case EM_RISCV: return "riscv";
    case EM_S390: return "s390x";
    default: return "machine " + std::to_string(facts->machine);
  }
}

}  // namespace chos
