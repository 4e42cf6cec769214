// SPDX-License-Identifier: BSD-3-Clause
// What chosctl asks of mmdebstrap and dnf, and what it makes of their answers: programs stand for them.
#include "basic/text.h"
#include "manage/os_manager_fixture.h"

namespace chos::test {
namespace {

class Builders : public OsManagerTest {
 protected:
  BuildOptions options;

  void SetUp() override {
    OsManagerTest::SetUp();
    if (IsSkipped()) return;
    make_directories(top + "/programs");
    path_ = std::getenv("PATH");
    ::setenv("PATH", (top + "/programs:" + path_).c_str(), 1);
  }
  void TearDown() override {
    if (!path_.empty()) ::setenv("PATH", path_.c_str(), 1);
    OsManagerTest::TearDown();
  }
  // Of bash; its words are in TOP/asked.
  void program(const std::string& name, const std::string& text) {
    write_text(top + "/programs/" + name,
               "#!/bin/bash\nprintf '%s\\n' \"$@\" > " + top + "/asked\n" + text + "\n", 0755);
  }
  // What makes a tree, in such a text.
  std::string make_tree(const std::string& directory) const {
    return "mkdir -p " + directory + "; exec cp -a " + top + "/source/one/. " + directory;
  }
  // An archive of these suites; its address.
  std::string archive_of(const std::string& name, const Names& suites) {
    for (const auto& suite : suites) {
      make_directories(top + "/" + name + "/dists/" + suite);
      write_text(top + "/" + name + "/dists/" + suite + "/Release", "Suite: " + suite + "\n");
    }
    return "file:" + top + "/" + name;
  }
  std::string asked() const { return read_text(top + "/asked"); }
  Result<TreeRecord> add_from(const std::string& text) {
    const auto source = parse_source(text);
    EXPECT_TRUE(source);
    return keep([&](OsManager& k) { return k.add("os", *source, options, ""); });
  }
  Error refused(const std::string& text) {
    const auto added = add_from(text);
    EXPECT_FALSE(added);
    EXPECT_EQ(trees(), Names{});
    EXPECT_EQ(list(), "# ours\n");
    expect_tidy();
    return added ? Error{} : added.error();
  }
  static bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  }

