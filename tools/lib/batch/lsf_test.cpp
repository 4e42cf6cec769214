// SPDX-License-Identifier: BSD-3-Clause
// `chosctl batch` for LSF.
#include "batch/batch_fixture.h"

namespace chos::test {
namespace {

using BatchLsf = Batch;

TEST_F(BatchLsf, JobStarterOfQueues) {
  const std::string queues =
      "Begin Queue\nQUEUE_NAME = normal\nEnd Queue\n\n# c\nbegin queue\n"
      "queue_name=night # x\nPRIORITY = 3\nend queue\n";
  const std::string name = "/srv/work/cluster1/configdir/lsb.queues";
  file("/srv/lsf/lsf.conf", "LSB_CONFDIR=/srv/work\n");
  file(name, queues);
  const std::string env = "LSF_ENVDIR=/srv/lsf";
  const auto before = node();
  refused("enable lsf", "no LSF queue was named", env);
  refused("enable lsf --queue day", "there is no section for a queue 'day'", env);
  refused("enable lsf --queue night", "there is no lsb.queues in /etc");
  changes("enable lsf --queue night", env);
  const std::string line = "JOB_STARTER = /usr/bin/chos_jobstarter --lsf \"%USRCMD\"\n";
  EXPECT_NE(text(name).find("PRIORITY = 3\n#"), std::string::npos) << text(name);
  EXPECT_NE(text(name).find(line + "end queue\n"), std::string::npos) << text(name);
  changes_nothing("enable lsf --queue night", env);
  EXPECT_EQ(state_of("lsf", env), "partly");
  changes("enable lsf --queue normal --queue night", env);
  EXPECT_NE(text(name).find(line + "End Queue\n"), std::string::npos) << text(name);
  EXPECT_EQ(state_of("lsf", env), "enabled");
  EXPECT_EQ(read("kept/lsf-lsb.queues.orig"), queues);
  changes("disable lsf --queue normal", env);
  EXPECT_NE(text(name).find(line + "end queue\n"), std::string::npos) << text(name);
  changes("disable lsf --queue night", env);
  EXPECT_EQ(node(), before);
  file(name, "Begin Queue\nQUEUE_NAME = a\nJOB_STARTER = /x %USRCMD\nEnd Queue\n");
  refused("enable lsf --queue a", "line 3 says", env);
}

}  // namespace
}  // namespace chos::test
