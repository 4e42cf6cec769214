// SPDX-License-Identifier: BSD-3-Clause
// The seccomp filter of a confined process.
#pragma once

#include <linux/filter.h>

#include <vector>

namespace chos {

/// The filter as seccomp(2) takes it.  Calls that unpacking an archive does not need fail with EPERM:
/// programs, other processes, mounts, namespaces, sockets, making a device, and mapping anything as code.
/// Empty on an architecture whose system call numbers are unknown here.
std::vector<sock_filter> call_filter();

}  // namespace chos
