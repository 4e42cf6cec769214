// SPDX-License-Identifier: BSD-3-Clause
// The grammar of names and paths of OSs, as include/chos/abi.h states it.
#pragma once

#include <string>
#include <string_view>

namespace chos {

/// Empty if `name` may name an OS; otherwise what was expected, for a message.
std::string name_problem(std::string_view name);

/// Empty if `path` may be the path of an OS as seen in the farm; otherwise what was expected.
std::string path_problem(std::string_view path);

/// Empty if `name` may be a top-level name of the farm; otherwise what was expected.
std::string layout_name_problem(std::string_view name);

}  // namespace chos
