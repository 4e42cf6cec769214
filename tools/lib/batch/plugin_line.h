// SPDX-License-Identifier: BSD-3-Clause
// The line in Slurm's plugstack.conf that loads our plugin.
#pragma once

#include <string_view>

#include "batch/block.h"

namespace chos {

inline constexpr const char* plugin_name = "spank_chos.so";

/// The meaning of a line of plugstack.conf: the same as ours if it requires the plugin, from any directory
/// and with any arguments; conflicting if it names the plugin otherwise.
LineMeaning classify_plugin_line(std::string_view line);

}  // namespace chos
