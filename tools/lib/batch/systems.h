// SPDX-License-Identifier: BSD-3-Clause
// The batch systems that there are, one file each.
#pragma once

#include "batch/batch.h"

namespace chos {

std::unique_ptr<BatchSystem> make_slurm(const BatchNode& node);
std::unique_ptr<BatchSystem> make_sge(const BatchNode& node);
std::unique_ptr<BatchSystem> make_condor(const BatchNode& node);
std::unique_ptr<BatchSystem> make_torque(const BatchNode& node);
std::unique_ptr<BatchSystem> make_openpbs(const BatchNode& node);
std::unique_ptr<BatchSystem> make_lsf(const BatchNode& node);
std::unique_ptr<BatchSystem> make_globus(const BatchNode& node);

}  // namespace chos
