// SPDX-License-Identifier: BSD-3-Clause
#include "kernel/proc_chos.h"

#include <cerrno>

#include "scratch.h"

namespace chos::test {
namespace {

class Kernel : public Scratch {
 protected:
  ProcChos link() const { return ProcChos(directory()); }
};

TEST_F(Kernel, AbsentOrNotMounted) {
  const auto gone = ProcChos(path("chos")).present();
  ASSERT_FALSE(gone);
  EXPECT_NE(gone.error().what.find("is not loaded"), std::string::npos);
  EXPECT_NE(gone.error().remedy.find("chosctl up"), std::string::npos);
  const auto unmounted = link().present();
  ASSERT_FALSE(unmounted);
  EXPECT_NE(unmounted.error().what.find("not mounted"), std::string::npos);
  EXPECT_FALSE(link().version());
  EXPECT_FALSE(link().enter("x"));
  write("setchos", "/\n");
  EXPECT_TRUE(link().present());
}

TEST_F(Kernel, ReadsAndWrites) {
  write("setchos", "trixie\n");
  EXPECT_EQ(*link().current(), "trixie");
  write("setchos", "");
  EXPECT_TRUE(link().enter("sl6"));
  EXPECT_EQ(read("setchos"), "sl6");
  write("valid", "");
  EXPECT_TRUE(link().write_valid("a:/os/a\n"));
  EXPECT_EQ(*link().valid(), "a:/os/a\n");
  write("layout", "");
  EXPECT_TRUE(link().write_layout({{true, "usr"}, {false, "home"}}));
  EXPECT_EQ(read("layout"), "link usr\ndir home\n");
  EXPECT_EQ(*link().layout(), (std::vector<LayoutName>{{true, "usr"}, {false, "home"}}));
  write("processes", "1 trixie\n4194303 sl6\n");
  const auto processes = link().processes();
  ASSERT_TRUE(processes);
  ASSERT_EQ(processes->size(), 2u);
  EXPECT_EQ((*processes)[1].pid, 4194303);
  EXPECT_EQ((*processes)[1].name, "sl6");
}

TEST_F(Kernel, EntersByWritingWhereThereIsNoIoctl) {
  write("setchos", "");
  EXPECT_TRUE(link().enter(std::string(255, 'x')));
  EXPECT_EQ(read("setchos"), std::string(255, 'x'));
  write("setchos", "");
  EXPECT_EQ(link().enter(std::string(256, 'x')).error().code, ENAMETOOLONG);
  EXPECT_EQ(link().enter(std::string("trixie\0", 7)).error().code, EINVAL);
  EXPECT_EQ(read("setchos"), "");
}

TEST_F(Kernel, Usage) {
  write("setchos", "/\n");
  auto usage = link().usage();
  ASSERT_FALSE(usage);  // an older module
  EXPECT_EQ(usage.error().code, ENOSYS);
  EXPECT_NE(usage.error().what.find("too old"), std::string::npos);
  EXPECT_NE(usage.error().remedy.find("chosctl"), std::string::npos);
  write("usage", "");
  usage = link().usage();
  ASSERT_TRUE(usage);
  EXPECT_TRUE(usage->empty());
  write("usage", "2 30 trixie /os/trixie\n0 18446744073709551615 trixie /os/trixie~2\n");
  usage = link().usage();
  ASSERT_TRUE(usage);
  EXPECT_EQ(*usage,
            (std::vector<OsUsage>{{2, 30, "trixie", "/os/trixie"}, {0, ~0ull, "trixie", "/os/trixie~2"}}));
  const auto gone = ProcChos(path("chos")).usage();
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, ENOENT);
  if (::geteuid() == 0) return;
  ASSERT_EQ(::chmod(path("usage").c_str(), 0), 0);
  EXPECT_NE(link().usage().error().remedy.find("root"), std::string::npos);
}

TEST_F(Kernel, Version) {
  const auto version =
      parse_version("version 1.0.0\nabi 1\nfork_tracking on\nentries 3\nrefused_ENOENT 7\nlater words\n");
  ASSERT_TRUE(version);
  EXPECT_EQ(version->version, "1.0.0");
  EXPECT_EQ(version->abi, 1u);
  EXPECT_EQ(version->fork_tracking, "on");
  EXPECT_EQ(version->counters.at("refused_ENOENT"), 7u);
  for (const char* bad : {"", "version 1\n", "abi 1\n", "version 1\nabi x\n", "garbage\n"})
    EXPECT_FALSE(parse_version(bad)) << bad;
}

TEST_F(Kernel, Garbage) {
  for (const char* bad : {"x trixie\n", "1\n", "0 trixie\n", "-1 trixie\n", "1 \n"})
    EXPECT_FALSE(parse_processes(bad)) << bad;
  for (const char* bad :
       {"1\n", "1 2\n", "1 2 x\n", "1 2 x \n", "1 2  /os/x\n", "x 2 a /os/a\n", "1 x a /os/a\n",
        "1 -2 a /os/a\n", "1 2 a /os/a more\n", "18446744073709551616 0 a /os/a\n"})
    EXPECT_FALSE(parse_usage(bad)) << bad;
  for (const char* bad : {"usr\n", "file usr\n", "dir a/b\n", "dir ..\n"})
    EXPECT_FALSE(parse_layout(bad)) << bad;
  EXPECT_TRUE(parse_processes("")->empty());
}

TEST_F(Kernel, EachErrnoHasItsOwnMessage) {
  std::vector<std::string> said;
  for (const int code : {ENOENT, ENOTDIR, EACCES, EXDEV, EBUSY, EPERM, ENAMETOOLONG, EINVAL, ENOMEM}) {
    const auto error = enter_error(code, "tri\x1bxie");
    EXPECT_EQ(error.code, code);
    EXPECT_NE(error.what.find("'tri\\x1bxie'"), std::string::npos) << error.what;
    for (const auto& other : said) EXPECT_NE(error.what, other);
    said.push_back(error.what);
  }
}

}  // namespace
}  // namespace chos::test
