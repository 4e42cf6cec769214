// SPDX-License-Identifier: BSD-3-Clause
// The constructor functions of all batch systems; make_slurm() is in slurm.cpp, and so on.
//
// They share this header because each file has nothing but its one function to declare, and the registry
// and the grid gatekeeper (which looks at Slurm and Grid Engine) are the only callers.
#pragma once

#include <memory>

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
