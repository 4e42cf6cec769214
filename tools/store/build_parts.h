// SPDX-License-Identifier: BSD-3-Clause
// The longer kinds of build().
#pragma once

#include "store/build.h"

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

/// "squashfs" or "erofs" by the first bytes of a file; an Error if it is neither, or shorter than
/// it says itself.
Result<std::string> image_type(const std::string& file);

/// Mounts an image on a directory: read-only, nosuid, nodev.
Status mount_image(const std::string& file, const std::string& type, const std::string& target);

}  // namespace chos
