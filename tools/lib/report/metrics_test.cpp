// SPDX-License-Identifier: BSD-3-Clause
#include "report/metrics.h"

#include "allowlist/allowlist.h"
#include "fake_node.h"
#include "kernel/proc_chos.h"
#include "open_metrics.h"
#include "program_fixture.h"

namespace chos::test {
namespace {

MetricsData full() {
  MetricsData data;
  data.up = true;
  data.farm = "/chos";
  data.version = *parse_version(
      "version 1.2.3\nabi 1\nfork_tracking on\nentries 4\ninterned 5\ntable_bytes 12288\n"
      "enters 33\nleaves 3\nrefused_EACCES 2\nrefused_other 0\nkilled 1\nlater 9\n");
  data.usage = std::vector<OsUsage>{{2, 30, "trixie", "/os/trixie"},
                                    {1, 3, "trixie", "/os/trixie~2"},
                                    {0, 0, "default", "/os/trixie~2"},
                                    {0, 0, "sl6", "/os/sl6"}};
  data.list = Allowlist({{.name = "trixie", .path = "/os/trixie~2"},
                         {.name = "sl6", .path = "/os/sl6", .closed = true},
                         {.name = "base", .path = "/"},
                         {.name = "default", .path = "/os/trixie~2"}});
  return data;
}

// The parser of these tests has to refuse what the format does not allow.
TEST(OpenMetrics, TheReaderIsStrict) {
  const std::string good =
      "# TYPE a counter\n# HELP a Help.\na_total 1\na_total{x=\"\\\\\\\"\\n,}\"} 2\n# EOF\n";
  EXPECT_EQ(read_metrics(good).problem, "");
  EXPECT_EQ(read_metrics(good).series.size(), 2u);
  for (const char* bad : {"",
                          "# EOF",
                          "# TYPE a gauge\na 1\n",
                          "# TYPE a gauge\na 1\n# EOF\na 2\n",
                          "# TYPE a counter\na 1\n# EOF\n",
                          "# TYPE a gauge\na_total 1\n# EOF\n",
                          "# TYPE a gauge\na 1\na 2\n# EOF\n",
                          "# TYPE a gauge\na{x=\"1\"} 1\na{x=\"1\"} 1\n# EOF\n",
                          "# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\n# HELP a x\n# EOF\n",
                          "a 1\n# EOF\n",
                          "# TYPE a gauge\na 1\n# HELP a x\n# EOF\n",
                          "# TYPE a gauge\n\na 1\n# EOF\n",
                          "# TYPE a gauge\n# UNIT a bytes\na 1\n# EOF\n",
                          "# TYPE a gauge\na{x=\"\"\"} 1\n# EOF\n",
                          "# TYPE a gauge\na{x=\"\\x\"} 1\n# EOF\n",
                          "# TYPE a gauge\na{1=\"\"} 1\n# EOF\n",
                          "# TYPE a gauge\na{} 1\n# EOF\n",
                          "# TYPE a_total counter\na_total_total 1\n# EOF\n",
                          "# TYPE a info\na 1\n# EOF\n",
                          "# TYPE a gauge\na x\n# EOF\n"})
    EXPECT_NE(read_metrics(bad).problem, "") << bad;
}

TEST(Metrics, WithoutAModule) {
  const std::string text = render_metrics({});
  EXPECT_EQ(text,
            "# TYPE chos_up gauge\n"
            "# HELP chos_up 1 if the module answers and its farm is mounted, 0 if not.\n"
            "chos_up 0\n# EOF\n");
  EXPECT_EQ(read_metrics(text).problem, "");
}

TEST(Metrics, OfANode) {
  const auto read = read_metrics(render_metrics(full()));
  EXPECT_EQ(read.problem, "");
  const std::map<std::string, std::string> expected{
      {"chos_up", "1"},
      {"chos_info{version=\"1.2.3\",abi=\"1\",fork_tracking=\"on\",farm=\"/chos\"}", "1"},
      {"chos_enters_total", "33"},
      {"chos_leaves_total", "3"},
      {"chos_refusals_total{errno=\"EACCES\"}", "2"},
      {"chos_refusals_total{errno=\"other\"}", "0"},
      {"chos_killed_total", "1"},
      {"chos_allowlist_entries", "4"},
      {"chos_interned_oses", "5"},
      {"chos_table_bytes", "12288"},
      {"chos_os_processes{os=\"trixie\",path=\"/os/trixie\"}", "2"},
      {"chos_os_processes{os=\"trixie\",path=\"/os/trixie~2\"}", "1"},
      {"chos_os_processes{os=\"sl6\",path=\"/os/sl6\"}", "0"},
      {"chos_os_entries_total{os=\"trixie\",path=\"/os/trixie\"}", "30"},
      {"chos_os_entries_total{os=\"trixie\",path=\"/os/trixie~2\"}", "3"},
      {"chos_os_entries_total{os=\"sl6\",path=\"/os/sl6\"}", "0"},
      {"chos_os_open{os=\"trixie\",path=\"/os/trixie~2\"}", "1"},
      {"chos_os_open{os=\"sl6\",path=\"/os/sl6\"}", "0"}};
  EXPECT_EQ(read.series, expected);
  EXPECT_EQ(read.types.at("chos_refusals"), "counter");
  EXPECT_EQ(read.types.at("chos_os_processes"), "gauge");
}

TEST(Metrics, ADefaultThatWasEnteredIsAnOs) {
  // It was an OS of its own before, and still has processes.
  auto data = full();
  (*data.usage)[2].processes = 1;
  EXPECT_EQ(
      read_metrics(render_metrics(data)).series.at("chos_os_processes{os=\"default\",path=\"/os/trixie~2\"}"),
      "1");
}

TEST(Metrics, WhatIsNotKnownIsLeftOut) {
  auto data = full();
  data.usage.reset();
  data.list.reset();
  data.version = *parse_version("version 1.0.0\nabi 1\nfork_tracking off\n");
  const auto read = read_metrics(render_metrics(data));
  EXPECT_EQ(read.problem, "");
  EXPECT_EQ(read.series.size(), 2u);
  EXPECT_FALSE(read.types.contains("chos_os_processes"));
  EXPECT_FALSE(read.types.contains("chos_table_bytes"));
}

TEST(Metrics, LabelsAreEscaped) {
  EXPECT_EQ(escape_label("a\\b\"c\nd,}{=#"), "a\\\\b\\\"c\\nd,}{=#");
  EXPECT_EQ(escape_label(""), "");
  const std::string letters = "\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xa7";
  EXPECT_EQ(escape_label(letters), letters);
  const std::string mark = "\xef\xbf\xbd";
  EXPECT_EQ(escape_label("x\xffy"), "x" + mark + "ffy");
  EXPECT_EQ(escape_label("\xc3"), mark + "c3");                                      // cut
  EXPECT_EQ(escape_label("\xc0\xaf"), mark + "c0" + mark + "af");                    // too long
  EXPECT_EQ(escape_label("\xed\xa0\x80"), mark + "ed" + mark + "a0" + mark + "80");  // surrogate
  EXPECT_EQ(escape_label("\xf4\x90\x80\x80").substr(0, 5), mark + "f4");             // past the last
  EXPECT_EQ(escape_label("\xe0\x80\x80").substr(0, 5), mark + "e0");
  auto data = full();
  (*data.usage)[0].path = "/os/\"\\\xfe";
  const auto read = read_metrics(render_metrics(data));
  EXPECT_EQ(read.problem, "");
  EXPECT_EQ(read.series.at("chos_os_processes{os=\"trixie\",path=\"/os/\\\"\\\\" + mark + "fe\"}"), "2");
}

class GatherMetrics : public Scratch {
 protected:
  FakeModule module;
  Node node;

