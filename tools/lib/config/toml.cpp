// SPDX-License-Identifier: BSD-3-Clause
// toml++ itself, compiled once: see TOML_HEADER_ONLY in CMakeLists.txt.
#define TOML_IMPLEMENTATION
#include <toml++/toml.h>
