// SPDX-License-Identifier: BSD-3-Clause
// What doctor says of batch systems; and where a path of an OS leads.  The node, its farm and the
// trees are directories.
#include <filesystem>

#include "lib/doctor.h"
#include "lib/os_path.h"
#include "scratch.h"

namespace chos::test {
namespace {

namespace fs = std::filesystem;

class BatchDoctor : public Scratch {
 protected:
  void SetUp() override {
    Scratch::SetUp();
    node.config.farm = path("chos");
    node.config.dirs = {"run"};
    for (const char* name : {"n/etc/slurm", "n/var/spool/slurmd", "n/usr/lib/x/slurm-wlm",
                             "chos/run/munge", "chos/os/one/etc", "chos/os/two/etc",
                             "chos/os/one/var/spool", "chos/os/two/var/spool"})
      fs::create_directories(path(name));
    put("n/etc/slurm/slurm.conf", "ClusterName=x\nSlurmdSpoolDir=/var/spool/slurmd\n");
    put("n/usr/lib/x/slurm-wlm/spank_chos.so", "");
    put("n/etc/slurm/plugstack.conf", "required spank_chos.so\n");
    auto parsed = parse_allowlist("one:/os/one\ntwo:/os/two\ndefault:/os/one\n", "list",
                                  [](const std::string&) { return Result<gid_t>(Error{}); });
    ASSERT_TRUE(parsed.list);
    list = *parsed.list;
  }
  void put(const std::string& name, const std::string& text) {
    fs::create_directories(fs::path(path(name)).parent_path());
    write(name, text);
  }
  // What bind mounts would do.
  void share(const std::string& name, const std::string& os) {
    const std::string in_os = "chos/os/" + os + name;
    fs::create_directories(fs::path(path(in_os)).parent_path());
    fs::remove_all(path(in_os));
    if (fs::is_directory(path("n" + name))) {
      ASSERT_EQ(::symlink("/run/base", path(in_os).c_str()), 0);
      fs::create_directories(path("chos/run"));
      fs::remove(path("chos/run/base"));
      // The farm's /run/base is the directory of the base itself.
      fs::rename(path("n" + name), path("chos/run/base"));
      fs::create_directory_symlink(path("chos/run/base"), path("n" + name));
    } else {
      fs::create_hard_link(path("n" + name), path(in_os));
    }
  }
  Findings examined() {
    BatchNode where;
    where.root = path("n");
    where.patience = 5;
    Findings out;
    examine_batch(node, list, where, out);
    return out;
  }
  static bool says(const Findings& findings, Finding::Level level, const std::string& part) {
    for (const auto& finding : findings)
      if (finding.level == level && finding.what.find(part) != std::string::npos) return true;
    return false;
  }

