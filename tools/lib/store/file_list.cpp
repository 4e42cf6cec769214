// SPDX-License-Identifier: BSD-3-Clause
#include "store/file_list.h"

#include <algorithm>

#include "basic/text.h"

namespace chos {

void FileList::add(std::string path, std::string about) {
  ++count_;
  const auto size = path.size() + about.size();
  if (files_.size() >= most_files || bytes_ + size > most_bytes) return;
  bytes_ += size;
  files_.push_back({std::move(path), std::move(about)});
}

void FileList::sort() {
  std::sort(files_.begin(), files_.end(),
            [](const ListedFile& a, const ListedFile& b) { return a.path < b.path; });
}

std::string FileList::text(std::size_t most) const {
  constexpr std::size_t longest = 120;
  std::vector<std::string> words;
  for (const auto& [path, about] : files_) {
    if (words.size() == most) break;
    words.push_back(printable(path, longest) + " (" + printable(about, longest) + ")");
  }
  if (words.size() < count_) words.push_back(std::to_string(count_ - words.size()) + " more");
  return listed(words);
}

}  // namespace chos
