// SPDX-License-Identifier: BSD-3-Clause
// The options of pam_chos.so, as they stand in a file of /etc/pam.d: pam_chos(8).
#pragma once

#include <chos/abi.h>
#include <sys/types.h>

#include <string>
#include <vector>

namespace chos::pam {

struct Options {
  bool deny = false;                       ///< on_error=deny: no session rather than one in the base OS
  std::string user_file = ".chos";         ///< user_file=NAME, below the home directory
  uid_t min_uid = 1000;                    ///< min_uid=N: accounts below it stay where they are
  std::vector<std::string> excluded;       ///< exclude_service=NAME[,NAME...]
  unsigned timeout = 5;                    ///< timeout=SECONDS for the home directory to answer
  std::string fallback_shell = "/bin/sh";  ///< fallback_shell=PATH, named when the user's is missing
  bool quiet = false;                      ///< quiet: say nothing to the user (the log still gets it)
  bool debug = false;                      ///< debug: the log gets what each rule said
  std::string allowlist = "/etc/chos";     ///< allowlist=FILE
  std::string proc = CHOS_MOUNT;           ///< no option: for tests

  /// Messages for the log about words that could not be understood.  These words are ignored, so that an
  /// administrator's mistake locks nobody out. (`deny` may still be set.)
  std::vector<std::string> complaints;
};

Options parse_options(const std::vector<std::string>& words);

/// Services whose session is not the user's: `slurm` opens it in slurmstepd itself.
bool is_never_moved(const std::string& service);

}  // namespace chos::pam
