// SPDX-License-Identifier: BSD-3-Clause
// The JSON documents of a container image.  Each is parsed by a confined process (confined.h), which returns
// a few plain words of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "basic/result.h"

namespace chos {

/// What an image says of one of its blobs.
struct Descriptor {
  std::string media_type;
  std::string digest;  ///< SHA-256, 64 hexadecimal digits
  std::uint64_t size = 0;
};

/// A document to be read.
struct Document {
  int file = -1;           ///< open for reading
  std::string name;        ///< for messages
  Descriptor wanted = {};  ///< what it must be; without a digest: anything
};

/// A manifest, or another index, in an index.
struct IndexEntry {
  Descriptor image;
  std::string tag;       ///< may be empty
  std::string platform;  ///< "linux/amd64"; may be empty
};

struct ImageManifest {
  Descriptor config;
  std::vector<Descriptor> layers;
};

/// An image in the manifest.json that `docker save` writes.
struct DockerImage {
  std::string config;               ///< path in the archive
  std::vector<std::string> layers;  ///< paths, the lowest layer first
};

/// These return an Error with code EINVAL for a document that is not of its form, or not what is wanted, or
/// has more than 4 MiB.
Result<std::vector<IndexEntry>> read_index(const Document& document);
Result<ImageManifest> read_manifest_document(const Document& document);
/// The SHA-256 of each layer's tar archive, of an image's configuration.
Result<std::vector<std::string>> read_diff_ids(const Document& document);
Result<std::vector<DockerImage>> read_docker_images(const Document& document);

}  // namespace chos