 private:
  std::string path_;
};

// What is said when a suite's Release file is too old is apt's.
TEST_F(Builders, AnExpiredSuiteIsTakenOnlyIfAskedFor) {
  // The tree's directory is the last word but one.
  program("mmdebstrap", "case \"$*\" in *Check-Valid-Until*false*) " + make_tree("\"${*: -2:1}\"") +
                            " ;; esac\n"
                            "echo 'E: Release file for http://deb/InRelease is expired (invalid since "
                            "9d)'\nexit 25");
  options.mirrors = {archive_of("debian", {"bullseye"})};
  const auto error = refused("debian:bullseye");
  EXPECT_TRUE(has(error.all(), "is expired")) << error.all();
  EXPECT_TRUE(has(error.remedy, "--allow-expired"));
  options.expired_ok = true;
  const auto taken = add_from("debian:bullseye");
  EXPECT_TRUE(taken) << taken.error().what;
  EXPECT_EQ(list(), "# ours\nos:/os/os\n");
  expect_tidy();
}

TEST_F(Builders, TheLogIsText) {
  program("mmdebstrap", "printf 'a\\tb\\033]0;t\\007\\nc\\r\\303\\244\\342\\200\\256'; exit 25");
  options.mirrors = {archive_of("debian", {"bullseye"})};
  refused("debian:bullseye");
  const auto log = read_text(store().log("os"));
  EXPECT_TRUE(log.ends_with("a\tb\\x1b]0;t\\x07\nc\n\303\244\\xe2\\x80\\xae\n")) << log;
}

// What apt and dnf say of a server that accepts and answers nothing.
TEST_F(Builders, ARepositoryThatDoesNotAnswerIsNamedSoon) {
  program("mmdebstrap",
          "echo 'E: Failed to fetch http://mirror.test/debian/dists/trixie/InRelease"
          "  Connection failed [IP: 192.0.2.1 80]'\nexit 100");
  program("dnf", "for a; do case $a in --config=*) cp \"${a#*=}\" " + top +
                     "/asked;; esac; done\n"
                     "echo 'Error: Failed to download metadata for repo x: Curl error (28): Timeout was "
                     "reached for http://mirror.test/r/repodata/repomd.xml'\nexit 1");
  write_text(top + "/x.repo", "[x]\nname=x\ngpgkey=file:///key\nbaseurl=http://mirror.test/r\n");
  options.mirrors = {archive_of("debian", {"trixie"})};
  const auto debian = refused("debian:trixie");
  EXPECT_TRUE(has(debian.remedy, options.mirrors.front() + " does not answer")) << debian.remedy;
  EXPECT_TRUE(has(asked(), "--aptopt=Acquire::http::Timeout \"15\"\n")) << asked();
  EXPECT_TRUE(has(asked(), "--aptopt=Acquire::Retries \"1\"\n")) << asked();
  options = {};
  const auto rpm = refused("rpm:" + top + "/x.repo");
  EXPECT_TRUE(has(rpm.remedy, "http://mirror.test/r does not answer")) << rpm.remedy;
  EXPECT_TRUE(has(asked(), "\ntimeout=15\nretries=1\n")) << asked();
}

TEST_F(Builders, UnsignedPackagesAreTakenOnlyIfAskedFor) {
  const std::string make = "for a; do case $a in --config=*) cp \"${a#*=}\" " + top +
                           "/config;; --installroot=*) tree=${a#*=};; esac; done; ";
  program("dnf", make + make_tree("$tree"));
  for (const char* line : {"", "gpgcheck=1\n", "gpgcheck = True\n"}) {
    write_text(top + "/x.repo",
               std::string("[x]\nname=x\ngpgkey=file:///key\nbaseurl=http://mirror.test/r\n") + line);
    const auto added = add_from("rpm:" + top + "/x.repo");
    ASSERT_TRUE(added) << added.error().what;
    EXPECT_TRUE(has(asked(), "\n--setopt=*.gpgcheck=1\n")) << asked();
    EXPECT_TRUE(has(read_text(top + "/config"), "\ngpgcheck=1\nlocalpkg_gpgcheck=1\n"));
    ASSERT_TRUE(remove("os"));
  }
  for (const char* line : {"gpgcheck=0\n", "gpgcheck = False\n", "gpgcheck=\tno\n", "pkg_gpgcheck=off\n"}) {
    write_text(top + "/x.repo",
               std::string("[x]\nname=x\ngpgkey=file:///key\nbaseurl=http://mirror.test/r\n") + line);
    options.unsigned_ok = false;
    const auto error = refused("rpm:" + top + "/x.repo");
    EXPECT_TRUE(has(error.what, "gpgcheck=")) << error.what;
    EXPECT_TRUE(has(error.remedy, "--no-signatures")) << error.remedy;
    options.unsigned_ok = true;
    const auto added = add_from("rpm:" + top + "/x.repo");
    ASSERT_TRUE(added) << added.error().what;
    EXPECT_TRUE(has(asked(), "\n--nogpgcheck\n")) << asked();
    ASSERT_TRUE(remove("os"));
  }
}

TEST_F(Builders, ARepositoryWithoutAKey) {
  write_text(top + "/x.repo", "[x]\nname=x\nbaseurl=http://mirror.test/r\n");
  program("dnf", "exit 0");
  const auto error = refused("rpm:" + top + "/x.repo");
  EXPECT_TRUE(has(error.what, "names no key by gpgkey=")) << error.what;
  EXPECT_TRUE(has(error.remedy, "--no-signatures")) << error.remedy;
  EXPECT_FALSE(exists(top + "/asked"));
}

// The database that Debian's rpm puts elsewhere is moved, and not into the node.
TEST_F(Builders, ThePackagesLinksLeadNowhere) {
  make_directories(top + "/outside/lib/rpm");
  make_directories(top + "/outside/.rpmdb");
  write_text(top + "/outside/lib/rpm/kept", "x");
  write_text(top + "/x.repo", "[x]\nname=x\ngpgkey=file:///key\nbaseurl=http://mirror.test/r\n");
  const std::string tree = "for a; do case $a in --installroot=*) tree=${a#*=};; esac; done; cp -a " + top +
                           "/source/one/. $tree; ";
  program("dnf", tree + "mkdir -p $tree/root/.rpmdb; ln -s " + top + "/outside $tree/var");
  (void)add_from("rpm:" + top + "/x.repo");
  EXPECT_EQ(read_text(top + "/outside/lib/rpm/kept"), "x");
  // A tree with such a link is refused otherwise.
  options.allow_writable = true;
  program("dnf", tree + "ln -s " + top + "/outside $tree/root");
  const auto added = add_from("rpm:" + top + "/x.repo");
  EXPECT_TRUE(exists(top + "/outside/.rpmdb"));
  EXPECT_TRUE(added) << added.error().what;
}

TEST_F(Builders, AMirrorThatIsNotWhole) {
  program("mmdebstrap",
          "echo 'E: Failed to fetch http://deb/Packages.xz  File has unexpected size (1 != 2)."
          " Mirror sync in progress?'\nexit 25");
  options.mirrors = {archive_of("debian", {"trixie"})};
  const auto error = refused("debian:trixie");
  EXPECT_TRUE(error.remedy.starts_with("a mirror is incomplete")) << error.remedy;
}

class DebianSource : public Builders {
 protected:
  void SetUp() override {
    Builders::SetUp();
    if (IsSkipped()) return;
    program("mmdebstrap", "for a; do case $a in */root) " + make_tree("\"$a\"") + " ;; esac; done");
  }
  // The lines of its sources, in their order.
  std::string sources() const {
    std::string out;
    const auto text = asked();
    for (const auto line : split(text, '\n'))
      if (line.starts_with("deb ")) out += std::string(line) + "\n";
    return out;
  }
};

TEST_F(DebianSource, HasTheUpdatesAndTheSecurityUpdatesOfItsSuite) {
  const auto main = archive_of("debian", {"trixie", "trixie-updates", "sid"});
  const auto security = archive_of("security", {"trixie-security", "bookworm-security"});
  options.mirrors = {main, security};
  const auto added = add_from("debian:trixie");
  ASSERT_TRUE(added) << added.error().what;
  EXPECT_EQ(sources(), "deb " + main + " trixie main\ndeb " + main + " trixie-updates main\n" + "deb " +
                           security + " trixie-security main\n");
  // One archive may have all.
  archive_of("debian", {"trixie-security"});
  ASSERT_TRUE(remove("os"));
  ASSERT_TRUE(add_from("debian:trixie"));
  EXPECT_TRUE(has(sources(), "deb " + main + " trixie-security main\n")) << sources();
  EXPECT_FALSE(has(sources(), security)) << sources();
}

TEST_F(DebianSource, ASuiteWithoutUpdatesAndAnOldOne) {
  const auto main = archive_of("debian", {"sid", "buster"});
  const auto security = archive_of("security", {"buster/updates"});
  options.mirrors = {main, security};
  ASSERT_TRUE(add_from("debian:sid"));
  EXPECT_EQ(sources(), "deb " + main + " sid main\n");
  ASSERT_TRUE(remove("os"));
  ASSERT_TRUE(add_from("debian:buster"));
  EXPECT_EQ(sources(), "deb " + main + " buster main\ndeb " + security + " buster/updates main\n");
}

// Else the tree would lack the security updates, and nobody would know.
TEST_F(DebianSource, AnArchiveThatDoesNotAnswerIsNoArchiveWithoutUpdates) {
  const std::string mute = "http://127.0.0.1:1/security";
  options.mirrors = {archive_of("debian", {"trixie"}), mute};
  const auto error = refused("debian:trixie");
  EXPECT_TRUE(has(error.what, "trixie-updates")) << error.what;
  EXPECT_TRUE(has(error.remedy, mute + " does not answer")) << error.remedy;
  EXPECT_TRUE(has(error.remedy, "--mirror")) << error.remedy;
  EXPECT_FALSE(exists(top + "/asked"));
}

TEST_F(DebianSource, ASuiteThatIsNotThereIsNamedBeforeAnythingIsMade) {
  options.mirrors = {archive_of("debian", {"sid"})};
  const auto error = refused("debian:triksie");
  EXPECT_EQ(error.what, options.mirrors.front() + " has no suite 'triksie'");
  EXPECT_TRUE(has(error.remedy, "--mirror")) << error.remedy;
  EXPECT_FALSE(exists(top + "/asked"));
}

TEST_F(DebianSource, KnowsHowItWasMade) {
  options.mirrors = {archive_of("debian", {"trixie"})};
  options.include = {"gcc", "make"};
  options.variant = "minbase";
  ASSERT_TRUE(add_from("debian:trixie"));
  const auto recipe = keep([](OsManager& k) { return k.recipe("os"); });
  ASSERT_TRUE(recipe) << recipe.error().what;
  EXPECT_EQ(recipe->source.text, "debian:trixie");
  EXPECT_EQ(recipe->options, options);
  EXPECT_EQ(words_of(recipe->options),
            (Names{"--include=gcc,make", "--variant=minbase", "--mirror=" + options.mirrors.front()}));
}

// What a package installs is examined like what an archive has.
TEST_F(DebianSource, ItsTreeIsExaminedToo) {
  write_text(top + "/source/one/bin/tool", "x", 0757);
  options.mirrors = {archive_of("debian", {"trixie"})};
  EXPECT_TRUE(has(refused("debian:trixie").what, ": /bin/tool (everybody)"));
  program("dnf", "for a; do case $a in --installroot=*) " + make_tree("\"${a#*=}\"") + " ;; esac; done");
  write_text(top + "/x.repo", "[x]\nname=x\ngpgkey=file:///key\nbaseurl=http://mirror.test/r\n");
  options = {};
  EXPECT_TRUE(has(refused("rpm:" + top + "/x.repo").what, ": /bin/tool (everybody)"));
}

// dnf would take the release of this node for that of the tree.
TEST_F(Builders, ARepositoryThatLeavesItsReleaseOpen) {
  program("dnf", "for a; do case $a in --installroot=*) " + make_tree("\"${a#*=}\"") + " ;; esac; done");
  write_text(top + "/x.repo",
             "[x]\nname=x\ngpgkey=file:///key\nbaseurl=http://mirror.test/${releasever}/r\n");
  const auto open = refused("rpm:" + top + "/x.repo");
  EXPECT_TRUE(has(open.what, "${releasever}")) << open.what;
  EXPECT_TRUE(has(open.remedy, "--releasever")) << open.remedy;
  EXPECT_FALSE(exists(top + "/asked"));
  options.releasever = "$releasever";
  refused("rpm:" + top + "/x.repo");
  options.releasever = "9";
  const auto named = add_from("rpm:" + top + "/x.repo");
  EXPECT_TRUE(named) << named.error().what;
  EXPECT_TRUE(has(asked(), "--releasever=9\n")) << asked();
}

}  // namespace
}  // namespace chos::test
