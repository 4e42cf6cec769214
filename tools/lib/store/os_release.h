// SPDX-License-Identifier: BSD-3-Clause
// The release and the machine of a tree, read without following links out of it.
#pragma once

#include <string>

#include "basic/result.h"

namespace chos {

/// PRETTY_NAME, or NAME and VERSION_ID, of its os-release; "" if there is none.
std::string release_of(const std::string& root);

/// The same from the text of an os-release file.
std::string parse_os_release(const std::string& text);

/// The machine of its /bin/sh: "x86_64", "i386", "aarch64", or "machine N" of the ELF header; "" if
/// it is unknown.
std::string machine_of(const std::string& root);

}  // namespace chos
