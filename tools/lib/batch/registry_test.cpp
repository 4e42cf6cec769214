// SPDX-License-Identifier: BSD-3-Clause
// The names of batch systems that `chosctl batch` accepts.
#include "batch/batch_fixture.h"

namespace chos::test {
namespace {

using BatchRegistry = Batch;

TEST_F(BatchRegistry, Names) {
  refused("enable pbs", "there are two: openpbs and torque");
  refused("enable loadleveler", "there is no batch system 'loadleveler'");
  EXPECT_EQ(batch("enable").status, 2);
  EXPECT_EQ(batch("status nosuch").status, 2);
  const auto ran = batch("status");
  EXPECT_EQ(ran.status, 0);
  EXPECT_EQ(ran.out, "there is no batch system on this node\n");
}

}  // namespace
}  // namespace chos::test
