// SPDX-License-Identifier: BSD-3-Clause
// `chosctl batch` for HTCondor, and the configuration file that chos installs for it.
#include <fstream>
#include <sstream>

#include "batch/batch_fixture.h"

namespace chos::test {
namespace {

namespace fs = std::filesystem;

std::string file_of_build(const char* name) {
  std::ostringstream text;
  text << std::ifstream(name).rdbuf();
  return text.str();
}

class BatchCondor : public Batch {
 protected:
  void prepare_node() override {
    fs::create_directories(path("n/etc/condor/config.d"));
    file(CHOS_DATADIR "/chos/condor/50-chos.conf", shipped);
    // The last file takes precedence.
    program("bin", "condor_config_val",
            "cd '" + path("n/etc/condor/config.d") +
                "' || exit 1\n"
                "value=$(cat ./* 2>/dev/null | while read -r line; do\n"
                "  case $line in\n"
                "    include*:*) cat \"" +
                path("n") +
                "$(echo ${line#*:})\" ;;\n"
                "    *) echo \"$line\" ;;\n"
                "  esac\ndone | sed -n 's/^USER_JOB_WRAPPER *= *//p' | tail -n 1)\n"
                "[ -n \"$value\" ] || { echo 'Not defined: USER_JOB_WRAPPER' >&2; exit 1; }\n"
                "echo \"$value\"\n");
  }
  const std::string conf = "/etc/condor/config.d/50-chos.conf";
  const std::string shipped = file_of_build(CHOS_CONDOR_FILE);
  const std::string line = "include : " CHOS_DATADIR "/chos/condor/50-chos.conf\n";
};

TEST_F(BatchCondor, IncludesTheInstalledFile) {
  EXPECT_EQ(state_of("condor"), "not enabled");
  round_trip("condor", [this] {
    EXPECT_EQ(text(conf), line);
    EXPECT_EQ(state("condor")["by_hand"], false);
  });
  EXPECT_NE(batch("enable condor").out.find("condor_reconfig"), std::string::npos);
  changes("disable condor");
  // disable works after an update of chos, too.
  changes("enable condor");
  file(CHOS_DATADIR "/chos/condor/50-chos.conf", shipped + "C = 3\n");
  changes_nothing("enable condor");
  changes("disable condor");
  EXPECT_FALSE(exists(conf));
  // Lines that an admin added are kept, and an edited file is left alone.
  changes("enable condor");
  file(conf, line + "B = 2\n");
  changes_nothing("enable condor");
  changes("disable condor");
  EXPECT_EQ(text(conf), "B = 2\n");
  refused("enable condor", "exists and does not come from chos");
  file(conf, "USER_JOB_WRAPPER = /usr/bin/chos_jobstarter\n");
  changes_nothing("enable condor");
  refused("disable condor", "was edited by hand");
}

TEST_F(BatchCondor, TheLineFromTheReadme) {
  file("/srv/chos/condor/50-chos.conf", shipped);
  const std::string by_hand = "# mine\ninclude :  /srv/chos/condor/50-chos.conf\n";
  file(conf, by_hand);
  EXPECT_EQ(state_of("condor"), "enabled");
  changes_nothing("enable condor");
  changes("disable condor");
  EXPECT_EQ(text(conf), "# mine\n");
  // chos is no longer installed there.
  file(conf, by_hand);
  fs::remove(path("n/srv/chos/condor/50-chos.conf"));
  EXPECT_EQ(state_of("condor"), "partly");
  changes("enable condor");
  EXPECT_EQ(text(conf), "# mine\n" + line);
  EXPECT_EQ(state_of("condor"), "enabled");
}

// Earlier versions of enable copied the whole installed file.
TEST_F(BatchCondor, AnOlderCopy) {
  std::string copy = shipped;
  const auto at = copy.find("#   include");
  copy.erase(at, copy.find('\n', at) + 1 - at);
  file(conf, copy);
  EXPECT_EQ(state_of("condor"), "enabled");
  changes("disable condor");
  EXPECT_FALSE(exists(conf));
  file(conf, copy + "B = 2\n");
  changes("enable condor");
  EXPECT_EQ(text(conf), line + "B = 2\n");
  EXPECT_EQ(read("kept/condor-50-chos.conf.orig"), copy + "B = 2\n");
  changes_nothing("enable condor");
  // Admins could change the path of the farm in the copy.
  const std::string farm = "\nMOUNT_UNDER_SCRATCH = strcat($(MOUNT_UNDER_SCRATCH), \",/srv/tmp\")\n";
  file(conf, copy.substr(0, copy.rfind("\nMOUNT_UNDER")) + farm);
  changes("enable condor");
  EXPECT_EQ(text(conf), line + farm.substr(1));
  // A truncated copy is not recognized.
  file(conf, copy.substr(0, copy.rfind("\nMOUNT_UNDER") + 1));
  changes_nothing("enable condor");
  refused("disable condor", "was edited by hand");
}

// cmake fills in two directories and leaves HTCondor's own @=end and @end alone.
TEST(BatchCondorFile, CmakeFillsInTheDirectories) {
  const std::string built = file_of_build(CHOS_CONDOR_FILE);
  std::string expected = file_of_build(CHOS_CONDOR_SOURCE);
  for (const auto& [variable, value] : std::map<std::string, std::string>{
           {"@CMAKE_INSTALL_FULL_BINDIR@", CHOS_BINDIR}, {"@CMAKE_INSTALL_FULL_DATADIR@", CHOS_DATADIR}}) {
    const auto at = expected.find(variable);
    ASSERT_NE(at, std::string::npos) << variable;
    expected.replace(at, variable.size(), value);
  }
  EXPECT_EQ(built, expected);
  EXPECT_NE(built.find("\nUSER_JOB_WRAPPER = " CHOS_BINDIR "/chos_jobstarter\n"), std::string::npos);
  EXPECT_NE(built.find("JOB_TRANSFORM_chos @=end\n"), std::string::npos);
  EXPECT_NE(built.find("\n@end\n"), std::string::npos);
}

TEST_F(BatchCondor, AnotherWrapper) {
  file("/etc/condor/config.d/10-site", "USER_JOB_WRAPPER = /opt/wrap\n");
  const auto before = node();
  refused("enable condor", "USER_JOB_WRAPPER is already '/opt/wrap'");
  EXPECT_EQ(state_of("condor"), "other");
  changes("enable condor --force");
  EXPECT_EQ(state_of("condor"), "enabled");
  changes("disable condor");
  EXPECT_EQ(node(), before);
  file("/etc/condor/config.d/10-site", "USER_JOB_WRAPPER=/usr/local/bin/chos_jobstarter\n");
  changes_nothing("enable condor");
  EXPECT_EQ(state("condor")["by_hand"], true);
}

TEST_F(BatchCondor, WithoutTheStarter) {
  fs::remove(path("n/usr/bin/chos_jobstarter"));
  refused("enable condor", "chos_jobstarter is not installed in ");
}

}  // namespace
}  // namespace chos::test
