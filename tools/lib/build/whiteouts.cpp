// SPDX-License-Identifier: BSD-3-Clause
#include "build/whiteouts.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>

#include "basic/files.h"
#include "basic/text.h"
#include "build/entry.h"

namespace chos {
namespace {

constexpr std::string_view prefix = ".wh.";
constexpr std::string_view opaque = ".wh..wh..opq";
constexpr std::array<std::string_view, 3> of_aufs{".wh..wh.aufs", ".wh..wh.orph", ".wh..wh.plnk"};

bool is_of_aufs(std::string_view part) {
  return std::find(of_aufs.begin(), of_aufs.end(), part) != of_aufs.end();
}

}  // namespace

Whiteout whiteout_of(const std::string& name) {
  const auto path = tree_path(name);
  const auto slash = path.rfind('/');
  const std::string directory = slash == 0 ? "/" : path.substr(0, slash), last = path.substr(slash + 1);
  for (const auto part : split(path, '/'))
    if (is_of_aufs(part)) return {Whiteout::Kind::ignored};
  for (const auto part : split(directory, '/'))
    if (part.starts_with(prefix))
      return {Whiteout::Kind::none, "", "lies below a whiteout, which is no directory"};
  if (last == opaque) return {Whiteout::Kind::content, directory};
  if (!last.starts_with(prefix)) return {};
  const auto hidden = last.substr(prefix.size());
  if (hidden.empty() || hidden == "." || hidden == ".." || hidden.starts_with(prefix))
    return {Whiteout::Kind::none, "", "is a whiteout of a name that no file can have"};
  return {Whiteout::Kind::name, (slash == 0 ? "" : directory) + "/" + hidden};
}

void LayerContent::add(const std::string& path) {
  for (auto at = path; at.size() > 1 && own_.insert(at).second;)
    at.resize(std::max<std::size_t>(at.rfind('/'), 1));
}

Status LayerContent::hide(const std::string& path) const {
  if (own_.count(path) != 0) return hide_content(path);
  std::error_code failure;
  std::filesystem::remove_all(path, failure);
  if (failure) return system_error("cannot remove " + in_quotes(path), failure.value());
  return {};
}

Status LayerContent::hide_content(const std::string& directory) const {
  struct stat info {};
  if (::lstat(directory.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) return {};
  const auto names = names_in(directory);
  if (!names) return names.error();
  for (const auto& name : *names)
    if (auto status = hide((directory == "/" ? "" : directory) + "/" + name); !status) return status;
  return {};
}

}  // namespace chos
