// SPDX-License-Identifier: BSD-3-Clause
#include "build/oci.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "basic/files.h"
#include "build/archive.h"
#include "build/image_layout.h"
#include "build/layer.h"

namespace chos {
namespace {

bool is_directory(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

ArchiveProgress shown(const BuildContext& context) {
  return [&context](std::uint64_t entries, std::uint64_t bytes) {
    return context.progress.tick(std::to_string(entries) + " entries, " + size_text(bytes));
  };
}

// The directory of the image: the layout, or what is in the archive, which any tar archive may be.
Result<ImageDirectory> open_image(const BuildContext& context) {
  const auto& path = context.source.path;
  if (is_directory(path)) return ImageDirectory::open(path, path);
  const std::string image = context.work + "/image";
  if (::mkdir(image.c_str(), 0700) != 0) return system_error("cannot make the directory " + image, errno);
  context.progress.stage("reading the image " + path);
  // The layers in it may be compressed or not; they are limited when they are unpacked.
  const auto most = context.options.max_size;
  const ArchiveLimits limits{most > UINT64_MAX / 2 ? most : 2 * most};
  if (const auto done = unpack_archive(path, image, limits, shown(context)); !done) return done.error();
  return ImageDirectory::open(image, path);
}

// An archive of `docker save` has manifest.json, also if it is an OCI layout; a plain OCI archive has only
// oci-layout.
Result<std::vector<ImageLayer>> find_layers(const BuildContext& context, const ImageDirectory& image) {
  const auto& source = context.source;
  if (is_directory(source.path)) return layers_of_layout(image, source.tag);
  if (image.has("manifest.json")) return layers_of_docker(image);
  if (image.has("oci-layout")) return layers_of_layout(image, "");
  return Error{source.path +
                   " is an archive, but not of an image: it has neither manifest.json nor "
                   "oci-layout",
               "for an archive of a tree use tar:" + source.path, EINVAL};
}

}  // namespace

Result<Built> build_oci(const BuildContext& context) {
  const auto image = open_image(context);
  if (!image) return image.error();
  const auto layers = find_layers(context, *image);
  if (!layers) return layers.error();
  const std::string root = context.work + "/root";
  if (::mkdir(root.c_str(), 0755) != 0) return system_error("cannot make the directory " + root, errno);
  const UniqueFd tree(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!tree) return system_error("cannot open " + root, errno);
  ArchiveLimits limits{context.options.max_size};
  limits.drop_devices = context.options.drop_devices;
  Unpacked sum;
  for (std::size_t i = 0; i < layers->size(); ++i) {
    const auto& layer = (*layers)[i];
    context.progress.stage("unpacking layer " + std::to_string(i + 1) + " of " +
                           std::to_string(layers->size()));
    const auto file = image->open_file(layer.file);
    if (!file) return file.error();
    if (auto status = unpack_layer(file->get(), layer.facts, tree.get(), limits, sum, shown(context));
        !status)
      return status.error();
  }
  for (const auto& note : notes_of(sum)) context.progress.note(note);
  return Built{TreeRecord::Kind::tree, root, ""};
}

}  // namespace chos
