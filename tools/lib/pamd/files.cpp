// SPDX-License-Identifier: BSD-3-Clause
#include "pamd/files.h"

#include <fcntl.h>
#include <glob.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <iterator>

#include "basic/files.h"
#include "basic/replace_file.h"
#include "pamd/parse.h"
#include "pamd/strip.h"

namespace chos {
namespace {

constexpr std::size_t longest_file = 64 * 1024;

Result<std::string> read_any(const std::string& path) {
  auto fd = open_regular(path);
  if (!fd) return fd.error();
  return read_all(fd->get(), longest_file, path);
}

}  // namespace

Result<PamFiles> PamFiles::open(PamPaths paths) {
  auto directory = open_guarded(paths.directory, paths.trusted);
  if (!directory) return directory.error();
  return PamFiles(std::move(paths), std::move(*directory));
}

Result<UniqueFd> PamFiles::open_service(const std::string& name) const {
  const std::string where = path(name);
  // An O_PATH descriptor comes first, so that only regular files are ever opened for reading.
  const UniqueFd seen(::openat(directory_.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat info {};
  if (!seen || ::fstat(seen.get(), &info) != 0) {
    const int why = errno;
    if (why != ENOENT) return system_error("cannot open " + where, why);
    for (const auto& directory : paths_.vendor) {
      const std::string vendor = directory + "/" + name;
      if (::access(vendor.c_str(), F_OK) == 0)
        return Error{
            where + " does not exist; PAM uses " + vendor + ", which belongs to a package and is not changed",
            "cp " + vendor + " " + where, ENOENT};
    }
    return Error{where + " does not exist", "check the name, and that the service is installed", ENOENT};
  }
  if (!S_ISREG(info.st_mode))
    return Error{where + " is " + std::string(file_kind(info.st_mode)) + "; expected a regular file",
                 S_ISLNK(info.st_mode) ? "name the file it leads to, or put a copy in its place" : "",
                 EINVAL};
  if (info.st_nlink > 1)
    return Error{where + " has " + std::to_string(info.st_nlink) +
                     " names (hard links); replacing it would separate them",
                 "put a copy in its place", EINVAL};
  UniqueFd fd = reopen(seen.get(), O_RDONLY);
  if (!fd) return system_error("cannot open " + where, errno);
  if (auto status = check_trusted(fd.get(), paths_.trusted, where); !status) return status.error();
  return fd;
}

Result<std::string> PamFiles::service(const std::string& name) const {
  const auto fd = open_service(name);
  if (!fd) return fd.error();
  return read_all(fd->get(), longest_file, path(name));
}

Result<std::string> PamFiles::included(const std::string& name) const {
  if (name.starts_with('/')) return read_any(name);
  auto text = read_any(path(name));
  for (const auto& directory : paths_.vendor) {
    if (text || text.error().code != ENOENT) break;
    auto other = read_any(directory + "/" + name);
    if (other || other.error().code != ENOENT) text = std::move(other);
  }
  return text;
}

PamSource PamFiles::source() const {
  return {paths_.directory, [this](const std::string& name) { return service(name); },
          [this](const std::string& name) { return included(name); }};
}

std::vector<std::string> PamFiles::names() const {
  std::vector<std::string> names;
  const auto all = names_in(paths_.directory);
  if (!all) return names;
  std::copy_if(all->begin(), all->end(), std::back_inserter(names),
               [](const std::string& name) { return pam_service_problem(name).empty(); });
  return names;
}

Result<std::string> PamFiles::back_up(const PamChange& change) const {
  if (auto status = make_directories(paths_.backups); !status) return status.error();
  const auto directory = open_guarded(paths_.backups, paths_.trusted);
  if (!directory) return directory.error();
  const std::string name = change.service + ".orig";
  const std::string where = paths_.backups + "/" + name;
  const auto kept = read_trusted_file(where, longest_file, paths_.trusted);
  if (kept) {
    const auto base = strip_pam(parse_pam(where, *kept), true);
    if (base && base->text == change.base_text) return where;
  } else if (kept.error().code != ENOENT) {
    return kept.error();
  }
  const auto model = open_service(change.service);
  if (!model) return model.error();
  if (auto status = replace_in(directory->get(), name, change.backup_text, model->get(), where); !status)
    return status.error();
  return where;
}

Status PamFiles::replace(const PamChange& change) const {
  const auto model = open_service(change.service);
  if (!model) return model.error();
  const auto text = read_all(model->get(), longest_file, path(change.service));
  if (!text) return text.error();
  if (*text != change.old_text)
    return Error{path(change.service) + " was changed by somebody else just now",
                 "check the change, then run this again", EAGAIN};
  return replace_in(directory_.get(), change.service, change.new_text, model->get(), path(change.service));
}

bool PamFiles::module_found() const {
  return std::any_of(paths_.modules.begin(), paths_.modules.end(), [](const std::string& pattern) {
    glob_t found{};
    const std::string wanted = pattern + "/" + std::string(pam_module_name);
    const bool some = ::glob(wanted.c_str(), GLOB_NOSORT, nullptr, &found) == 0;
    ::globfree(&found);
    return some;
  });
}

}  // namespace chos
