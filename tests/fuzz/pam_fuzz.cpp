// SPDX-License-Identifier: BSD-3-Clause
// Parses any bytes as a file of /etc/pam.d, enables pam_chos.so in it and disables it again.
#include <cerrno>
#include <cstdint>
#include <string>

#include "fuzz.h"
#include "pamd/parse.h"
#include "pamd/plan.h"

namespace {

chos::PamSource source_of(const std::string& text) {
  chos::PamSource source;
  source.service = [&text](const std::string& name) -> chos::Result<std::string> {
    if (name == "sshd") return text;
    return chos::Error{"there is no " + name, "", ENOENT};
  };
  source.included = source.service;
  return source;
}

void check(const chos::PamFile& file) {
  std::size_t end = 0;
  for (const auto& rule : file.rules) {
    MUST(rule.begin >= end && rule.end > rule.begin && rule.end <= file.text.size());
    end = rule.end;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  check(chos::parse_pam("sshd", text));
  (void)chos::pam_state("sshd", source_of(text));
  const auto on = chos::plan_pam_enable({"sshd"}, {}, {"sshd"}, source_of(text));
  if (!on.refusals.empty() || on.changes.empty() || !on.changes.front().changes) return 0;
  const auto& enabled = on.changes.front().new_text;
  MUST(chos::pam_state("sshd", source_of(enabled)).present());
  const auto off = chos::plan_pam_disable({"sshd"}, source_of(enabled));
  MUST(off.refusals.empty() && off.changes.size() == 1);
  const auto& disabled = off.changes.front().new_text;
  MUST(disabled == on.changes.front().backup_text);
  // A second time changes nothing.
  const auto again = chos::plan_pam_enable({"sshd"}, {}, {"sshd"}, source_of(enabled));
  MUST(again.refusals.empty() && !again.changes.front().changes);
  return 0;
}
