// SPDX-License-Identifier: BSD-3-Clause
// The longer kinds of build().
#pragma once

#include "build/build.h"

namespace chos {

struct BuildContext {
  const Source& source;
  const BuildOptions& options;
  const std::string& work;
  const std::string& log;
  WorkProgress& progress;
};

Result<Built> build_debian(const BuildContext& context);
Result<Built> build_rpm(const BuildContext& context);
Result<Built> build_oci(const BuildContext& context);
Result<Built> build_image(const BuildContext& context);

/// Whether the last words of a program are of a server that does not answer.
bool is_of_no_answer(const std::string& output);

}  // namespace chos
