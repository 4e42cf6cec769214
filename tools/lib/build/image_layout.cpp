// SPDX-License-Identifier: BSD-3-Clause
#include "build/image_layout.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include <algorithm>
#include <cerrno>
#include <map>

#include "basic/text.h"
#include "build/entry.h"
#include "build/image_documents.h"
#include "mount/open.h"

namespace chos {
namespace {

constexpr int deepest_index = 4;
constexpr std::size_t most_layers = 1000;  // each is unpacked by a process of its own

std::string blob_path(const std::string& digest) { return "blobs/sha256/" + digest; }

bool is_manifest(const std::string& type) {
  return type == "application/vnd.oci.image.manifest.v1+json" ||
         type == "application/vnd.docker.distribution.manifest.v2+json";
}

bool is_index(const std::string& type) {
  return type == "application/vnd.oci.image.index.v1+json" ||
         type == "application/vnd.docker.distribution.manifest.list.v2+json";
}

Result<Compression> compression_of(const std::string& type, const std::string& layer) {
  static const std::map<std::string, Compression, std::less<>> known{
      {"application/vnd.oci.image.layer.v1.tar", Compression::none},
      {"application/vnd.oci.image.layer.v1.tar+gzip", Compression::gzip},
      {"application/vnd.oci.image.layer.v1.tar+zstd", Compression::zstd},
      {"application/vnd.oci.image.layer.nondistributable.v1.tar", Compression::none},
      {"application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", Compression::gzip},
      {"application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", Compression::zstd},
      {"application/vnd.docker.image.rootfs.diff.tar", Compression::none},
      {"application/vnd.docker.image.rootfs.diff.tar.gzip", Compression::gzip},
      {"application/vnd.docker.image.rootfs.diff.tar.zstd", Compression::zstd},
      {"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", Compression::gzip}};
  const auto found = known.find(type);
  if (found != known.end()) return found->second;
  return Error{layer + " has the media type " + in_quotes(type) + ", which is unknown here",
               "expected a tar archive, plain or compressed by gzip or zstd", EINVAL};
}

// As images name it.
std::string own_platform() {
  static const std::map<std::string_view, const char*> machines{
      {"x86_64", "amd64"}, {"aarch64", "arm64"}, {"i686", "386"}, {"armv7l", "arm"}};
  struct utsname about {};
  ::uname(&about);
  const auto found = machines.find(about.machine);
  return std::string("linux/") + (found != machines.end() ? found->second : about.machine);
}

std::vector<std::string> tags_of(const std::vector<IndexEntry>& entries) {
  std::vector<std::string> tags;
  for (const auto& entry : entries)
    if (!entry.tag.empty()) tags.push_back(entry.tag);
  return tags;
}

// Of several images, which are for several machines, the one for this node.
Result<Descriptor> for_this_node(std::vector<IndexEntry> entries, const std::string& where) {
  // What a builder says about how it has built an image.
  std::erase_if(entries, [](const IndexEntry& entry) { return entry.platform.starts_with("unknown/"); });
  if (entries.empty()) return Error{where + " has no image in it", "is it complete?", EINVAL};
  if (entries.size() == 1) return entries.front().image;
  const auto own = own_platform();
  std::vector<std::string> others;
  for (const auto& entry : entries) {
    if (entry.platform == own) return entry.image;
    others.push_back(entry.platform.empty() ? "one that names no platform" : entry.platform);
  }
  return Error{where + " has no image for " + own, "it has: " + listed(others), EINVAL};
}

Result<Descriptor> tagged(const ImageDirectory& directory, std::vector<IndexEntry> entries,
                          const std::string& tag) {
  if (tag.empty() && entries.size() > 1)
    return Error{directory.name() + " has " + std::to_string(entries.size()) +
                     " images; expected a tag that says which",
                 "it has: " + listed(tags_of(entries)), EINVAL};
  if (!tag.empty()) {
    const auto all = tags_of(entries);
    std::erase_if(entries, [&](const IndexEntry& entry) { return entry.tag != tag; });
    if (entries.empty())
      return Error{directory.name() + " has no image " + in_quotes(tag),
                   all.empty() ? "" : "it has: " + listed(all), EINVAL};
  }
  return for_this_node(std::move(entries), directory.name());
}

// Opens a blob, and lets `read` read it.
template <typename Read>
auto read_blob(const ImageDirectory& directory, const Descriptor& wanted, Read read)
    -> decltype(read(Document())) {
  const auto path = blob_path(wanted.digest);
  const auto file = directory.open_file(path);
  if (!file) return file.error();
  return read(Document{file->get(), directory.name() + "/" + path, wanted});
}

Result<ImageManifest> find_manifest(const ImageDirectory& directory, const std::string& tag) {
  const auto file = directory.open_file("index.json");
  if (!file) return file.error();
  const auto top = read_index({file->get(), directory.name() + "/index.json"});
  if (!top) return top.error();
  auto image = tagged(directory, *top, tag);
  for (int depth = 0; image && is_index(image->media_type); ++depth) {
    if (depth == deepest_index)
      return Error{
          directory.name() + " has indexes of images below " + std::to_string(deepest_index) + " others",
          "make the image anew", EINVAL};
    auto below = read_blob(directory, *image, read_index);
    if (!below) return below.error();
    image = for_this_node(std::move(*below), directory.name() + "/" + blob_path(image->digest));
  }
  if (!image) return image.error();
  if (!is_manifest(image->media_type))
    return Error{directory.name() + " has something of the media type " + in_quotes(image->media_type) +
                     " for an image",
                 "make the image anew", EINVAL};
  return read_blob(directory, *image, read_manifest_document);
}

std::string layer_name(std::size_t number, const ImageDirectory& directory) {
  return "layer " + std::to_string(number) + " of " + directory.name();
}

Status check_numbers(const ImageDirectory& directory, std::size_t layers, std::size_t diff_ids) {
  if (layers > most_layers || layers == 0)
    return Error{"the image in " + directory.name() + " has " + std::to_string(layers) +
                     " layers; expected 1 to " + std::to_string(most_layers),
                 "make the image anew", EINVAL};
  if (layers == diff_ids) return {};
  return Error{"the image in " + directory.name() + " has " + std::to_string(layers) +
                   " layers, but its configuration has " + std::to_string(diff_ids),
               "is the image complete?", EINVAL};
}

// The name of a file that is the digest of its content, with or without an extension; or "".
std::string digest_in_name(const std::string& path) {
  const auto name = path.substr(path.rfind('/') + 1), stem = name.substr(0, name.find('.'));
  return is_sha256(stem) ? stem : "";
}

}  // namespace

Result<ImageDirectory> ImageDirectory::open(const std::string& path, const std::string& name) {
  UniqueFd fd(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return system_error("cannot open " + path, errno);
  return ImageDirectory(std::move(fd), name);
}

bool ImageDirectory::has(const std::string& file) const {
  return open_in_tree(fd_.get(), file, Last::keep).ok();
}

Result<UniqueFd> ImageDirectory::open_file(const std::string& file) const {
  const std::string whole = name_ + "/" + file;
  const auto seen = open_in_tree(fd_.get(), file, Last::follow);
  if (!seen)
    return Error{"cannot open " + whole + ": " + seen.error().what, "is the image complete?",
                 seen.error().code};
  struct stat info {};
  if (::fstat(seen->get(), &info) != 0) return system_error("cannot examine " + whole, errno);
  if (!S_ISREG(info.st_mode))
    return Error{whole + " is " + std::string(file_kind(info.st_mode)) + "; expected a file",
                 "is the image complete?", EINVAL};
  auto fd = reopen(seen->get(), O_RDONLY | O_CLOEXEC);
  if (!fd) return system_error("cannot read " + whole, errno);
  return fd;
}

Result<std::vector<ImageLayer>> layers_of_layout(const ImageDirectory& directory, const std::string& tag) {
  const auto manifest = find_manifest(directory, tag);
  if (!manifest) return manifest.error();
  const auto diff_ids = read_blob(directory, manifest->config, read_diff_ids);
  if (!diff_ids) return diff_ids.error();
  if (auto status = check_numbers(directory, manifest->layers.size(), diff_ids->size()); !status)
    return status.error();
  std::vector<ImageLayer> out;
  for (const auto& layer : manifest->layers) {
    const auto name = layer_name(out.size() + 1, directory);
    const auto compression = compression_of(layer.media_type, name);
    if (!compression) return compression.error();
    out.push_back(
        {blob_path(layer.digest), {name, *compression, layer.digest, (*diff_ids)[out.size()], layer.size}});
  }
  return out;
}

Result<std::vector<ImageLayer>> layers_of_docker(const ImageDirectory& directory) {
  const auto file = directory.open_file("manifest.json");
  if (!file) return file.error();
  const auto images = read_docker_images({file->get(), directory.name() + "/manifest.json"});
  if (!images) return images.error();
  if (images->size() != 1)
    return Error{directory.name() + (images->empty() ? " has no image" : " has more than one image"),
                 "save the one that is wanted: docker save NAME:TAG -o FILE", EINVAL};
  const auto& image = images->front();
  const auto config = directory.open_file(image.config);
  if (!config) return config.error();
  const auto diff_ids = read_diff_ids(
      {config->get(), directory.name() + "/" + image.config, {"", digest_in_name(image.config), 0}});
  if (!diff_ids) return diff_ids.error();
  if (auto status = check_numbers(directory, image.layers.size(), diff_ids->size()); !status)
    return status.error();
  std::vector<ImageLayer> out;
  for (const auto& layer : image.layers) {
    const auto name = layer_name(out.size() + 1, directory);
    if (const auto problem = entry_name_problem(layer); !problem.empty())
      return refused_entry(name, layer, problem);
    // Docker compresses none, other programs do; no media type says so.
    out.push_back(
        {layer, {name, Compression::by_content, digest_in_name(layer), (*diff_ids)[out.size()], {}}});
  }
  return out;
}

}  // namespace chos
