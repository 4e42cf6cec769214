// SPDX-License-Identifier: BSD-3-Clause
// `chosctl batch` on a node that is a directory, with scripts for the commands of batch systems.
#pragma once

#include <filesystem>
#include <functional>
#include <map>

#include <nlohmann/json.hpp>

#include "program_fixture.h"

namespace chos::test {

class Batch : public Program {
 protected:
  void SetUp() override {
    Program::SetUp();
    if (!is_root()) GTEST_SKIP() << "needs root";
    std::filesystem::create_directories(path("bin"));
    for (const char* name : {"chos_jobstarter", "chos_sge_starter"}) program("n/usr/bin/", name, "");
    prepare_node();
  }
  /// Creates the files and commands of the batch system under test.
  virtual void prepare_node() {}
  void program(const std::string& directory, const std::string& name, const std::string& script) {
    std::filesystem::create_directories(path(directory));
    write(directory + "/" + name, "#!/bin/sh\n" + script);
    ASSERT_EQ(::chmod(path(directory + "/" + name).c_str(), 0755), 0);
  }
  void file(const std::string& name, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(path("n" + name)).parent_path());
    write("n" + name, text);
  }
  std::string text(const std::string& name) const { return read("n" + name); }
  bool exists(const std::string& name) const { return std::filesystem::exists(path("n" + name)); }

  /// Runs `chosctl batch` with `words`; `environment`: environment variables, as NAME=VALUE.
  Ran batch(const std::string& words, const std::string& environment = "") {
    return shell("PATH='" + path("bin") + "':$PATH CHOS_TEST_BATCH_ROOT='" + path("n") +
                 "' CHOS_TEST_BATCH_BACKUPS='" + path("kept") + "' CHOS_TEST_LOCKS='" + path("locks") + "' " +
                 environment + " '" CHOSCTL_TEST_PROGRAM "' batch " + words);
  }
  /// Expects success and at least one change.
  void changes(const std::string& words, const std::string& environment = "") {
    const auto ran = batch(words, environment);
    EXPECT_EQ(ran.status, 0) << words << ": " << ran.err;
    EXPECT_TRUE(ran.out.starts_with("+ ") || ran.out.find("\n+ ") != std::string::npos) << ran.out;
  }
  /// The contents of all files of the node.
  std::map<std::string, std::string> node() const {
    std::map<std::string, std::string> all;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path("n")))
      if (entry.is_regular_file()) {
        const auto name = entry.path().string();
        all[name] = read(name.substr(directory().size() + 1));
      }
    return all;
  }
  /// Expects success without any change.
  void changes_nothing(const std::string& words, const std::string& environment = "") {
    const auto before = node();
    const auto ran = batch(words, environment);
    EXPECT_EQ(ran.status, 0) << ran.err;
    EXPECT_NE(ran.out.find("nothing had to be changed"), std::string::npos) << ran.out;
    EXPECT_EQ(ran.out.find("+ "), std::string::npos) << ran.out;
    EXPECT_EQ(node(), before);
  }
  /// Expects failure with that message and a hint, and no change.
  void refused(const std::string& words, const std::string& why, const std::string& environment = "") {
    const auto before = node();
    const auto ran = batch(words, environment);
    EXPECT_NE(ran.status, 0) << words;
    EXPECT_NE(ran.err.find(why), std::string::npos) << ran.err;
    EXPECT_NE(ran.err.find("\nchosctl:   "), std::string::npos) << "no hint: " << ran.err;
    EXPECT_EQ(node(), before);
  }
  /// Enables and disables a system, each twice: the second run changes nothing, and every file is restored.
  /// `check` runs while it is enabled.
  void round_trip(const std::string& system, const std::function<void()>& check) {
    const auto before = node();
    changes("enable " + system);
    check();
    changes_nothing("enable " + system);
    EXPECT_EQ(state_of(system), "enabled");
    changes("disable " + system);
    EXPECT_EQ(node(), before);
    changes_nothing("disable " + system);
  }
  nlohmann::json state(const std::string& system, const std::string& environment = "") {
    const auto ran = batch("status --json " + system, environment);
    const auto all = nlohmann::json::parse(ran.out, nullptr, false);
    return all.is_discarded() ? nlohmann::json() : all["systems"].at(0);
  }
  std::string state_of(const std::string& system, const std::string& environment = "") {
    return state(system, environment)["state"];
  }
};

}  // namespace chos::test
