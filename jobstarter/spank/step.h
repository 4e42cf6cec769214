// SPDX-License-Identifier: BSD-3-Clause
// The logic of spank_chos at each of Slurm's calls.  Uses nothing of Slurm's API.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "basic/result.h"
#include "session/paths.h"

namespace chos::spank {

/// This variable carries the submitter's choice to the job, as "option:NAME" or "environment:NAME".  Slurm
/// passes variables that begin with SLURM_ to the job even with --export=NONE, where it drops $CHOS and, for
/// sbatch, also the option.
inline constexpr const char* carrier = "SLURM_CHOS";

/// The OS that each source asks for; empty if it asks for none.
struct Asked {
  std::optional<std::string> option;       ///< --chos=NAME
  std::string variable;                    ///< $CHOS: of the submitter, or of the job
  std::string carried;                     ///< the value of `carrier`
  std::optional<std::string> before = {};  ///< --chos of the previous component of a heterogeneous job
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

/// Runs in the task, with its user's rights and in its working directory.  Enters the OS and returns to the
/// directory by name.  `directory`: $PWD of the job.  The result is for $CHOS; "": leave it as it is.
///
/// After an Error the task must not run; it may or may not be in the OS.
Result<std::string> enter(const Asked& asked, const std::string& directory, const Paths& paths);

/// Tries enter() in a child process.  An Error if it fails; code ETIMEDOUT if it does not end within
/// `patience` seconds.
Status try_out(const Asked& asked, const std::string& directory, const Paths& paths, int patience);

}  // namespace chos::spank
