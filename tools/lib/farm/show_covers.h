// SPDX-License-Identifier: BSD-3-Clause
// Covers the programs of trees that [base.os] of chos.conf(5) names; see tree/cover.h.
#pragma once

#include "basic/result.h"
#include "farm/work.h"

namespace chos {

Status show_covers(const FarmWork& work);

}  // namespace chos
