// SPDX-License-Identifier: BSD-3-Clause
// The reporting actions of chos, and --set.  Each prints and returns the exit status.
#pragma once

#include "chos/context.h"

namespace chos::tool {

int report_list(const Context& context);
int report_current(const Context& context);
int report_why(const Context& context);
int report_processes(const Context& context);
int set_own(const Context& context);

}  // namespace chos::tool