  void SetUp() override {
    Scratch::SetUp();
    node.module = &module;
    node.kernel = ProcChos(directory());
    node.config.farm = path("farm");
    node.filesystem = "tmpfs";
    write("setchos", "/\n");
    write("version", "version 9.9.9\nabi 1\nfork_tracking on\nenters 3\n");
    write("valid", "trixie:/os/trixie:groups=0|12\nsl6:/os/sl6:closed\n");
    write("usage", "1 2 trixie /os/trixie\n");
  }
};

TEST_F(GatherMetrics, AsksTheKernel) {
  const auto data = gather_metrics(node);
  EXPECT_TRUE(data.gaps.empty());
  EXPECT_FALSE(data.up);  // the farm is not mounted
  EXPECT_EQ(data.farm, path("farm"));
  ASSERT_TRUE(data.version && data.usage && data.list);
  EXPECT_EQ(data.usage->size(), 1u);
  EXPECT_EQ(data.list->entries()[0].groups, (std::vector<gid_t>{0, 12}));
  module.farm_parameter = "/elsewhere";
  EXPECT_EQ(gather_metrics(node).farm, "/elsewhere");
}

TEST_F(GatherMetrics, UpIsAMountedFarm) {
  // Any mount will do for the test.
  const auto table = MountTable::read();
  ASSERT_TRUE(table);
  for (const auto& mount : table->mounts()) {
    const Mount* top = table->at(mount.target);
    if (top == nullptr) continue;
    node.config.farm = mount.target;
    node.filesystem = top->type;
    EXPECT_TRUE(gather_metrics(node).up);
    node.filesystem = "another";
    EXPECT_FALSE(gather_metrics(node).up);
    return;
  }
}

TEST_F(GatherMetrics, AMissingModuleIsNoGap) {
  module.is_loaded = false;
  const auto data = gather_metrics(node);
  EXPECT_FALSE(data.up || data.version || data.usage || data.list);
  EXPECT_TRUE(data.gaps.empty());
}

TEST_F(GatherMetrics, Gaps) {
  // A module that is too old to have the file, and a list that the tools cannot parse.
  std::filesystem::remove(path("usage"));
  write("valid", "trixie:os/trixie\n");
  auto data = gather_metrics(node);
  EXPECT_FALSE(data.usage || data.list);
  ASSERT_EQ(data.gaps.size(), 2u);
  EXPECT_EQ(data.gaps[0].code, ENOSYS);
  std::filesystem::remove(path("version"));
  data = gather_metrics(node);
  EXPECT_FALSE(data.version || data.up);
  EXPECT_EQ(data.gaps.size(), 1u);
}

TEST_F(Program, MetricsWithoutAModule) {
  if (::access("/proc/chos", F_OK) == 0) GTEST_SKIP() << "this machine has the module";
  auto ran = chosctl("metrics");
  EXPECT_EQ(ran.status, 0);
  EXPECT_EQ(ran.err, "");
  EXPECT_EQ(read_metrics(ran.out).series.at("chos_up"), "0");
  // A broken chos.conf is reported by doctor only.
  write("conf", "[farm]\nroot = 1\n");
  ran = chosctl("metrics");
  EXPECT_EQ(ran.status, 0);
  EXPECT_EQ(read_metrics(ran.out).problem, "");
  // The output goes to a full disk.
  ran = shell("'" CHOSCTL_PROGRAM "' metrics >/dev/full");
  EXPECT_EQ(ran.status, 1);
  EXPECT_NE(ran.err.find("cannot write the metrics"), std::string::npos) << ran.err;
}

}  // namespace
}  // namespace chos::test
