// SPDX-License-Identifier: BSD-3-Clause
// chosctl batch, on a node that is a directory, with commands of batch systems that are scripts.
#pragma once

#include <filesystem>
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
  }
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
  bool there(const std::string& name) const { return std::filesystem::exists(path("n" + name)); }

  Ran batch(const std::string& words, const std::string& before = "") {
    return shell("PATH='" + path("bin") + "':$PATH " + before + " '" CHOSCTL_PROGRAM "' batch --root '" +
                 path("n") + "' --backups '" + path("kept") + "' " + words);
  }
  void done(const std::string& words, const std::string& before = "") {
    const auto ran = batch(words, before);
    EXPECT_EQ(ran.status, 0) << words << ": " << ran.err;
    EXPECT_EQ(ran.out.rfind("+ ", 0) == 0 || ran.out.find("\n+ ") != std::string::npos, true) << ran.out;
  }
  // All files of the node, to the byte.
  std::map<std::string, std::string> node() const {
    std::map<std::string, std::string> all;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path("n")))
      if (entry.is_regular_file()) {
        const auto name = entry.path().string();
        all[name] = read(name.substr(directory().size() + 1));
      }
    return all;
  }
  void nothing(const std::string& words, const std::string& before = "") {
    const auto then = node();
    const auto ran = batch(words, before);
    EXPECT_EQ(ran.status, 0) << ran.err;
    EXPECT_NE(ran.out.find("nothing was to be changed"), std::string::npos) << ran.out;
    EXPECT_EQ(ran.out.find("+ "), std::string::npos) << ran.out;
    EXPECT_EQ(node(), then);
  }
  void refused(const std::string& words, const std::string& why, const std::string& before = "") {
    const auto then = node();
    const auto ran = batch(words, before);
    EXPECT_NE(ran.status, 0) << words;
    EXPECT_NE(ran.err.find(why), std::string::npos) << ran.err;
    EXPECT_NE(ran.err.find("\nchosctl:   "), std::string::npos) << "says what to do: " << ran.err;
    EXPECT_EQ(node(), then);
  }
  nlohmann::json state(const std::string& system, const std::string& before = "") {
    const auto ran = batch("status --json " + system, before);
    const auto all = nlohmann::json::parse(ran.out, nullptr, false);
    return all.is_discarded() ? nlohmann::json() : all["systems"].at(0);
  }
  std::string state_of(const std::string& system, const std::string& before = "") {
    return state(system, before)["state"];
  }
};

}  // namespace chos::test
