// SPDX-License-Identifier: BSD-3-Clause
// chosctl os as whoever calls it sees it: what it prints, and how it ends.
#include <sys/xattr.h>

#include <nlohmann/json.hpp>

#include "manage/os_manager_fixture.h"

namespace chos::test {
namespace {

using Json = nlohmann::json;

class OsProgram : public ChosctlProgram {
 protected:
  void SetUp() override {
    ChosctlProgram::SetUp();
    if (!IsSkipped()) errors = top + "/err";
  }
  std::string out() const { return read_text(top + "/out"); }
  std::string err() const { return read_text(errors); }
  // The one document that it prints with --json.
  Json json(Names words, int status = 0) {
    words.push_back("--json");
    EXPECT_EQ(run(words), status) << joined(words) << err();
    const auto document = Json::parse(out(), nullptr, false);
    EXPECT_FALSE(document.is_discarded()) << joined(words) << out();
    return document;
  }
  void add(const std::string& name, const std::string& mark) {
    ASSERT_EQ(run({"add", name, "tar:" + archive(mark)}), 0) << err();
  }
  void make_kernel(const std::string& processes, const std::string& usage) {
    kernel = top + "/kernel";
    set_kernel_file("processes", processes);
    set_kernel_file("usage", usage);
  }
};

TEST_F(OsProgram, ListAsJson) {
  EXPECT_EQ(json({"list"}), Json::array());
  const auto added = json({"add", "one", "tar:" + archive("one"), "--closed"});
  EXPECT_EQ(added.at("name"), "one");
  EXPECT_TRUE(added.at("digest").get<std::string>().starts_with("sha256:"));
  make_usable_tree(node.config.trees + "/mine", "mine");
  write_text(node.allowlist_file, list() + "mine:/os/mine\n");
  const std::string me = std::to_string(::getpid());
  make_kernel(me + " one\n", "1 1 one /os/one\n");
  const auto all = json({"list"});
  ASSERT_EQ(all.size(), 2U);
  const auto& one = all.at(0);
  EXPECT_EQ(one.at("name"), "one");
  EXPECT_EQ(one.at("release"), "one");
  EXPECT_EQ(one.at("state"), "closed");
  EXPECT_EQ(one.at("users"), 1);
  EXPECT_EQ(one.at("processes"), 1);
  const auto& published = one.at("published");
  EXPECT_GT(published.at("bytes"), 0);
  EXPECT_EQ(published.at("source"), "tar:" + archive("one"));
  EXPECT_EQ(published.at("digest"), added.at("digest"));
  EXPECT_EQ(all.at(1).at("published"), nullptr);
  EXPECT_EQ(all.at(1).at("processes"), 0);
  // Without the module nobody knows.
  kernel = top + "/no-kernel";
  EXPECT_EQ(json({"list"}).at(0).at("processes"), nullptr);
}

TEST_F(OsProgram, AddSaysThatTheNodeIsNotUp) {
  add("one", "one");
  EXPECT_NE(err().find("nobody can enter an OS yet; run: chosctl up"), std::string::npos) << err();
  EXPECT_EQ(out().find("chosctl up"), std::string::npos) << out();
  json({"add", "two", "tar:" + archive("two")});
  EXPECT_NE(err().find("nobody can enter an OS yet; run: chosctl up"), std::string::npos) << err();
  // A failure is said alone.
  EXPECT_EQ(run({"add", "two", "tar:" + archive("two")}), 1);
  EXPECT_EQ(err().find("chosctl up"), std::string::npos) << err();
}

TEST_F(OsProgram, EachCommandPrintsOneJsonDocument) {
  add("os", "one");
  const auto changes = [&](const Names& words, bool changed) {
    const auto said = json(words);
    EXPECT_EQ(said, (Json{{"name", words.at(1)}, {"changed", changed}})) << joined(words);
  };
  changes({"close", "os"}, true);
  changes({"close", "os"}, false);
  changes({"open", "os"}, true);
  changes({"default", "os"}, true);
  changes({"default", "base"}, true);
  EXPECT_EQ(json({"show", "os"}).at("name"), "os");
  EXPECT_EQ(json({"replace", "os", "tar:" + archive("two")}).at("generation"), 2);
  EXPECT_EQ(json({"rollback", "os"}).at("generation"), 1);
  EXPECT_EQ(json({"verify"}), (Json{{{"name", "os"}, {"differences", Json::array()}}}));
  EXPECT_EQ(json({"base", "os", "cat"}), (Json{{"name", "os"}, {"commands", {"cat"}}}));
  EXPECT_EQ(json({"base", "os"}), (Json{{"name", "os"}, {"commands", {"cat"}}}));
  EXPECT_EQ(json({"base", "os", "cat", "--remove"}), (Json{{"name", "os"}, {"commands", Json::array()}}));
  const std::string image = top + "/os.squashfs";
  if (::access("/usr/bin/mksquashfs", X_OK) == 0) {
    EXPECT_EQ(json({"pack", "os", image}), (Json{{"name", "os"}, {"file", image}}));
  }
  changes({"remove", "os"}, true);
}

TEST_F(OsProgram, RemoveAsJsonSaysWhoIsInside) {
  add("os", "one");
  const int me = ::getpid();
  make_kernel(std::to_string(me) + " os\n", "1 1 os /os/os\n");
  const auto refused = json({"remove", "os"}, 1);
  EXPECT_EQ(refused.at("name"), "os");
  EXPECT_EQ(refused.at("changed"), false);
  ASSERT_EQ(refused.at("processes").size(), 1U) << refused;
  EXPECT_EQ(refused.at("processes").at(0).at("pid"), me);
  EXPECT_EQ(refused.at("processes").at(0).at("uid"), 0);
  EXPECT_NE(err().find("processes are in 'os'"), std::string::npos) << err();
  // For people it is a table.
  EXPECT_EQ(run({"remove", "os"}), 1);
  EXPECT_NE(out().find("PID"), std::string::npos) << out();
  EXPECT_EQ(trees(), Names{"os"});
}

TEST_F(OsProgram, PackRemovesOnlyItsOwn) {
  if (::access("/usr/bin/mksquashfs", X_OK) != 0) GTEST_SKIP() << "needs mksquashfs";
  add("os", "one");
  const std::string image = top + "/image/os";
  make_directories(top + "/image");
  for (const char* other : {".log", ".part"}) write_text(image + other, "precious");
  EXPECT_EQ(run({"pack", "os", image}), 0) << err();
  for (const char* other : {".log", ".part"}) EXPECT_EQ(read_text(image + other), "precious") << other;
  EXPECT_EQ(std::distance(fs::directory_iterator(top + "/image"), {}), 3);
  // A failure leaves its log only.
  EXPECT_EQ(run({"pack", "os", top + "/image/no/such/directory"}), 1);
  EXPECT_EQ(run({"pack", "os", image}), 1);
  EXPECT_EQ(std::distance(fs::directory_iterator(top + "/image"), {}), 3);
}

TEST_F(OsProgram, ALinkInThePlaceOfAFileStays) {
  add("os", "one");
  make_directories(top + "/etc");
  const std::string list = node.allowlist_file, conf = top + "/chos.conf";
  for (const auto& file : {list, conf}) {
    fs::rename(file, top + "/etc/" + fs::path(file).filename().string());
    fs::create_symlink("etc/" + fs::path(file).filename().string(), file);
  }
  EXPECT_EQ(run({"close", "os"}), 0) << err();
  EXPECT_EQ(run({"base", "os", "cat"}), 0) << err();
  for (const auto& file : {list, conf}) {
    EXPECT_TRUE(fs::is_symlink(file)) << file;
    EXPECT_FALSE(fs::is_symlink(top + "/etc/" + fs::path(file).filename().string())) << file;
  }
  EXPECT_NE(read_text(list).find(":closed"), std::string::npos);
  EXPECT_NE(read_text(conf).find("cat"), std::string::npos);
}

TEST_F(OsProgram, AFullDiskIsAFailure) {
  add("os", "one");
  ASSERT_EQ(::unlink((top + "/out").c_str()), 0);
  ASSERT_EQ(::symlink("/dev/full", (top + "/out").c_str()), 0);
  EXPECT_EQ(run({"list"}), 1);
  EXPECT_NE(err().find("cannot write to standard output"), std::string::npos) << err();
}

TEST_F(OsProgram, VerifyNamesWhatDiffers) {
  add("os", "one");
  add("other", "two");
  const std::string file = node.config.trees + "/os/etc/os-release";
  const std::string before = read_text(file);
  const auto written = fs::last_write_time(file);
  // As long as it was, and of the same time.
  write_text(file, "PRETTY_NAME=\"eno\"\n");
  fs::last_write_time(file, written);
  EXPECT_EQ(run({"verify"}), 1);
  EXPECT_EQ(out(), "os: 1 difference\n  /etc/os-release: content\nother: as it was published\n");
  EXPECT_EQ(json({"verify", "os"}, 1),
            (Json{{{"name", "os"}, {"differences", {"/etc/os-release: content"}}}}));
  write_text(file, before);
  EXPECT_EQ(run({"verify"}), 0) << out();
}

TEST_F(OsProgram, ShowListsWhatGivesRightsInATreeMadeByHand) {
  const std::string tree = node.config.trees + "/mine";
  make_usable_tree(tree, "mine");
  write_text(tree + "/usr/bin/su", "x", 04755);
  write_text(tree + "/usr/bin/wall", "x", 02755);
  write_text(tree + "/usr/bin/lock", "x", 02644);  // no program
  write_text(tree + "/usr/bin/plain", "x", 0755);
  write_text(tree + "/usr/bin/ping", "x", 0755);
  // cap_net_raw=ep
  const unsigned char raw[] = {1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  ASSERT_EQ(::setxattr((tree + "/usr/bin/ping").c_str(), "security.capability", raw, sizeof raw, 0), 0);
  write_text(node.allowlist_file, "mine:/os/mine\n");
  ASSERT_EQ(run({"show", "mine"}), 0) << err();
  EXPECT_NE(out().find("would give rights if the OS were marked suid:\n  /usr/bin/ping (capabilities)\n"
                       "  /usr/bin/su (setuid)\n  /usr/bin/wall (setgid)\n"),
            std::string::npos)
      << out();
  const Json wanted{{{"path", "/usr/bin/ping"}, {"rights", "capabilities"}},
                    {{"path", "/usr/bin/su"}, {"rights", "setuid"}},
                    {{"path", "/usr/bin/wall"}, {"rights", "setgid"}}};
  EXPECT_EQ(json({"show", "mine"}).at("privileged"), wanted);
  // One that chosctl has made says the same of what it was when it was published.
  ASSERT_EQ(
      std::system(("tar --xattrs --xattrs-include=* -C " + tree + " -cf " + archive("mine") + " .").c_str()),
      0);
  add("os", "mine");
  EXPECT_EQ(json({"show", "os"}).at("privileged"), wanted);
}

TEST_F(OsProgram, ASourceThatDoesNotParse) {
  for (const auto& [source, problem] : std::vector<std::pair<std::string, std::string>>{
           {"floppy:a", "it begins with no known kind and a colon"},
           {"trixie", "it begins with no known kind and a colon"},
           {"tar:", "nothing follows the colon"},
           {"debian:-x", "it names no suite"},
           {"debian:trixie/", "it names no architecture after the '/'"},
           {"rpm:" + top + "/chos.conf#a,-b", "it names no package with '-b'"}}) {
    EXPECT_EQ(run({"add", "x", source}), 1) << source;
    EXPECT_NE(err().find("the source '" + source + "': " + problem), std::string::npos) << err();
    EXPECT_NE(err().find("expected debian:SUITE[/ARCH], rpm:REPOFILE"), std::string::npos) << err();
    EXPECT_EQ(out(), "");
  }
  // So do the others that are none; 2 is for what is no command line.
  EXPECT_EQ(run({"add", "a b", "tar:" + archive("one")}), 1);
  EXPECT_EQ(run({"add", "x", "tar:" + archive("one"), "--max-size", "k"}), 1);
  EXPECT_EQ(run({"add", "x"}), 2);
  EXPECT_EQ(list(), "# ours\n");
  EXPECT_EQ(trees(), Names{});
  expect_tidy();
}

TEST_F(OsProgram, ReplaceWithoutASourceMakesTheTreeAnewAsItWasMade) {
  ASSERT_EQ(run({"add", "os", "tar:" + archive("one"), "--max-size", "1G", "--drop-devices"}), 0) << err();
  const Json options{"--drop-devices", "--max-size=1073741824"};
  EXPECT_EQ(json({"show", "os"}).at("published").at("options"), options);
  fs::copy_file(archive("two"), archive("one"), fs::copy_options::overwrite_existing);
  const auto anew = json({"replace", "os"});
  EXPECT_EQ(anew.at("generation"), 2);
  EXPECT_EQ(anew.at("options"), options);
  EXPECT_EQ(read_text(node.config.trees + "/os~2/etc/os-release"), "PRETTY_NAME=\"two\"\n");
  // With one the options are those that are given.
  const auto given = json({"replace", "os", "tar:" + archive("one")});
  EXPECT_EQ(given.at("options"), Json::array());
  EXPECT_NE(err().find("was made with --drop-devices --max-size=1073741824"), std::string::npos) << err();
  EXPECT_EQ(run({"replace", "os", "--max-size", "1G"}), 2);
  // Of what chosctl did not make nothing is known.
  make_usable_tree(node.config.trees + "/mine", "mine");
  write_text(node.allowlist_file, list() + "mine:/os/mine\n");
  EXPECT_EQ(run({"replace", "mine"}), 1);
  EXPECT_NE(err().find("chosctl os replace mine SOURCE"), std::string::npos) << err();
}

TEST_F(OsProgram, AListInTheWorkingDirectory) {
  const auto before = fs::current_path();
  const auto slash = node.allowlist_file.rfind('/');
  fs::current_path(node.allowlist_file.substr(0, slash));
  node.allowlist_file.erase(0, slash + 1);
  EXPECT_EQ(run({"add", "os", "tar:" + archive("one")}), 0) << err();
  EXPECT_EQ(list(), "# ours\nos:/os/os\n");
  fs::current_path(before);
}

TEST_F(OsProgram, WhatIsRemovedLeavesNothingInTheConfiguration) {
  const std::string before = read_text(top + "/chos.conf");
  add("os", "one");
  ASSERT_EQ(run({"base", "os", "cat"}), 0) << err();
  ASSERT_EQ(run({"remove", "os"}), 0) << err();
  EXPECT_EQ(read_text(top + "/chos.conf"), before + "\n[base.os]\n");
  // Also what somebody has left there by taking the line out by hand.
  write_text(top + "/chos.conf", before + "\n[base.os]\n\"gone\" = [\"cat\"]\n");
  EXPECT_EQ(run({"base", "gone", "cat"}), 1);
  EXPECT_EQ(run({"base", "--remove", "gone", "cat"}), 0) << err();
  EXPECT_EQ(read_text(top + "/chos.conf"), before + "\n[base.os]\n");
}

TEST_F(ChosctlProgram, OsBaseWaitsForOneThatWritesTheConfiguration) {
  ASSERT_EQ(run({"add", "x", "tar:" + archive("one")}), 0) << read_text(top + "/out");
  const std::string file = top + "/chos.conf", before = read_text(file);
  auto lock = store().lock_list();
  ASSERT_TRUE(lock);
  const pid_t child = start({"base", "x", "cat"});
  // It has read the file when it waits for the lock, which this process has.
  const std::string waits = "/proc/" + std::to_string(child) + "/wchan";
  for (int i = 0; i < 100 && read_text(waits).find("lock") == std::string::npos; ++i) ::usleep(20000);
  EXPECT_EQ(read_text(file), before);
  write_text(file, before + "\n[base.os]\n\"x\" = [\"ls\"]\n");
  lock->reset();
  EXPECT_EQ(finish(child), 0) << read_text(top + "/out");
  EXPECT_EQ(read_text(file), before + "\n[base.os]\n\"x\" = [\"ls\", \"cat\"]\n");
  ASSERT_EQ(run({"base", "--remove", "x", "ls"}), 0) << read_text(top + "/out");
  EXPECT_EQ(read_text(file), before + "\n[base.os]\n\"x\" = [\"cat\"]\n");
}

}  // namespace
}  // namespace chos::test
