// SPDX-License-Identifier: BSD-3-Clause
// Which OS somebody gets: the first rule of an order that says something, and the trail of what
// each rule said.  Pure: what it needs is handed in.
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
  option,        ///< an explicit -o NAME, or the like of a batch system
  environment,   ///< $CHOS
  user_file,     ///< ~/.chos
  site_default,  ///< `default` of the allowlist
  base,          ///< nothing said anything
};

/// "-o", "$CHOS" ...; for messages and, in JSON, for programs.
const char* source_label(Source source);
const char* source_key(Source source);

using Order = std::vector<Source>;

/// DESIGN: who chooses, in what order.  Each ends in the base OS.
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
  /// The allowlist, or null when it has errors.  Then a name is handed on as it is for the
  /// kernel, which has its own list, to judge; a site default cannot be known.
  const Allowlist* allowlist = nullptr;
  std::vector<gid_t> gids;  ///< of whoever is to enter
};

/// What a rule said, for --why and the log.
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
  /// The OS's name for $CHOS and people: the entry's, else "base", else as requested.
  std::string name() const;
  /// What to write to /proc/chos/setchos.
  std::string kernel_name() const;
};

Selection select_os(const SelectionInput& input, const Order& order);

/// The names of the OSs that somebody of these gids may enter, in the list's order, without
/// `default`.
std::vector<std::string> enterable(const Allowlist& list, const std::vector<gid_t>& gids);

/// "you may enter: a, b and base".
std::string enterable_text(const Allowlist* list, const std::vector<gid_t>& gids);

/// "base" and "/" mean the base OS whatever the allowlist says.
bool means_base(const std::string& name);

}  // namespace chos
