// SPDX-License-Identifier: BSD-3-Clause
// The number of descriptors that this process may open.
#pragma once

#include <sys/resource.h>

namespace chos {

/// Raises the limit on open descriptors as far as the kernel allows.  The destructor restores it.
class MoreDescriptors {
 public:
  MoreDescriptors();
  MoreDescriptors(const MoreDescriptors&) = delete;
  MoreDescriptors& operator=(const MoreDescriptors&) = delete;
  ~MoreDescriptors();

 private:
  rlimit before_{};
  bool raised_ = false;
};

}  // namespace chos
