// SPDX-License-Identifier: BSD-3-Clause
// The commands of chosctl: each prints what it did or found and returns the exit status.
#pragma once

#include "chosctl/options.h"
#include "config/config.h"
#include "farm/node.h"

namespace chos::ctl {

/// Whether the caller is root and in the base OS; says what to run if not.
bool is_root_in_base(const Node& node, const Options& options);

int up(const Node& node, const Options& options);
int reload(const Node& node, const Options& options);
int watch(const Node& node, const Options& options);
int down(const Node& node, const Options& options);
int status(const Node& node, bool json);
int doctor(const Node& node, const ParsedConfig& config, bool json);
int metrics(const Node& node);
int pam_enable(const Node& node, const Options& options);
int pam_disable(const Node& node, const Options& options);
int pam_status(const Options& options);
int batch_enable(const Node& node, const Options& options);
int batch_disable(const Node& node, const Options& options);
int batch_status(const Options& options);

}  // namespace chos::ctl
