// SPDX-License-Identifier: BSD-3-Clause
// The two lines that `chosctl pam enable` adds to a file of /etc/pam.d: a comment that identifies
// them, and the rule.  Text only: nothing is read or written.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "basic/result.h"

namespace chos {

inline constexpr std::string_view pam_module_name = "pam_chos.so";

/// The contents of the rule.
struct PamRuleOptions {
  bool deny = false;                 ///< refuse a session that would otherwise be opened in the base OS
  std::vector<std::string> options;  ///< of the module, checked; without on_error=deny
};

/// Checks the options of the module from the command line.  `deny` means the same as the option
/// on_error=deny.  Error: EINVAL, with the wrong option and what was expected.
Result<PamRuleOptions> make_pam_rule_options(bool deny, const std::vector<std::string>& options);

/// The rule as a line without its newline.
std::string pam_rule_text(const PamRuleOptions& options);

/// The comment and the rule, each with its newline.  For a text that does not end with a newline they
/// begin with one, and the comment says so, so that disable can remove it.
std::string pam_block(const PamRuleOptions& options, bool after_newline);

/// Whether a line, given without its newline, is the comment.  The second function: whether it is the
/// comment which says that the newline before it was added.
bool is_pam_marker(std::string_view line);
bool is_pam_marker_with_newline(std::string_view line);

/// Empty if `service` can be the name of a service; otherwise what was expected.
std::string pam_service_problem(std::string_view service);

/// Whether chosctl may add its rule to this service.  Error: EINVAL with the reason.
Status pam_service_allowed(const std::string& service);

}  // namespace chos
