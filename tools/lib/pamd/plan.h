// SPDX-License-Identifier: BSD-3-Clause
// What `chosctl pam` is to change in which file, and how the files are now.  It decides everything
// before anything is written, and reads only through the functions that it is given.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "pamd/rule.h"
#include "pamd/stack.h"

namespace chos {

/// Where the texts come from.
struct PamSource {
  std::string directory = "/etc/pam.d";                                    ///< for messages
  std::function<Result<std::string>(const std::string& service)> service;  ///< to be changed
  PamReader included;                                                      ///< to be read only
};

/// For one service: the new text of its file, or why nothing is to be done.
struct PamChange {
  std::string service;
  bool changes = false;
  std::string old_text, new_text;
  std::string base_text;    ///< without pam_chos.so at all
  std::string backup_text;  ///< what to keep as the original: without the lines of chosctl
  std::string what;         ///< in words; also if nothing changes
  std::vector<std::string> warnings;
};

/// Changes in the order in which they are to be made (a file before those that include it), and
/// the refusals.  If there is a refusal nothing is to be changed.
struct PamPlan {
  std::vector<PamChange> changes;
  std::vector<std::pair<std::string, Error>> refusals;  ///< service, why
};

/// A service whose session stack includes pam_chos.so already, as it will be after the plan, gets
/// no rule of its own.  `names`: all services of the directory, to warn of those that include a
/// file which is changed.
PamPlan plan_pam_enable(const std::vector<std::string>& services, const PamWish& wish,
                        const std::vector<std::string>& names, const PamSource& source);

PamPlan plan_pam_disable(const std::vector<std::string>& services, const PamSource& source);

struct PamState {
  enum class What { enabled, not_last, through, not_enabled, not_understood };
  std::string service;
  What what = What::not_enabled;
  std::string through;                 ///< the file that is included
  bool last = true;                    ///< nothing of the session comes after pam_chos.so
  std::vector<std::string> arguments;  ///< of the module
  bool by_hand = false;                ///< the rule is not one of chosctl's
  std::string problem;                 ///< empty if there is none

  bool present() const {  ///< pam_chos.so is in its session stack
    return what == What::enabled || what == What::not_last || what == What::through;
  }
};

PamState pam_state(const std::string& service, const PamSource& source);

}  // namespace chos
