// SPDX-License-Identifier: BSD-3-Clause
// Finds the layers of a container image in a directory: an OCI layout, or what `docker save` has written.
#pragma once

#include <string>
#include <vector>

#include "basic/files.h"
#include "basic/result.h"
#include "build/layer_stream.h"

namespace chos {

/// A directory of an image, which its maker may change meanwhile: a file in it is opened once, without
/// leaving the directory, and only if it is a regular file.
class ImageDirectory {
 public:
  /// `name` stands for it in messages.
  static Result<ImageDirectory> open(const std::string& path, const std::string& name);

  bool has(const std::string& file) const;
  Result<UniqueFd> open_file(const std::string& file) const;
  const std::string& name() const { return name_; }

 private:
  ImageDirectory(UniqueFd fd, std::string name) : fd_(std::move(fd)), name_(std::move(name)) {}
  UniqueFd fd_;
  std::string name_;
};

struct ImageLayer {
  std::string file;  ///< in the directory
  LayerFacts facts;
};

/// The layers, the lowest first, of the image with this tag in an OCI layout; without a tag, of its only
/// image. Of an image for several machines, those for this one.
Result<std::vector<ImageLayer>> layers_of_layout(const ImageDirectory& directory, const std::string& tag);

/// The same of what `docker save` has written with a manifest.json.
Result<std::vector<ImageLayer>> layers_of_docker(const ImageDirectory& directory);

}  // namespace chos
