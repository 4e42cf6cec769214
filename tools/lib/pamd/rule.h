// SPDX-License-Identifier: BSD-3-Clause
// The two lines that `chosctl pam enable` puts in a file of /etc/pam.d: a comment by which they are
// known again, and the rule.  Text only; nothing is read or written.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "basic/result.h"

namespace chos {

inline constexpr std::string_view pam_module_name = "pam_chos.so";

/// What the rule is to say.
struct PamWish {
  bool deny = false;                 ///< a session is refused rather than opened in the base OS
  std::vector<std::string> options;  ///< of the module, checked; on_error=deny is not among them
};

/// Checks the options of the module that the command line gave.  `deny` and the option
/// on_error=deny mean the same.  An Error names the option that is wrong and what was expected.
Result<PamWish> make_pam_wish(bool deny, const std::vector<std::string>& options);

/// The rule, without a newline.
std::string pam_rule_text(const PamWish& wish);

/// The comment and the rule, each with its newline.  After a text that does not end with a newline
/// they begin with one, and the comment says so, for disable to take it back.
std::string pam_block(const PamWish& wish, bool after_newline);

/// Whether a line, without its newline, is the comment; the second: the one that says that the
/// newline before it is ours.
bool is_pam_marker(std::string_view line);
bool is_pam_marker_with_newline(std::string_view line);

/// Empty if a service of that name can be looked at; otherwise what was expected.
std::string pam_service_problem(std::string_view service);

/// No error if logins of the service may be moved; otherwise why not.
Status pam_service_allowed(const std::string& service);

}  // namespace chos
