// SPDX-License-Identifier: BSD-3-Clause
#include "lib/pam_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <glob.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "lib/names.h"

namespace chos {
namespace {

constexpr std::size_t longest_file = 64 * 1024;
constexpr std::size_t longest_attribute = 64 * 1024;

Status check_directory(int fd, uid_t trusted, const std::string& name) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return system_error("cannot examine " + name, errno);
  if (info.st_uid != trusted)
    return Error{name + " belongs to uid " + std::to_string(info.st_uid) + "; expected uid " +
                     std::to_string(trusted), "chown root " + name, EPERM};
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return Error{name + " is writable by others than its owner", "chmod go-w " + name, EPERM};
  return {};
}

Result<UniqueFd> open_directory(const std::string& path, uid_t trusted) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return system_error("cannot open the directory " + path, errno);
  if (auto status = check_directory(fd.get(), trusted, path); !status) return status.error();
  return fd;
}

// With what is above it.  0700, as `up` makes /var/lib/chos: users have no business there.
Status make_directories(const std::string& path) {
  std::string made;
  for (const auto part : split(path, '/')) {
    if (!part.empty() || made.empty()) made += std::string(part) + "/";
    if (part.empty()) continue;
    if (::mkdir(made.c_str(), 0700) != 0 && errno != EEXIST)
      return system_error("cannot make the directory " + made, errno);
  }
  return {};
}

// Attributes that vouch for the content of one file are left to the kernel.
bool is_copied(const std::string& attribute) {
  return attribute != "security.ima" && attribute != "security.evm";
}

Status copy_attributes(int from, int to, const std::string& name) {
  std::string names(longest_attribute, '\0');
  const ssize_t size = ::flistxattr(from, names.data(), names.size());
  if (size < 0 && errno == ENOTSUP) return {};
  if (size < 0) return system_error("cannot list the attributes of " + name, errno);
  names.resize(static_cast<std::size_t>(size));
  for (const auto part : split(names, '\0')) {
    const std::string attribute(part);
    if (attribute.empty() || !is_copied(attribute)) continue;
    std::string value(longest_attribute, '\0');
    const ssize_t length = ::fgetxattr(from, attribute.c_str(), value.data(), value.size());
    if (length < 0)
      return system_error("cannot read the attribute " + attribute + " of " + name, errno);
    if (::fsetxattr(to, attribute.c_str(), value.data(), static_cast<std::size_t>(length), 0) != 0)
      return system_error("cannot give the new " + name + " the attribute " + attribute, errno);
  }
  return {};
}

// A new file, complete and on disk, then renamed.  `model`: whose owner, mode and attributes it
// gets.  No service is ever called by the name that it has before, and one that a killed run left
// is taken away by the next.
Status replace_in(int directory, const std::string& name, const std::string& text, int model,
                  const std::string& path) {
  const std::string temporary = ".chosctl-" + name + ".new";
  if (::unlinkat(directory, temporary.c_str(), 0) != 0 && errno != ENOENT)
    return system_error("cannot remove the left-over " + temporary + " beside " + path, errno);
  UniqueFd fd(::openat(directory, temporary.c_str(),
                       O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd) return system_error("cannot make a file beside " + path, errno);
  const auto fail = [&](Error error) {
    ::unlinkat(directory, temporary.c_str(), 0);
    return Status(std::move(error));
  };
  struct stat info {};
  if (::fstat(model, &info) != 0) return fail(system_error("cannot examine " + path, errno));
  if (auto status = write_once(fd.get(), text, "the new " + path); !status)
    return fail(status.error());
  if (::fchown(fd.get(), info.st_uid, info.st_gid) != 0 ||
      ::fchmod(fd.get(), info.st_mode & 07777) != 0)
    return fail(system_error("cannot give the new " + path + " its owner and mode", errno));
  if (auto status = copy_attributes(model, fd.get(), path); !status) return fail(status.error());
  if (::fsync(fd.get()) != 0) return fail(system_error("cannot write the new " + path, errno));
  if (::renameat(directory, temporary.c_str(), directory, name.c_str()) != 0)
    return fail(system_error("cannot replace " + path, errno, "is it immutable? See: lsattr " +
                                                                  path));
  if (::fsync(directory) != 0)
    return system_error(path + " is replaced, but perhaps not yet on disk", errno);
  return {};
}

Result<std::string> read_any(const std::string& path) {
  auto fd = open_regular(path);
  if (!fd) return fd.error();
  return read_all(fd->get(), longest_file, path);
}

}  // namespace

Result<PamFiles> PamFiles::open(PamPaths paths) {
  auto directory = open_directory(paths.directory, paths.trusted);
  if (!directory) return directory.error();
  return PamFiles(std::move(paths), std::move(*directory));
}

Status PamFiles::lock() {
  while (::flock(directory_.get(), LOCK_EX) != 0) {
    if (errno != EINTR) return system_error("cannot lock " + paths_.directory, errno);
  }
  return {};
}

Result<UniqueFd> PamFiles::open_service(const std::string& name) const {
  const std::string where = path(name);
  // Through an O_PATH descriptor first, so that nothing but a regular file is ever opened.
  const UniqueFd seen(::openat(directory_.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat info {};
  if (!seen || ::fstat(seen.get(), &info) != 0) {
    const int why = errno;
    if (why != ENOENT) return system_error("cannot open " + where, why);
    for (const auto& directory : paths_.vendor) {
      const std::string vendor = directory + "/" + name;
      if (::access(vendor.c_str(), F_OK) == 0)
        return Error{where + " does not exist; PAM takes " + vendor +
                         ", which belongs to a package and is not changed",
                     "cp " + vendor + " " + where, ENOENT};
    }
    return Error{where + " does not exist", "is the service installed, and is its name right?",
                 ENOENT};
  }
  if (!S_ISREG(info.st_mode))
    return Error{where + " is " + std::string(file_kind(info.st_mode)) +
                     "; expected a regular file",
                 S_ISLNK(info.st_mode) ? "name the file it leads to, or put a copy in its place"
                                       : "",
                 EINVAL};
  if (info.st_nlink > 1)
    return Error{where + " has " + std::to_string(info.st_nlink) +
                     " names (hard links); to replace it would part them",
                 "put a copy in its place", EINVAL};
  UniqueFd fd(::open(("/proc/self/fd/" + std::to_string(seen.get())).c_str(),
                     O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!fd) return system_error("cannot open " + where, errno);
  if (auto status = check_trusted(fd.get(), paths_.trusted, where); !status)
    return status.error();
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
  const std::unique_ptr<DIR, int (*)(DIR*)> all(::opendir(paths_.directory.c_str()), ::closedir);
  if (!all) return names;
  while (const dirent* entry = ::readdir(all.get())) {
    if (pam_service_problem(entry->d_name).empty()) names.emplace_back(entry->d_name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

Result<std::string> PamFiles::back_up(const PamChange& change) const {
  if (auto status = make_directories(paths_.backups); !status) return status.error();
  const auto directory = open_directory(paths_.backups, paths_.trusted);
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
  if (auto status = replace_in(directory->get(), name, change.backup_text, model->get(), where);
      !status)
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
                 "look at it, then run this again", EAGAIN};
  return replace_in(directory_.get(), change.service, change.new_text, model->get(),
                    path(change.service));
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
