// SPDX-License-Identifier: BSD-3-Clause
// chosctl pam: pam_chos.so in the files of /etc/pam.d.
#pragma once

#include "chosctl/options.h"
#include "farm/node.h"
#include "pamd/files.h"

namespace chos::ctl {

/// Each prints what it changed or found in the files at `paths` and returns the exit status.
int pam_enable(const Node& node, const Options& options, const PamPaths& paths);
int pam_disable(const Node& node, const Options& options, const PamPaths& paths);
int pam_status(const Options& options, const PamPaths& paths);

}  // namespace chos::ctl
