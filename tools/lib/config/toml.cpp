// SPDX-License-Identifier: BSD-3-Clause
// toml++ itself, compiled once: CMakeLists.txt sets TOML_HEADER_ONLY=0.
// No header of its own: the other sources include toml++ directly.
//
// Its parser asserts before it looks: a file with "[*" ends the program, and with NDEBUG the compiler may
// take such a file for impossible.  Without the assertion the parser says what is wrong.
#undef NDEBUG
#define TOML_ASSERT(condition) static_cast<void>(0)
#define TOML_IMPLEMENTATION
#include <toml++/toml.h>
