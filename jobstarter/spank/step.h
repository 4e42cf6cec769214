// SPDX-License-Identifier: BSD-3-Clause
// The logic of spank_chos at each of Slurm's calls.  Uses nothing of Slurm's API.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "basic/result.h"
#include "session/paths.h"

namespace chos::spank {

/// The submitter's choice goes along in this variable of the job, as "option:NAME" or
/// "environment:NAME": Slurm takes variables that begin with SLURM_ to the job even with
/// --export=NONE, where it drops $CHOS, and of sbatch also the option.
inline constexpr const char* carrier = "SLURM_CHOS";

/// What was asked for, by whom; empty: nothing.
struct Asked {
  std::optional<std::string> option;       ///< --chos=NAME
  std::string variable;                    ///< $CHOS: of the submitter, or of the job
  std::string carried;                     ///< the value of `carrier`
  std::optional<std::string> before = {};  ///< --chos of a heterogeneous job's component before this one
};

/// The plugin has no arguments.  The Error names the first of `words`.
Status check_arguments(const std::vector<std::string>& words);

/// What a submitting program puts into its own environment, and so into the job's.
struct Submission {
  std::string chos;     ///< for $CHOS; "": nothing to set
  std::string carried;  ///< for `carrier`; "": nothing to carry
};

/// Before a job or a step is submitted.  The name is checked against the allowlist, if this node has
/// one; an Error says why no node of this cluster would run the job.
Result<Submission> at_submission(const Asked& asked, const Paths& paths);

/// In the task, with its user's rights and in its working directory: enters the OS and returns to the
/// directory by name.  `directory`: $PWD of the job.  The result is for $CHOS; "": leave it as it is.
///
/// An Error: the task must not run; it may be in the OS or not.
Result<std::string> enter(const Asked& asked, const std::string& directory, const Paths& paths);

/// Whether enter() would succeed here: a child process tries it.  Code ETIMEDOUT: it has not returned within
/// `patience` seconds.
Status try_out(const Asked& asked, const std::string& directory, const Paths& paths, int patience);

}  // namespace chos::spank
