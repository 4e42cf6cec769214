// SPDX-License-Identifier: BSD-3-Clause
#include "basic/own_arguments.h"

#include <algorithm>

namespace chos {
namespace {

bool is_among(const std::vector<std::string>& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

std::size_t count_own_arguments(const std::vector<std::string>& arguments,
                                const std::vector<std::string>& with_value,
                                const std::vector<std::string>& last) {
  std::size_t at = 0;
  while (at < arguments.size()) {
    const std::string& argument = arguments[at];
    if (argument == "--" || is_among(last, argument)) return at + 1;
    if (argument.size() < 2 || argument.front() != '-') return at;
    at += is_among(with_value, argument) ? 2 : 1;
  }
  return arguments.size();
}

}  // namespace chos
