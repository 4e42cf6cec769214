// SPDX-License-Identifier: BSD-3-Clause
// A few facts from the headers of ELF files: the machine, the dynamic loader, and the oldest kernel
// that a libc works on (its NT_GNU_ABI_TAG note).
#pragma once

#include <array>
#include <optional>
#include <string>

#include "basic/result.h"

namespace chos {

using KernelVersion = std::array<unsigned, 3>;

struct ElfFacts {
  unsigned machine = 0;     ///< EM_X86_64 ...
  std::string interpreter;  ///< "/lib64/ld-linux-x86-64.so.2"; empty: static
  std::optional<KernelVersion> oldest_kernel;
};

/// Reads the headers of an ELF file of the host's byte order, 32 or 64 bits.  Code ENOEXEC: it is not such a
/// file, or a broken one.
Result<ElfFacts> read_elf(int fd, const std::string& name);

/// "5.10.0-28-amd64" gives {5, 10, 0}; nothing if it does not start with a number.
std::optional<KernelVersion> parse_kernel_version(const std::string& release);

std::string version_string(const KernelVersion& version);

/// Whether a kernel for `host` runs programs for `machine`.
bool runs_on(unsigned machine, unsigned host);

}  // namespace chos
