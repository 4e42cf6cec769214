// SPDX-License-Identifier: BSD-3-Clause
// The release and the machine of a tree, read without following links out of it.
#pragma once

#include <string>

#include "basic/files.h"

namespace chos {

/// PRETTY_NAME, or NAME and VERSION_ID, of its os-release; "" if there is none.
std::string release_of(const std::string& root);

/// The same from the text of an os-release file.
std::string parse_os_release(const std::string& text);

/// The file that release_of() reads, open for reading; or none.  Links on the way are those of the tree.
UniqueFd open_release(const std::string& root);
/// What release_of() returns, of that file.
std::string read_release(int file);

/// The machine of its /bin/sh: "x86_64", "i386", "aarch64", or "machine N" of the ELF header; "" if
/// it is unknown.
std::string machine_of(const std::string& root);

/// The /bin/sh that machine_of() reads, and what it returns of that.
UniqueFd open_shell(const std::string& root);
std::string read_machine(int file);

}  // namespace chos
