// SPDX-License-Identifier: BSD-3-Clause
// /etc/chos is believed only if nobody but root can have written it.
#include <sys/stat.h>

#include "allowlist/parse.h"
#include "allowlist/groups.h"
#include "scratch.h"

namespace chos::test {
namespace {

class TrustedAllowlist : public Scratch {};

TEST_F(TrustedAllowlist, IsBelieved) {
  const uid_t me = ::geteuid();
  write("chos", "a:/os/a\n");
  ASSERT_EQ(::chmod(path("chos").c_str(), 0644), 0);
  EXPECT_TRUE(load_allowlist(path("chos"), lookup_group, me).list);

  const auto foreign = load_allowlist(path("chos"), lookup_group, me + 1);
  EXPECT_FALSE(foreign.list);
  EXPECT_NE(foreign.error_text().find("belongs to uid"), std::string::npos);

  for (const mode_t mode : {0664, 0646, 0666}) {
    ASSERT_EQ(::chmod(path("chos").c_str(), mode), 0);
    const auto writable = load_allowlist(path("chos"), lookup_group, me);
    EXPECT_FALSE(writable.list);
    EXPECT_NE(writable.error_text().find("chmod go-w"), std::string::npos);
  }
  const auto none = load_allowlist(path("none"), lookup_group, me);
  EXPECT_TRUE(none.missing);
  EXPECT_FALSE(none.list);

  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  EXPECT_NE(load_allowlist(path("fifo"), lookup_group, me).error_text().find("is a FIFO"), std::string::npos);
  EXPECT_FALSE(load_allowlist(directory(), lookup_group, me).list);

  write("long", "");
  ASSERT_EQ(::truncate(path("long").c_str(), 1024L * 1024 * 1024), 0);
  ASSERT_EQ(::chmod(path("long").c_str(), 0644), 0);
  EXPECT_NE(load_allowlist(path("long"), lookup_group, me).error_text().find("is longer than"),
            std::string::npos);
}

}  // namespace
}  // namespace chos::test
