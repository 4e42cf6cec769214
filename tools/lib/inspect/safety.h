// SPDX-License-Identifier: BSD-3-Clause
// The safety of a tree: what others than root could change of it, what gives rights, and what shuts users
// out.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "basic/result.h"
#include "inspect/finding.h"
#include "store/file_list.h"

namespace chos {

struct Safety {
  FileList writable;  ///< others than root can change it, and it is executed, linked or read as configuration
  FileList tolerated;        ///< the same by the account of a service, as distributions have it
  FileList closed;           ///< directories on the way to programs that no user can search
  FileList privileged;       ///< setuid and setgid programs, and those with file capabilities
  FileList devices;          ///< device nodes, but for the usual ones in /dev
  std::uint64_t unread = 0;  ///< what could not be examined
};

/// How much of a tree is examined.
enum class Extent {
  whole,
  critical,  ///< programs, libraries and /etc: quick, also for a big tree (inspect/areas.h)
};

/// Called for each entry with their number; an Error ends the survey.
using SurveyProgress = std::function<Status(std::uint64_t entries)>;

/// Examines the tree at the directory `tree`, which may be O_PATH.  Opens no file and follows no link.
Result<Safety> survey(int tree, Extent extent, const SurveyProgress& progress = {});

/// How the findings of a survey are judged.
struct SafetyRules {
  bool suid = false;            ///< the OS is marked suid, so privileged programs grant their rights
  bool allow_writable = false;  ///< an administrator has accepted what others can change
  bool publishing = false;      ///< the tree is about to be published: the remedy names --allow-writable
};

/// Adds findings about a tree whose root is `root` of the base OS.
void report_safety(const Safety& safety, const SafetyRules& rules, const std::string& subject,
                   const std::string& root, Findings& out);

/// Reports a directory of the trees that no user can search, and so no user's process in an OS.
void examine_trees_directory(const std::string& trees, Findings& out);

/// Takes a quick look at the safety of the tree at `root` of the base OS, and reports it.
Safety examine_safety(const std::string& root, const SafetyRules& rules, const std::string& subject,
                      Findings& out);

}  // namespace chos
