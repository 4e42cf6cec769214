// SPDX-License-Identifier: BSD-3-Clause
// How a USER_JOB_WRAPPER tells HTCondor that it could not start the job.
#pragma once

#include <string>

#include "basic/files.h"
#include "session/environment.h"

namespace chos::starter {

/// Names the error file.  The variable is meant for the wrapper and not for the job.
inline constexpr const char* wrapper_error_variable = "_CONDOR_WRAPPER_ERROR_FILE";

/// The file that wrapper_error_variable names, if it is set.  If that file exists when the wrapper ends,
/// condor_starter takes the job back and passes on the file's text.
///
/// Opened before the switch: no OS needs to show the job's scratch directory.
class WrapperError {
 public:
  explicit WrapperError(const Environment& environment);

  /// Writes the line to the file.  Does nothing if no file is named or it cannot be written.  Afterwards
  /// others may search the scratch directory, but its contents are closed to them.
  void write(const std::string& line) const;

 private:
  std::string name_;
  UniqueFd directory_;
  bool is_scratch_ = false;  // it is HTCondor's and is removed with the job
};

}  // namespace chos::starter
