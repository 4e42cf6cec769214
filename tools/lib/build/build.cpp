// SPDX-License-Identifier: BSD-3-Clause
#include "build/build.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "build/archive.h"
#include "build/builders.h"

namespace chos {
namespace {

Status make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) == 0) return {};
  return system_error("cannot make the directory " + path, errno);
}

// What `docker save` and OCI write is an archive too, though not of a tree.
bool is_container_image(const std::string& root) {
  return ::access((root + "/manifest.json").c_str(), F_OK) == 0 ||
         ::access((root + "/oci-layout").c_str(), F_OK) == 0;
}

Result<Built> build_tar(const BuildContext& context) {
  const std::string root = context.work + "/root";
  if (auto status = make_directory(root); !status) return status.error();
  context.progress.stage("unpacking " + context.source.path);
  const ArchiveLimits limits{context.options.max_size, 10'000'000, context.options.drop_devices};
  const auto status =
      unpack_archive(context.source.path, root, limits, [&](std::uint64_t entries, std::uint64_t bytes) {
        return context.progress.tick(std::to_string(entries) + " entries, " + size_text(bytes));
      });
  if (!status) return status.error();
  if (is_container_image(root) && ::access((root + "/bin").c_str(), F_OK) != 0)
    return Error{context.source.path + " is an archive of a container image, not of a tree",
                 "use oci:" + context.source.path, EINVAL};
  return Built{TreeRecord::Kind::tree, root, ""};
}

Result<Built> build_dir(const BuildContext& context) {
  return Built{TreeRecord::Kind::external, context.source.path, context.source.path};
}

}  // namespace

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
  return build_dir(context);
}

bool is_of_no_answer(const std::string& output) {
  for (const char* said :
       {"Connection failed", "onnection timed out", "Could not connect", "Could not resolve",
        "Temporary failure resolving", "Curl error (6)", "Curl error (7)", "Curl error (28)"})
    if (output.find(said) != std::string::npos) return true;
  return false;
}

}  // namespace chos
