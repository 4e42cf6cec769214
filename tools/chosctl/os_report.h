// SPDX-License-Identifier: BSD-3-Clause
// chosctl os list, show and verify.
#pragma once

#include "chosctl/os_options.h"
#include "farm/node.h"
#include "store/store.h"

namespace chos::ctl {

/// Each prints what it found and returns the exit status.
int os_list(const Node& node, const Store& store, const OsOptions& options);
int os_show(const Node& node, const Store& store, const OsOptions& options);
int os_verify(const Node& node, const Store& store, const OsOptions& options);

}  // namespace chos::ctl
