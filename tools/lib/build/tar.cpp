// SPDX-License-Identifier: BSD-3-Clause
#include "build/tar.h"

#include <sys/stat.h>

#include <cerrno>

#include "build/archive.h"

namespace chos {
namespace {

// A link of the tree is not followed.
bool has(const std::string& root, const std::string& name) {
  struct stat info {};
  return ::lstat((root + "/" + name).c_str(), &info) == 0;
}

// `docker save` and OCI tools write tar archives too, but not of a tree.
bool is_container_image(const std::string& root) {
  return has(root, "manifest.json") || has(root, "oci-layout");
}

}  // namespace

Result<Built> build_tar(const BuildContext& context) {
  const std::string root = context.work + "/root";
  if (::mkdir(root.c_str(), 0755) != 0) return system_error("cannot make the directory " + root, errno);
  context.progress.stage("unpacking " + context.source.path);
  const ArchiveLimits limits{context.options.max_size, 10'000'000, context.options.drop_devices};
  const auto notes =
      unpack_archive(context.source.path, root, limits, [&](std::uint64_t entries, std::uint64_t bytes) {
        return context.progress.tick(std::to_string(entries) + " entries, " + size_text(bytes));
      });
  if (!notes) return notes.error();
  for (const auto& note : *notes) context.progress.note(note);
  if (is_container_image(root) && !has(root, "bin"))
    return Error{context.source.path + " is an archive of a container image, not of a tree",
                 "use oci:" + context.source.path, EINVAL};
  return Built{TreeRecord::Kind::tree, root, ""};
}

}  // namespace chos
