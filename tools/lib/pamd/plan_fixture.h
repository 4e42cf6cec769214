// SPDX-License-Identifier: BSD-3-Clause
// Plans of `chosctl pam` for files that are only texts in memory.
#pragma once

#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "pamd/plan.h"
#include "pamd/rule.h"

namespace chos::test {

using Texts = std::map<std::string, std::string>;

inline constexpr const char* rule_line = "-session  optional  pam_chos.so\n";

/// The files of /etc/pam.d of a Debian release, by service.
inline Texts debian(const std::string& release) {
  Texts texts;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(CHOS_PAM_DATA) + "/" + release)) {
    std::ostringstream text;
    text << std::ifstream(entry.path()).rdbuf();
    texts[entry.path().filename()] = text.str();
  }
  return texts;
}

inline PamSource source_of(const Texts& texts) {
  const auto find = [&texts](const std::string& name) -> Result<std::string> {
    const auto at = texts.find(name);
    if (at == texts.end()) return Error{name + " does not exist", "", ENOENT};
    return at->second;
  };
  return {"/pam", find, find};
}

inline PamPlan enable(const Texts& texts, const std::vector<std::string>& services,
                      const PamRuleOptions& wish = {}) {
  std::vector<std::string> names;
  for (const auto& [name, text] : texts) names.push_back(name);
  return plan_pam_enable(services, wish, names, source_of(texts));
}

/// Writes the new texts of a plan.
inline void carry_out(Texts& texts, const PamPlan& plan) {
  ASSERT_TRUE(plan.refusals.empty()) << plan.refusals.front().second.what;
  for (const auto& change : plan.changes) texts[change.service] = change.new_text;
}

inline void disable(Texts& texts, const std::vector<std::string>& services) {
  carry_out(texts, plan_pam_disable(services, source_of(texts)));
}

/// The refusal to enable the service `x` with this file; "" if it is not refused.
inline std::string refusal(const std::string& text, Texts others = {}) {
  others["x"] = text;
  const auto plan = enable(others, {"x"});
  if (plan.refusals.empty()) return {};
  EXPECT_TRUE(plan.changes.empty());
  EXPECT_FALSE(plan.refusals.front().second.remedy.empty());
  return plan.refusals.front().second.what;
}

inline bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

inline bool may_be_enabled(const std::string& service) {
  return service != "other" && !service.starts_with("common-");
}

inline constexpr const char* releases[] = {"11", "12", "13"};

}  // namespace chos::test
