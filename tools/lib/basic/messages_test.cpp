// SPDX-License-Identifier: BSD-3-Clause
#include "basic/messages.h"

#include <fcntl.h>

#include "basic/files.h"
#include "basic/syslog.h"
#include "log_socket.h"
#include "scratch.h"

namespace chos::test {
namespace {

class Said : public Scratch {};

TEST_F(Said, NothingRawReachesATerminal) {
  const UniqueFd out(::open(path("out").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  const Messages say("prog", out.get());
  say.error(Error{"a\033[2Jb\nc", "do\tthis", 0, {"d", "e\nf"}});
  say.warning("\xc3\xa4\xff");
  EXPECT_EQ(read("out"),
            "prog: a\\x1b[2Jb\\x0ac\nprog: d\nprog: e\\x0af\nprog:   do\\x09this\n"
            "prog: warning: \xc3\xa4\\xff\n");
}

TEST_F(Said, NorTheLog) {
  LogSocket log;
  log.listen(path("log"));
  Syslog("prog", "job", path("log").c_str()).write(6, "user\nforged: \033[31m");
  const auto lines = log.lines();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_TRUE(lines[0].ends_with("]: (job) user\\x0aforged: \\x1b[31m")) << lines[0];
}

}  // namespace
}  // namespace chos::test
