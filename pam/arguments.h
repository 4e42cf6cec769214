// SPDX-License-Identifier: BSD-3-Clause
// The words after the module's name in a file of /etc/pam.d.
#pragma once

#include "pam/options.h"

namespace chos::pam {

/// Parses the words. pam_chos.so accepts the options of pam_chos(8); the test module is built with another
/// implementation of this function, which also accepts proc=DIRECTORY.
Options options_of_module(int count, const char** words);

}  // namespace chos::pam
