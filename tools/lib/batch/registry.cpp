// SPDX-License-Identifier: BSD-3-Clause
#include "batch/registry.h"

#include "batch/systems.h"

namespace chos {

std::vector<std::string> batch_names() {
  return {"slurm", "sge", "condor", "torque", "openpbs", "lsf", "globus"};
}

std::unique_ptr<BatchSystem> batch_system(const std::string& name, const BatchNode& node) {
  if (name == "slurm") return make_slurm(node);
  if (name == "sge") return make_sge(node);
  if (name == "condor") return make_condor(node);
  if (name == "torque") return make_torque(node);
  if (name == "openpbs") return make_openpbs(node);
  if (name == "lsf") return make_lsf(node);
  if (name == "globus") return make_globus(node);
  return nullptr;
}

}  // namespace chos
