// SPDX-License-Identifier: BSD-3-Clause
// The grammar of the files of /etc/pam.d, as Linux-PAM reads them, and Debian's @include.  Text only:
// nothing is read or written.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "basic/result.h"

namespace chos {

/// A rule: one line, or several that are joined by a backslash at the end of each.
struct PamRule {
  enum class Type { any, auth, account, password, session };  ///< any: @include
  enum class Kind { module, include, substack };

  std::size_t line = 0;            ///< number of its first line, from 1
  std::size_t begin = 0, end = 0;  ///< its bytes in the text, including the last newline
  Type type = Type::any;
  Kind kind = Kind::module;
  std::string target;             ///< path of the module, or name of the included file
  std::vector<std::string> args;  ///< of the module
  std::vector<unsigned> jumps;    ///< [success=N]: numbers of rules that it may skip
  bool may_finish = false;        ///< sufficient, [...=done]: rules below may not be reached
  std::string problem;            ///< why the rule is not understood; empty if it is

  bool is_chos() const;  ///< a rule for pam_chos.so, of any type and with any directory
};

/// The comment that chosctl writes above its rule.
struct PamMarker {
  std::size_t line = 0;
  std::size_t begin = 0, end = 0;
  bool with_newline = false;  ///< see is_pam_marker_with_newline()
};

struct PamFile {
  std::string name;  ///< for messages
  std::string text;
  std::vector<PamRule> rules;
  std::vector<PamMarker> markers;

  bool ends_with_newline() const { return text.empty() || text.back() == '\n'; }
  bool is_marked(const PamRule& rule) const;  ///< chosctl's comment is directly above the rule
};

/// Parses any text.  A line that is not understood becomes a rule with a problem.
PamFile parse_pam(const std::string& name, const std::string& text);

/// Error: EINVAL with file and line of the first rule that is not understood.
Status check_understood(const PamFile& file);

}  // namespace chos