  Node node;
  Allowlist list;
};

TEST_F(BatchDoctor, PlacesThatAnOsDoesNotShow) {
  auto found = examined();
  EXPECT_TRUE(says(found, Finding::Level::info, "jobs of Slurm run in OSs"));
  EXPECT_TRUE(says(found, Finding::Level::error,
                   "SlurmdSpoolDir of Slurm, /var/spool/slurmd, is not to be seen in one and two"));
  EXPECT_TRUE(says(found, Finding::Level::error, "slurm.conf of Slurm"));
  share("/etc/slurm/slurm.conf", "one");
  share("/etc/slurm/slurm.conf", "two");
  found = examined();
  EXPECT_FALSE(says(found, Finding::Level::error, "slurm.conf of Slurm"));
  // A directory of the same name is not the same directory.
  fs::create_directories(path("chos/os/one/var/spool/slurmd"));
  share("/var/spool/slurmd", "two");
  found = examined();
  EXPECT_TRUE(says(found, Finding::Level::error, "is not to be seen in one")) << found.size();
  EXPECT_FALSE(says(found, Finding::Level::error, "two"));
}

TEST_F(BatchDoctor, MungesSocket) {
  put("n/run/munge/munge.socket.2", "");
  EXPECT_TRUE(says(examined(), Finding::Level::error, "munge's socket"));
  fs::create_hard_link(path("n/run/munge/munge.socket.2"), path("chos/run/munge/munge.socket.2"));
  EXPECT_FALSE(says(examined(), Finding::Level::error, "munge's socket")) << "run is shared";
}

TEST_F(BatchDoctor, NotEnabledIsNoMistake) {
  write("n/etc/slurm/plugstack.conf", "");
  const auto found = examined();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_TRUE(says(found, Finding::Level::info, "jobs of Slurm run in the base OS"));
  EXPECT_EQ(found[0].remedy, "if they are to run in OSs: chosctl batch enable slurm");
  fs::remove(path("n/etc/slurm/slurm.conf"));
  EXPECT_TRUE(examined().empty()) << "there is no Slurm";
}

TEST_F(BatchDoctor, AMissingPluginAndTraps) {
  fs::remove(path("n/usr/lib/x/slurm-wlm/spank_chos.so"));
  EXPECT_TRUE(says(examined(), Finding::Level::warning, "spank_chos.so is not installed"));
  put("n/etc/pam.d/slurm", "session optional pam_chos.so\n");
  write("n/etc/slurm/slurm.conf", "LaunchParameters=test_exec\nUsePAM=1\n");
  EXPECT_TRUE(says(examined(), Finding::Level::warning, "test_exec"));
  EXPECT_TRUE(says(examined(), Finding::Level::warning, "pam_chos.so"));
}

TEST_F(BatchDoctor, CommandsThatHangAreNotWaitedFor) {
  fs::create_directories(path("n/etc/condor/config.d"));
  fs::create_directories(path("bin"));
  write("bin/condor_config_val", "#!/bin/sh\nread x <'" + path("never") + "'\n");
  ASSERT_EQ(::mkfifo(path("never").c_str(), 0600), 0);
  ASSERT_EQ(::chmod(path("bin/condor_config_val").c_str(), 0755), 0);
  const std::string before = ::getenv("PATH");
  ::setenv("PATH", (path("bin") + ":" + before).c_str(), 1);
  BatchNode where;
  where.root = path("n");
  where.patience = 0.2;
  Findings out;
  examine_batch(node, list, where, out);
  ::setenv("PATH", before.c_str(), 1);
  EXPECT_TRUE(says(out, Finding::Level::info, "jobs of HTCondor run in the base OS"));
}

class OsPath : public BatchDoctor {
 protected:
  std::string to(const std::string& name) {
    const auto found = path_in_os(node.config, list.entries().at(0), name);
    if (!found) return "error " + std::to_string(found.error().code);
    return found->substr(node.config.farm.size());
  }
};

TEST_F(OsPath, LinksAreThoseOfTheOs) {
  put("chos/os/one/usr/share/x", "");
  put("chos/run/y", "");
  put("chos/os/one/run/y", "the tree's own, which nobody sees");
  for (const auto& [name, target] : std::vector<std::pair<std::string, std::string>>{
           {"absolute", "/usr/share/x"}, {"relative", "../usr/share/x"}, {"shared", "/run/y"},
           {"over", "../../../../usr/share/x"}, {"loop", "loop"}, {"gone", "/usr/none"}})
    ASSERT_EQ(::symlink(target.c_str(), path("chos/os/one/etc/" + name).c_str()), 0);
  EXPECT_EQ(to("/etc/absolute"), "/os/one/usr/share/x");
  EXPECT_EQ(to("/etc/relative"), "/os/one/usr/share/x");
  EXPECT_EQ(to("/etc/over"), "/os/one/usr/share/x");
  EXPECT_EQ(to("/etc/shared"), "/run/y");
  EXPECT_EQ(to("/run/y"), "/run/y");
  EXPECT_EQ(to("/etc/../run/./y"), "/run/y");
  EXPECT_EQ(to("/etc/loop"), "error " + std::to_string(ELOOP));
  EXPECT_EQ(to("/etc/gone"), "error " + std::to_string(ENOENT));
}

}  // namespace
}  // namespace chos::test
