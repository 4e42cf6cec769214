// SPDX-License-Identifier: BSD-3-Clause
// The command line of chos_jobstarter.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "starter/form.h"

namespace chos::starter {

struct Options {
  std::optional<std::string> os;  ///< -o
  bool user_file = false;         ///< ~/.chos counts too
  std::string pam;                ///< --pam, the service; or ""
  Form form = Form::plain;
  std::optional<std::string> argv0;  ///< instead of the job's own; only with Form::plain
  std::vector<std::string> words;    ///< the job, as the batch system hands it over
  std::vector<std::string> own;      ///< the options without --pam, to pass them on
};

/// Why the command line is rejected.
struct Complaint {
  std::string what;         ///< one line
  Form form = Form::plain;  ///< as far as it is known
};

/// Options, a complaint, or the exit status after help or the version has been printed.
std::variant<Options, Complaint, int> parse_options(const std::vector<std::string>& arguments);

}  // namespace chos::starter
