// SPDX-License-Identifier: BSD-3-Clause
// Top-level names of the farm that chos itself gives a meaning.
#pragma once

namespace chos {

/// The names `local` and `os` are always there and belong to no list.
inline constexpr const char* farm_local = "local";
inline constexpr const char* farm_trees = "os";

}  // namespace chos
