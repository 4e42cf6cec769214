// SPDX-License-Identifier: BSD-3-Clause
// The line that `chosctl batch` adds to a file of a batch system, below a comment that identifies it.
// Text only: nothing is read or written.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace chos {

/// How a line that chosctl did not write relates to the line that it wants to add.
enum class LineMeaning {
  unrelated,
  same,         ///< the same setting, written by hand
  conflicting,  ///< another value of that setting; only one of them can take effect
};
using LineClassifier = std::function<LineMeaning(std::string_view line)>;

/// What find_block() found.
struct BlockState {
  enum class What { nothing, ours, by_hand, other };
  What what = What::nothing;
  std::size_t line = 0;  ///< number of the line below the comment, from 1
  std::string text;      ///< that line
};

/// Looks for the block with this tag ("slurm", "lsf normal") and for lines with the same purpose, in
/// the bytes from `begin` to `end`.  A conflicting line takes precedence over everything, the block
/// over a line written by hand.
BlockState find_block(std::string_view text, const std::string& tag, const LineClassifier& classify,
                      std::size_t begin = 0, std::size_t end = std::string_view::npos);

/// Adds the block, or updates it where it is.  A new one goes to `at`, the beginning of a line, or to
/// the end of the text.
std::string put_block(const std::string& text, const std::string& tag, const std::string& line,
                      std::size_t at = std::string::npos);

/// Removes the block.  A line below the comment that does not mention chos is kept.
std::string drop_block(const std::string& text, const std::string& tag);

}  // namespace chos
