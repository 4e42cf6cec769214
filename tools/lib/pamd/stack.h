// SPDX-License-Identifier: BSD-3-Clause
// A file of /etc/pam.d as Linux-PAM (and Debian's @include) reads it, and its session stack with
// everything that is included.  Text only: nothing is read or written, so all of it can be tested.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "basic/result.h"

namespace chos {

/// One rule: a line, or several that are joined by \ at their ends.
struct PamRule {
  enum class Type { any, auth, account, password, session };  ///< any: @include
  enum class Kind { module, include, substack };

  std::size_t line = 0;            ///< its first line, from 1
  std::size_t begin = 0, end = 0;  ///< its bytes in the text, the last newline too
  Type type = Type::any;
  Kind kind = Kind::module;
  std::string target;             ///< path of the module, or the file that is included
  std::vector<std::string> args;  ///< of the module
  std::vector<unsigned> jumps;    ///< [success=N]: how many rules may be skipped
  bool may_finish = false;        ///< sufficient, [...=done]: rules below may not be reached
  std::string problem;            ///< why it is not understood; empty if it is

  bool is_chos() const;  ///< a rule for pam_chos.so, whatever its type and directory
};

/// A comment of ours.
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
  bool is_marked(const PamRule& rule) const;  ///< our comment is right above it
};

/// Reads any text.  What is not understood is a rule with a problem.
PamFile parse_pam(const std::string& name, const std::string& text);

/// An Error with file and line for the first rule that is not understood.
Status check_understood(const PamFile& file);

/// The text of a file that is included, by the name that stands in the rule.
using PamReader = std::function<Result<std::string>(const std::string& name)>;

/// A rule of the session stack, in the order of execution.
struct PamEntry {
  std::string file;     ///< where it stands
  std::string through;  ///< name of the file that was included to get there; empty: the file itself
  PamRule rule;
  unsigned level = 0;  ///< how many substacks deep
};

struct PamStack {
  std::vector<PamEntry> entries;      ///< a substack rule is one, followed by what is in it
  std::vector<std::string> included;  ///< names of the files that are included, each once
};

/// The session stack of a file.  An Error if a file that is included is not there or is not
/// understood, or if they include each other without end.
Result<PamStack> session_stack(const PamFile& file, const PamReader& reader);

/// Whether a rule at the end of this stack is reached, and alone not what the session depends on.
/// An Error if it is not so; `warnings`: what may be so or not.
Status check_end_is_reached(const PamFile& file, const PamStack& stack, std::vector<std::string>& warnings);

/// A file without what chosctl wrote in it.
struct PamStripped {
  std::string text;
  bool was_marked = false;             ///< a rule of ours was there
  std::size_t adopted = 0;             ///< line of a single rule written by hand that was taken too
  std::vector<std::string> arguments;  ///< of that rule
};

/// Takes out our comments and the session rules for pam_chos.so.  One that was written by hand is
/// taken as ours if it is the only one and `adopt` is set.  An Error if there are several.
Result<PamStripped> strip_pam(const PamFile& file, bool adopt);

}  // namespace chos
