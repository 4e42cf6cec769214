// SPDX-License-Identifier: BSD-3-Clause
// Decides what `chosctl pam` changes in which file, and reports the present state.  Everything is decided
// before anything is written; files are read only through the functions of PamSource.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "pamd/rule.h"
#include "pamd/stack.h"

namespace chos {

/// The source of the texts.
struct PamSource {
  std::string directory = "/etc/pam.d";                                    ///< for messages
  std::function<Result<std::string>(const std::string& service)> service;  ///< a file that may be changed
  PamReader included;                                                      ///< a file that is only read
};

/// The change to the file of one service, or the reason why nothing is to be done.
struct PamChange {
  std::string service;
  bool changes = false;
  std::string old_text, new_text;
  std::string base_text;    ///< without any rule for pam_chos.so
  std::string backup_text;  ///< the original to keep: without the lines from chosctl
  std::string what;         ///< description, also if nothing changes
  std::vector<std::string> warnings;
};

/// The changes in the order in which they must be made (a file before those that include it), and the
/// refusals.  If there is any refusal, nothing must be changed.
struct PamPlan {
  std::vector<PamChange> changes;
  std::vector<std::pair<std::string, Error>> refusals;  ///< service and reason
};

/// A service gets no rule of its own if its session stack includes pam_chos.so once the plan is carried
/// out.  `names`: all services of the directory; warns of those that include a changed file.
PamPlan plan_pam_enable(const std::vector<std::string>& services, const PamRuleOptions& options,
                        const std::vector<std::string>& names, const PamSource& source);

PamPlan plan_pam_disable(const std::vector<std::string>& services, const PamSource& source);

struct PamState {
  enum class What { enabled, not_last, through, not_enabled, not_understood };
  std::string service;
  What what = What::not_enabled;
  std::string through;                 ///< the included file that has the rule
  bool last = true;                    ///< no session rule comes after pam_chos.so
  std::vector<std::string> arguments;  ///< of the module
  bool by_hand = false;                ///< the rule does not come from chosctl
  std::string problem;                 ///< empty if there is none

  bool present() const {  ///< pam_chos.so is in its session stack
    return what == What::enabled || what == What::not_last || what == What::through;
  }
};

PamState pam_state(const std::string& service, const PamSource& source);

}  // namespace chos
