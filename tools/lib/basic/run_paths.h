// SPDX-License-Identifier: BSD-3-Clause
// Paths of the files that last until the next boot.
#pragma once

#include <string>

namespace chos {

inline constexpr const char* share_links = "/run/chos/share";
inline constexpr const char* layer_directory = "/run/chos/layer";
inline constexpr const char* problems_path = "/run/chos/problems";
inline constexpr const char* node_lock_path = "/run/chos/lock";
inline constexpr const char* pam_lock_path = "/run/chos/pam.lock";
inline constexpr const char* batch_lock_path = "/run/chos/batch.lock";

/// Where shares are.
struct ShareSite {
  std::string farm;   ///< the farm's directory on the base OS
  std::string links;  ///< the directory that the links are made in, on the base OS
};

}  // namespace chos
