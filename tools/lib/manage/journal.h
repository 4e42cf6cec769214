// SPDX-License-Identifier: BSD-3-Clause
// The journal of an OS: one change of it at a time, and what becomes of one that was interrupted.
#pragma once

#include <string>

#include "basic/files.h"
#include "manage/context.h"

namespace chos {

/// Finishes or takes back what killed runs have left.  A failure is noted; it is returned only if it
/// is of the OS `concerned`.
Status recover(const ManageContext& context, const std::string& concerned);

/// Takes the journal of an OS, with nothing left of an earlier run; the descriptor holds it.  Waits
/// some seconds for another chosctl.  Code EWOULDBLOCK: that is still at work; EBUSY: processes are in
/// a tree that an interrupted run left.
Result<UniqueFd> begin_change(const ManageContext& context, const std::string& name);

/// Clears the journal, which this process has; a failure is noted.
void end_change(const ManageContext& context, const std::string& name);

}  // namespace chos
