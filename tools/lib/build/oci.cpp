// SPDX-License-Identifier: BSD-3-Clause
// Trees of container images: skopeo makes an OCI layout of whatever it is, each layer is looked at,
// and umoci puts them on top of each other.
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "basic/files.h"
#include "basic/json.h"
#include "basic/program_search.h"
#include "basic/subprocess.h"
#include "basic/text.h"
#include "build/archive.h"
#include "build/builders.h"
#include "build/run_logged.h"

namespace chos {
namespace {

constexpr std::size_t largest_json = 16 << 20;
constexpr const char* tag = "chos";

Result<Json> read_json(const std::string& path) {
  const auto text = read_file(path, largest_json);
  if (!text) return text.error();
  auto json = Json::parse(*text);
  if (!json) return Error{path + " is no JSON", "is the image complete?", EINVAL};
  return json;
}

// The file of a digest "sha256:HEX".
Result<std::string> blob(const std::string& layout, const std::string& digest) {
  const auto colon = digest.find(':');
  const auto bad = digest.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789:+._-");
  if (colon == std::string::npos || bad != std::string::npos)
    return Error{"the image names the blob " + in_quotes(digest) + ", which is no digest", "", EINVAL};
  return layout + "/blobs/" + digest.substr(0, colon) + "/" + digest.substr(colon + 1);
}

// The manifest that index.json of a layout with one image leads to.
Result<Json> manifest_of(const std::string& layout) {
  const auto index = read_json(layout + "/index.json");
  if (!index) return index;
  try {
    const auto file = blob(layout, index->view().at("manifests").at(0).at("digest").string());
    if (!file) return file.error();
    return read_json(*file);
  } catch (const JsonError& error) {
    return Error{layout + "/index.json names no image: " + error.what(), "", EINVAL};
  }
}

Status check_layers(const BuildContext& context, const std::string& layout) {
  const auto manifest = manifest_of(layout);
  if (!manifest) return manifest.error();
  ArchiveLimits limits;
  limits.bytes = context.options.max_size;
  limits.drop_devices = context.options.drop_devices;
  std::uint64_t bytes = 0;
  std::size_t number = 0;
  try {
    const auto layers = manifest->view().at("layers").items();
    for (const auto& layer : layers) {
      context.progress.stage("checking layer " + std::to_string(++number) + " of " +
                             std::to_string(layers.size()));
      const auto file = blob(layout, layer.at("digest").string());
      if (!file) return file.error();
      const auto status = check_archive(*file, limits, bytes, [&](std::uint64_t entries, std::uint64_t sum) {
        return context.progress.tick(std::to_string(entries) + " entries, " + size_text(sum));
      });
      if (status) continue;
      Error error = status.error();
      error.what = "layer " + std::to_string(number) + " of " + context.source.path + ": " + error.what;
      return error;
    }
  } catch (const JsonError& error) {
    return Error{"the manifest of " + context.source.path + " is not as expected: " + error.what(), "",
                 EINVAL};
  }
  return {};
}

bool is_directory(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

Result<std::string> layout_transport(const Source& source) {
  const auto index = read_json(source.path + "/index.json");
  if (!index) return index.error();
  std::vector<std::string> tags;
  try {
    for (const auto& image : index->view().at("manifests").items()) {
      const auto annotations = image.find("annotations");
      tags.push_back(annotations ? annotations->value("org.opencontainers.image.ref.name", "") : "");
    }
  } catch (const JsonError& error) {
    return Error{source.path + "/index.json is not as expected: " + error.what(), "", EINVAL};
  }
  const bool known = std::find(tags.begin(), tags.end(), source.tag) != tags.end();
  if (source.tag.empty() ? tags.size() == 1 : known)
    return "oci:" + source.path + (source.tag.empty() ? "" : ":" + source.tag);
  return Error{source.tag.empty() ? source.path + " has " + std::to_string(tags.size()) +
                                        " images; expected a tag that says which"
                                  : source.path + " has no image " + in_quotes(source.tag),
               tags.empty() ? "" : "it has: " + listed(tags), EINVAL};
}

// An archive is one of an OCI layout if it has the file oci-layout, else one of `docker save`.
Result<std::string> transport_of(const Source& source) {
  if (is_directory(source.path)) return layout_transport(source);
  const auto listing = run_command({"tar", "-tf", source.path}, 600);
  if (!listing) return listing.error();
  if (listing->status != 0)
    return Error{source.path + " is no archive that tar can read: " + listing->said(),
                 "get it anew and compare its checksum", EINVAL};
  bool is_oci = false, is_docker = false;
  for (const auto name : split(listing->out, '\n')) {
    is_oci = is_oci || name == "oci-layout" || name == "./oci-layout";
    is_docker = is_docker || name == "manifest.json";
  }
  if (is_docker) return "docker-archive:" + source.path;
  if (is_oci) return "oci-archive:" + source.path;
  return Error{source.path +
                   " is an archive, but not of an image: it has neither manifest.json nor "
                   "oci-layout",
               "for an archive of a tree use tar:" + source.path, EINVAL};
}

}  // namespace

Result<Built> build_oci(const BuildContext& context) {
  for (const char* program : {"skopeo", "umoci"})
    if (find_program(program).empty()) return missing_program(program, program);
  const auto from = transport_of(context.source);
  if (!from) return from.error();
  const std::string layout = context.work + "/layout", bundle = context.work + "/bundle";
  context.progress.stage("reading the image " + context.source.path);
  auto status =
      run_logged({"skopeo", "--insecure-policy", "copy", "--quiet", *from, "oci:" + layout + ":" + tag},
                 context.log, context.progress);
  if (!status && from->starts_with("docker-archive:") &&
      status.error().what.find("expected 1 item, got") != std::string::npos)
    return Error{context.source.path + " has more than one image",
                 "save the one that is wanted: docker save NAME:TAG -o FILE", EINVAL};
  if (status) status = check_layers(context, layout);
  if (!status) return status.error();
  context.progress.stage("unpacking the layers");
  status =
      run_logged({"umoci", "unpack", "--image", layout + ":" + tag, bundle}, context.log, context.progress);
  if (!status) return status.error();
  return Built{TreeRecord::Kind::tree, bundle + "/rootfs", ""};
}

}  // namespace chos
