// SPDX-License-Identifier: BSD-3-Clause
#include "build/entry.h"

#include <archive.h>
#include <archive_entry.h>

#include <cerrno>
#include <climits>
#include <filesystem>
#include <set>
#include <vector>

#include "basic/text.h"

namespace chos {
namespace {

// Removing a tree needs an open descriptor for each level of directories.
constexpr std::size_t deepest = 256;

}  // namespace

std::string entry_name_problem(const std::string& name) {
  if (name.empty()) return "has no name";
  if (name.front() == '/') return "has an absolute name";
  for (const auto part : split(name, '/'))
    if (part == "..") return "has a name with '..'";
  return {};
}

std::string link_problem(const std::string& name, const std::string& target) {
  if (target.empty()) return "is a symbolic link to nothing";
  if (target.front() == '/') return {};  // from the root of the OS
  int depth = 0;
  const auto parent = std::filesystem::path(name).lexically_normal().parent_path().string();
  for (const auto part : split(parent, '/')) depth += !part.empty() && part != ".";
  for (const auto part : split(target, '/')) {
    if (part.empty() || part == ".") continue;
    depth += part == ".." ? -1 : 1;
    if (depth < 0) return "is a symbolic link out of the tree, to " + in_quotes(target);
  }
  return {};
}

std::string placement_problem(const std::string& name) {
  if (auto problem = entry_name_problem(name); !problem.empty()) return problem;
  // Past that length libarchive changes its directory step by step, and follows links.
  if (name.size() >= PATH_MAX - 1)
    return "has a name of " + std::to_string(name.size()) + " bytes; at most " +
           std::to_string(PATH_MAX - 2) + " are accepted";
  if (depth_of(name) > deepest) return "lies below more than " + std::to_string(deepest - 1) + " directories";
  return {};
}

bool is_device(archive_entry* entry) {
  const auto type = ::archive_entry_filetype(entry);
  return ::archive_entry_hardlink(entry) == nullptr && (type == AE_IFCHR || type == AE_IFBLK);
}

std::string entry_problem(archive_entry* entry, const std::string& name) {
  const auto type = ::archive_entry_filetype(entry);
  const char* twin = ::archive_entry_hardlink(entry);
  // libarchive would replace the root directory while that is empty.
  if (depth_of(name) == 0 && (type != AE_IFDIR || twin != nullptr))
    return "is the root of the tree, and no directory";
  if (twin != nullptr) {
    const auto problem = entry_name_problem(twin);
    return problem.empty() ? "" : "is a hard link to " + in_quotes(twin) + ", which " + problem;
  }
  if (type == AE_IFLNK) {
    const char* target = ::archive_entry_symlink(entry);
    return link_problem(name, target != nullptr ? target : "");
  }
  if (is_device(entry) || type == AE_IFREG || type == AE_IFDIR || type == AE_IFIFO || type == AE_IFSOCK)
    return {};
  return "is of a type that no tree holds";
}

std::size_t depth_of(const std::string& name) {
  std::size_t depth = 0;
  for (const auto part : split(name, '/')) depth += !part.empty() && part != ".";
  return depth;
}

std::string tree_path(std::string name) {
  while (name.ends_with('/')) name.pop_back();
  return std::filesystem::path("/" + name).lexically_normal();
}

void drop_attributes(archive_entry* entry, std::map<std::string, std::uint64_t>& left_out) {
  struct Attribute {
    std::string name, value;
  };
  constexpr std::size_t most_names = 16;
  std::vector<Attribute> kept;
  std::set<std::string> dropped;  // an archive may have an attribute twice, in two forms
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  ::archive_entry_xattr_reset(entry);
  while (::archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK) {
    const std::string_view text(name);
    if (text.starts_with("user.") || text == "security.capability")
      kept.push_back({name, std::string(static_cast<const char*>(value), size)});
    else dropped.emplace(text);
  }
  if (dropped.empty()) return;
  for (const auto& one : dropped)
    if (left_out.size() < most_names || left_out.count(one) != 0) ++left_out[one];
  ::archive_entry_xattr_clear(entry);
  for (const auto& [kept_name, content] : kept)
    ::archive_entry_xattr_add_entry(entry, kept_name.c_str(), content.data(), content.size());
}

Error refused_entry(const std::string& file, const std::string& name, const std::string& problem) {
  return Error{file + ": the entry " + in_quotes(name) + " " + problem,
               "the archive was refused as a whole; nothing was kept of it", EINVAL};
}

}  // namespace chos
