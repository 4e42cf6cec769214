// SPDX-License-Identifier: BSD-3-Clause
// Chooses the OS for a user: the first rule that names one decides, and a trail records what each rule said.
// Pure: the caller passes all input.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "allowlist/allowlist.h"
#include "basic/result.h"
#include "session/user_file.h"

namespace chos {

enum class Source {
  option,        ///< -o NAME, or an equivalent option of a batch system
  environment,   ///< $CHOS
  user_file,     ///< ~/.chos
  site_default,  ///< `default` of the allowlist
  base,          ///< no rule named an OS
};

/// "-o", "$CHOS" ...; for messages and, in JSON, for programs.
const char* source_label(Source source);
const char* source_key(Source source);

using Order = std::vector<Source>;

/// The orders in which rules are asked.  The base OS is the result if none of them chooses.
const Order& order_of_chos();   ///< -o, $CHOS, ~/.chos, site default
const Order& order_of_login();  ///< ~/.chos, site default
const Order& order_of_job();    ///< option, $CHOS, site default
const Order& order_of_grid();   ///< ~/.chos, then the base OS: a job manager's

struct SelectionInput {
  std::optional<std::string> option;
  std::string option_label = "-o";         ///< the option's name, for messages
  std::optional<std::string> environment;  ///< empty counts as unset
  /// Called only if no rule before ~/.chos has chosen.  Empty: no home is known.
  std::function<UserFile()> user_file;
  /// The allowlist, or null if it has errors.  Then names are passed unchecked to the kernel, which has its
  /// own list, and the site default is unknown.
  const Allowlist* allowlist = nullptr;
  std::vector<gid_t> gids;  ///< of the user who is to enter
};

/// The result of one rule, for --why and the log.
struct Step {
  enum class Verdict { chosen, nothing, ignored, refused, not_asked };
  Source source;
  Verdict verdict;
  std::string text;
};
const char* verdict_key(Step::Verdict verdict);

struct Selection {
  Source source = Source::base;
  std::string requested;           ///< as it was written; "" for the base OS by default
  const OsEntry* entry = nullptr;  ///< points into the allowlist; null for base without an entry
  bool base = true;
  std::optional<Error> refusal;  ///< set: nothing may be entered
  std::vector<Step> trail;

  bool ok() const { return !refusal; }
  /// The OS's name for $CHOS and messages: the entry's, else "base", else as requested.
  std::string name() const;
  /// What to write to /proc/chos/setchos.
  std::string kernel_name() const;
};

Selection select_os(const SelectionInput& input, const Order& order);

/// The names of the OSs that a user with these gids may enter, in the order of the list, without `default`.
std::vector<std::string> enterable(const Allowlist& list, const std::vector<gid_t>& gids);

/// "you may enter: a, b and base".
std::string enterable_text(const Allowlist* list, const std::vector<gid_t>& gids);

/// "base" and "/" mean the base OS whatever the allowlist says.
bool means_base(const std::string& name);

}  // namespace chos
