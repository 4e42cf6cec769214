// SPDX-License-Identifier: BSD-3-Clause
// Unpacks the layers of a container image, one above the other.
#pragma once

#include "basic/result.h"
#include "build/archive.h"
#include "build/layer_stream.h"

namespace chos {

/// Unpacks a layer into the directory that `root` is open on, above the layers that are there: its entries
/// replace theirs, and its whiteouts hide theirs.  `file` is open on the layer.  A confined process does it
/// (confined.h).
///
/// The limits are those of the whole image; `sum` is what was unpacked of it.  An Error as of
/// unpack_archive(), or if compression or digests are not what the image says.
Status unpack_layer(int file, const LayerFacts& facts, int root, const ArchiveLimits& limits, Unpacked& sum,
                    const ArchiveProgress& progress);

}  // namespace chos
