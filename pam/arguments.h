// SPDX-License-Identifier: BSD-3-Clause
// The words after the module's name in a file of /etc/pam.d.
#pragma once

#include "pam/options.h"

namespace chos::pam {

/// The options that the words give.  pam_chos.so has those of pam_chos(8); the module of the tests is built
/// with another source of this function, which also takes proc=DIRECTORY.
Options options_of_module(int count, const char** words);

}  // namespace chos::pam
