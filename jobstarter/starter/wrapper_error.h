// SPDX-License-Identifier: BSD-3-Clause
// How a USER_JOB_WRAPPER tells HTCondor that it could not start the job.
#pragma once

#include <string>

#include "basic/files.h"
#include "session/environment.h"

namespace chos::starter {

/// Names the file; it is for the wrapper and not for the job.
inline constexpr const char* wrapper_error_variable = "_CONDOR_WRAPPER_ERROR_FILE";

/// The file that wrapper_error_variable names, if it names one.  If that file is there when the
/// wrapper ends, condor_starter takes the job back and hands on the file's text.
///
/// Opened before the switch: no OS needs to show the job's scratch directory.
class WrapperError {
 public:
  explicit WrapperError(const Environment& environment);

  /// Nothing, if there is no such file to write, or it cannot be written.  The scratch directory
  /// can be passed through by others then; what is in it is closed to them.
  void write(const std::string& line) const;

 private:
  std::string name_;
  UniqueFd directory_;
  bool is_scratch_ = false;  // HTCondor's, which goes away with the job
};

}  // namespace chos::starter
