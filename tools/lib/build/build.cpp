// SPDX-License-Identifier: BSD-3-Clause
#include "build/build.h"

#include "build/debian.h"
#include "build/image.h"
#include "build/oci.h"
#include "build/rpm.h"
#include "build/tar.h"

namespace chos {

Result<Built> build(const Source& source, const BuildOptions& options, const std::string& work,
                    const std::string& log, WorkProgress& progress) {
  const BuildContext context{source, options, work, log, progress};
  switch (source.kind) {
    case Source::Kind::debian: return build_debian(context);
    case Source::Kind::rpm: return build_rpm(context);
    case Source::Kind::tar: return build_tar(context);
    case Source::Kind::oci: return build_oci(context);
    case Source::Kind::image: return build_image(context);
    case Source::Kind::dir: break;
  }
  return Built{TreeRecord::Kind::external, source.path, source.path};
}

}  // namespace chos
