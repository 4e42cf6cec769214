// SPDX-License-Identifier: BSD-3-Clause
// toml++ itself, compiled once: CMakeLists.txt sets TOML_HEADER_ONLY=0.
// No header of its own: the other sources include toml++ directly.
#define TOML_IMPLEMENTATION
#include <toml++/toml.h>
