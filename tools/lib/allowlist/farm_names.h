// SPDX-License-Identifier: BSD-3-Clause
// Top-level names of the farm that have a fixed meaning.
#pragma once

namespace chos {

/// Every farm has them; they appear in no configured list of names.
inline constexpr const char* farm_local = "local";
inline constexpr const char* farm_trees = "os";

}  // namespace chos
