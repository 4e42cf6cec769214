// SPDX-License-Identifier: BSD-3-Clause
// `chosctl batch` for OpenPBS.
#include "batch/batch_fixture.h"

namespace chos::test {
namespace {

namespace fs = std::filesystem;

class BatchOpenPbs : public Batch {
 protected:
  void prepare_node() override {
    file("/etc/pbs.conf", "PBS_HOME=/var/spool/pbs\n");
    file("/srv/chos_hook.py", "# runs chos_jobstarter\n");
    fs::create_directories(path("n/hooks"));
    // A stand-in for qmgr(8): a hook is a file with its attributes; its script is another file.
    program("bin", "qmgr",
            "cd '" + path("n/hooks") +
                "' || exit 1\n"
                "echo \"$2\" >>'" +
                path("commands") +
                "'\n"
                "set -- $2\n"
                "none() { echo \"qmgr obj=chos svr=default: hook not found\" >&2; exit 1; }\n"
                "case $1 in\n"
                "  create) printf 'Hook chos\\n    enabled = true\\n    "
                "event = \"\"\\n    order = 1\\n' >chos ;;\n"
                "  *) [ -f chos ] || none ;;\nesac\n"
                "case $1 in\n"
                "  list) cat chos ;;\n"
                "  export) cat script 2>/dev/null; true ;;\n"
                "  import) cp \"$6\" script ;;\n"
                "  set) sed -i \"s/ $4 = .*/ $4 = $6/\" chos ;;\n"
                "  delete) rm -f chos script ;;\nesac\n");
  }
};

TEST_F(BatchOpenPbs, ImportsTheHook) {
  const std::string where = " --directory /srv";
  EXPECT_EQ(state_of("openpbs"), "not enabled");
  const auto before = node();
  changes("enable openpbs" + where);
  EXPECT_EQ(text("/hooks/script"), "# runs chos_jobstarter\n");
  EXPECT_NE(text("/hooks/chos").find("event = execjob_launch"), std::string::npos);
  // After hooks that themselves change the program.
  EXPECT_NE(text("/hooks/chos").find("order = 900\n"), std::string::npos) << text("/hooks/chos");
  EXPECT_EQ(state_of("openpbs"), "enabled");
  write("commands", "");
  changes_nothing("enable openpbs" + where);
  EXPECT_EQ(read("commands").find("import"), std::string::npos);
  file("/srv/chos_hook.py", "# runs chos_jobstarter, newer\n");
  changes("enable openpbs" + where);
  EXPECT_EQ(text("/hooks/script"), "# runs chos_jobstarter, newer\n");
  file("/srv/chos_hook.py", "# runs chos_jobstarter\n");
  changes("enable openpbs" + where);
  file("/hooks/chos", "Hook chos\n    enabled = true\n    event = execjob_launch\n    order = 1\n");
  changes("enable openpbs" + where);
  EXPECT_NE(text("/hooks/chos").find("order = 900\n"), std::string::npos);
  changes("disable openpbs");
  EXPECT_EQ(node(), before);
  changes_nothing("disable openpbs");
}

TEST_F(BatchOpenPbs, AForeignHook) {
  file("/hooks/chos", "Hook chos\n    enabled = true\n    event = queuejob\n");
  file("/hooks/script", "import pbs\n");
  refused("enable openpbs --directory /srv", "has a hook named chos that does not come from chos");
  refused("disable openpbs", "does not come from chos");
  EXPECT_NE(batch("disable openpbs").err.find("--force"), std::string::npos);
  EXPECT_EQ(state_of("openpbs"), "other");
  changes("disable openpbs --force");
  EXPECT_EQ(state_of("openpbs"), "not enabled");
}

TEST_F(BatchOpenPbs, ADisabledHookAndAMissingServer) {
  changes("enable openpbs --directory /srv");
  file("/hooks/chos", "Hook chos\n    enabled = false\n    event = execjob_launch\n    order = 1\n");
  EXPECT_EQ(state_of("openpbs"), "partly");
  changes("enable openpbs --directory /srv");
  EXPECT_EQ(state_of("openpbs"), "enabled");
  program("bin", "qmgr", "echo 'qmgr: cannot connect to server node' >&2; exit 2\n");
  refused("enable openpbs --directory /srv", "cannot connect to server");
  EXPECT_EQ(state_of("openpbs"), "unclear");
}

}  // namespace
}  // namespace chos::test
