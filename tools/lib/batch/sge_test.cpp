// SPDX-License-Identifier: BSD-3-Clause
// `chosctl batch` for Grid Engine.
#include "batch/batch_fixture.h"

namespace chos::test {
namespace {

class BatchSge : public Batch {
 protected:
  void prepare_node() override {
    file("/var/lib/gridengine/default/common/sge_request", "-w w\n");
    queue("all.q", "NONE");
    queue("long.q", "NONE");
    // A stand-in for qconf(1): -sq breaks long lines, -mattr reports what it did.
    program("bin", "qconf",
            "cd '" + path("n/q") +
                "' || exit 1\n"
                "case $1 in\n"
                "  -sql) ls ;;\n"
                "  -sq) [ -f $2 ] || { echo \"no queue $2\" >&2; exit 1; }\n"
                "       printf 'qname  %s\\nstarter_method  \\\\\\n    %s\\n' $2 \"$(cat $2)\" ;;\n"
                "  -mattr) echo $4 >$5; echo root modified $5 ;;\n"
                "  *) exit 1 ;;\nesac\n");
  }
  void queue(const std::string& name, const std::string& starter) { file("/q/" + name, starter + "\n"); }
};

TEST_F(BatchSge, AllQueues) {
  EXPECT_EQ(state_of("sge"), "not enabled");
  round_trip("sge", [this] {
    EXPECT_EQ(text("/q/all.q"), "/usr/bin/chos_sge_starter\n");
    EXPECT_EQ(text("/q/long.q"), "/usr/bin/chos_sge_starter\n");
    EXPECT_NE(text("/var/lib/gridengine/default/common/sge_request").find("\n-v CHOS\n"), std::string::npos);
  });
}

TEST_F(BatchSge, OneQueue) {
  const auto before = node();
  changes("enable sge --queue all.q");
  EXPECT_EQ(text("/q/long.q"), "NONE\n");
  EXPECT_EQ(state_of("sge"), "partly");
  EXPECT_NE(state("sge")["problem"].get<std::string>().find("long.q"), std::string::npos);
  changes("enable sge --queue long.q");
  changes("disable sge --queue all.q");
  EXPECT_NE(text("/var/lib/gridengine/default/common/sge_request").find("-v CHOS"), std::string::npos)
      << "long.q needs it";
  changes("disable sge --queue long.q");
  EXPECT_EQ(node(), before);
  refused("enable sge --queue no.q", "no queue no.q");
  refused("enable sge --queue -x", "is not the name of a cluster queue");
}

TEST_F(BatchSge, AForeignStarter) {
  queue("long.q", "/opt/site/starter");
  const auto before = node();
  refused("enable sge", "long.q already has a starter_method: '/opt/site/starter'");
  changes("enable sge --force");
  EXPECT_EQ(text("/q/long.q"), "/usr/bin/chos_sge_starter\n");
  changes_nothing("enable sge");
  changes("disable sge");
  EXPECT_EQ(node(), before) << "the site's starter is back";
  queue("long.q", "NONE,[host=/x]");
  refused("enable sge --force", "NONE,[host=/x]");
}

TEST_F(BatchSge, ChosPassedOnByHand) {
  for (const std::string line : {"-v A=1,CHOS", "-q x -v CHOS=trixie", "-V"}) {
    file("/var/lib/gridengine/default/common/sge_request", line + "\n");
    changes("enable sge");
    EXPECT_EQ(text("/var/lib/gridengine/default/common/sge_request"), line + "\n");
    changes("disable sge");
    EXPECT_EQ(text("/var/lib/gridengine/default/common/sge_request"), line + "\n");
  }
}

TEST_F(BatchSge, QconfFails) {
  program("bin", "qconf", "echo 'error: commlib error: got select error' >&2; exit 1\n");
  refused("enable sge", "commlib error");
  EXPECT_EQ(state_of("sge"), "unclear");
  EXPECT_EQ(batch("status sge").status, 1);
  EXPECT_EQ(batch("status").status, 0);
  // A qconf that reports success without making the change.
  program("bin", "qconf", "case $1 in -sql) echo all.q ;; -sq) echo starter_method NONE ;; esac\n");
  const auto ran = batch("enable sge");
  EXPECT_EQ(ran.status, 1);
  EXPECT_NE(ran.err.find("is still 'NONE'"), std::string::npos) << ran.err << ran.out;
}

}  // namespace
}  // namespace chos::test
