// SPDX-License-Identifier: BSD-3-Clause
// Reads a layer of a container image: the only parser of its compression, and both of its digests.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "basic/digest.h"
#include "basic/result.h"

struct archive;

namespace chos {

/// How a layer is compressed.
enum class Compression {
  none,
  gzip,
  zstd,
  by_content,  ///< one of these; its first bytes tell
};

/// What an image says of a layer.
struct LayerFacts {
  std::string name;  ///< for messages: "layer 2 of /srv/image.tar"
  Compression compression = Compression::by_content;
  std::string digest;                      ///< SHA-256 of the file; empty: the image does not say
  std::string diff_id;                     ///< SHA-256 of the tar archive in it
  std::optional<std::uint64_t> size = {};  ///< of the file; empty: the image does not say
};

/// It runs in a confined process (confined.h).
class LayerStream {
 public:
  /// most: returns how many bytes the tar archive may have, as far as it was read.
  LayerStream(int file, const LayerFacts& facts, std::function<std::uint64_t()> most);

  /// A reader of the tar archive in the layer, and of nothing else.  An Error if the content is compressed in
  /// another way than the image says.
  Result<archive*> open();

  /// What is wrong with the layer, if reading failed for a reason that the reader does not know.
  Status problem() const { return problem_; }

  /// Reads what follows the archive, and compares the digests.
  Status finish();

 private:
  struct Free {
    void operator()(archive* reader) const;
  };
  using Reader = std::unique_ptr<archive, Free>;

  Status check_start();
  Status open_decompressor();
  long read_file(const void** data);
  long read_tar(const void** data);
  Error differs(const std::string& what, const std::string& found, const std::string& wanted) const;

  const int file_;
  const LayerFacts& facts_;
  const std::function<std::uint64_t()> most_;
  Compression compression_;
  Sha256 packed_, plain_;
  std::uint64_t bytes_ = 0;
  std::vector<char> file_buffer_, tar_buffer_;
  Status problem_;
  Reader decompressor_, tar_;
};

}  // namespace chos
