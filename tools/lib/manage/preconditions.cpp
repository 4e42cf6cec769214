// SPDX-License-Identifier: BSD-3-Clause
#include "manage/preconditions.h"

#include <chos/abi.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>

#include "allowlist/names.h"
#include "allowlist/parse.h"
#include "basic/text.h"
#include "mount/trusted_path.h"
#include "store/mounts.h"

namespace chos {

Status check_name(const std::string& name) {
  if (const auto problem = name_problem(name); !problem.empty())
    return Error{problem, "choose another name", EINVAL};
  if (name == CHOS_DEFAULT_NAME || name == "base")
    return Error{"the name " + in_quotes(name) + " has a meaning of its own", "choose another name", EINVAL};
  return {};
}

Status check_line(const ManageContext& context, const std::string& name, const std::string& options) {
  const auto parsed = parse_allowlist(name + ":/os/" + name + ":" + options, "", context.node.groups);
  if (parsed.list || options.empty()) return {};
  return Error{parsed.errors.front().message, "nothing was changed; see --group and chos(5)", EINVAL};
}

Status check_source(const ManageContext& context, const Source& source) {
  const Store& store = context.store;
  if (source.kind != Source::Kind::dir) return {};
  const auto records = store.records();
  if (!records) return records.error();
  const auto refused = [&](const std::string& what) {
    return Error{"the source " + in_quotes(source.text) + " lies in " + what,
                 "copy it to a place of its own; for another name of an OS add a line to " +
                     context.node.allowlist_file + ", see chos(5)",
                 EINVAL};
  };
  if (const auto opened = open_trusted_path(source.path); !opened)
    return Error{"the source " + in_quotes(source.text) + ": " + opened.error().what, opened.error().remedy,
                 opened.error().code};
  // Directories are compared, not paths, since a bind mount or a link leads there by another name.
  const std::filesystem::path path(source.path);
  std::error_code failed;
  const auto real = std::filesystem::canonical(path, failed);
  if (failed) return system_error("cannot examine " + source.path, failed.value());
  const auto same = [](const std::string& a, const std::string& b) {
    struct stat one {
    }, other{};
    return ::stat(a.c_str(), &one) == 0 && ::stat(b.c_str(), &other) == 0 && one.st_dev == other.st_dev &&
           one.st_ino == other.st_ino;
  };
  const auto trees = std::filesystem::weakly_canonical(store.trees(), failed);
  for (auto at = real; at.has_relative_path(); at = at.parent_path()) {
    if (same(at, store.trees() + "/.chos")) return refused("what chosctl keeps for itself");
    for (const auto& record : *records) {
      // Two OSs may use one directory elsewhere, so the mount point is compared by its path.
      const bool inside = record.kind == TreeRecord::Kind::external
                              ? is_mounted_kind(store, record) && at == trees / record.directory()
                              : same(at, store.tree(record));
      if (inside) return refused("the tree of the OS " + in_quotes(record.name));
    }
  }
  return {};
}

std::vector<std::string> made_by_hand(const std::vector<TreeRecord>& records, const std::string& path) {
  std::vector<std::string> out;
  if (find_record(records, path) == nullptr) out.push_back(path);
  for (const auto& record : records)
    if (record.generation == 2 && !record.previous.empty() && record.previous != path &&
        find_record(records, record.previous) == nullptr)
      out.push_back(record.previous);
  return out;
}

}  // namespace chos
