// SPDX-License-Identifier: BSD-3-Clause
// The line that `chosctl batch` puts in a file of a batch system, below a comment by which it is
// known again.  Text only; nothing is read or written.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace chos {

/// What a line that is not ours means for what ours is to say.
enum class Sight {
  nothing,
  same,   ///< it says what ours would say: an admin wrote it by hand
  other,  ///< it says something else, and the two cannot both be there
};
using Judge = std::function<Sight(std::string_view line)>;

/// What there is in a text.
struct BlockState {
  enum class What { nothing, ours, by_hand, other };
  What what = What::nothing;
  std::size_t line = 0;  ///< from 1; of the line itself, not of the comment
  std::string text;      ///< that line
};

/// `tag` tells blocks apart: "slurm", "lsf normal".  Looks at the bytes from `begin` to `end`.  A
/// line of somebody else's that says something else counts more than anything, then ours.
BlockState find_block(std::string_view text, const std::string& tag, const Judge& judge,
                      std::size_t begin = 0, std::size_t end = std::string_view::npos);

/// The text with the block: where it is, or else at `at`, the begin of a line, or the end.
std::string put_block(const std::string& text, const std::string& tag, const std::string& line,
                      std::size_t at = std::string::npos);

/// The text without the block.  A line below the comment that does not mention chos stays.
std::string drop_block(const std::string& text, const std::string& tag);

}  // namespace chos
