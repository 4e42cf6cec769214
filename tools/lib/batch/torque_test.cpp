// SPDX-License-Identifier: BSD-3-Clause
// `chosctl batch` for Torque.
#include "batch/batch_fixture.h"

namespace chos::test {
namespace {

using BatchTorque = Batch;

TEST_F(BatchTorque, JobStarterOfPbsMom) {
  const std::string config = "/var/spool/torque/mom_priv/config";
  EXPECT_EQ(state_of("torque"), "absent");
  file(config, "$logevent 0x1ff\n");
  round_trip("torque", [&] {
    EXPECT_NE(text(config).find("\n$job_starter /usr/bin/chos_jobstarter\n"), std::string::npos);
  });
  file(config, "$job_starter /opt/other\n");
  refused("enable torque", "'$job_starter /opt/other'");
  file(config, "$job_starter_run_privileged true\n");
  refused("enable torque", "would run as root");
}

}  // namespace
}  // namespace chos::test
