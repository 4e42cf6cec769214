// SPDX-License-Identifier: BSD-3-Clause
#include "basic/replace_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "basic/text.h"

namespace chos {
namespace {

constexpr std::size_t longest_attribute = std::size_t{64} * 1024;

Status check_directory(int fd, uid_t trusted, const std::string& name) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return system_error("cannot examine " + name, errno);
  if (info.st_uid != trusted)
    return Error{
        name + " belongs to uid " + std::to_string(info.st_uid) + "; expected uid " + std::to_string(trusted),
        "chown root " + shell_quoted(name), EPERM};
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return Error{name + " is writable by others than its owner", "chmod go-w " + shell_quoted(name), EPERM};
  return {};
}

// The kernel sets the attributes that vouch for the content of a file.
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
      return system_error(concat({"cannot read the attribute ", attribute, " of ", name}), errno);
    if (::fsetxattr(to, attribute.c_str(), value.data(), static_cast<std::size_t>(length), 0) != 0)
      return system_error(concat({"cannot give the new ", name, " the attribute ", attribute}), errno);
  }
  return {};
}

Status look_like(int model, int fd, const std::string& path) {
  if (model < 0)
    return ::fchmod(fd, 0644) == 0 ? Status() : system_error("cannot set the mode of the new " + path, errno);
  struct stat info {};
  if (::fstat(model, &info) != 0) return system_error("cannot examine " + path, errno);
  if (::fchown(fd, info.st_uid, info.st_gid) != 0 || ::fchmod(fd, info.st_mode & 07777) != 0)
    return system_error("cannot give the new " + path + " its owner and mode", errno);
  return copy_attributes(model, fd, path);
}

}  // namespace

Result<UniqueFd> open_guarded(const std::string& path, uid_t trusted) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return system_error("cannot open the directory " + path, errno);
  if (auto status = check_directory(fd.get(), trusted, path); !status) return status.error();
  return fd;
}

Status replace_in(int directory, const std::string& name, const std::string& text, int model,
                  const std::string& path) {
  // No program looks for a file of this name.  The next run removes one that a killed run has left.
  const std::string temporary = ".chosctl-" + name + ".new";
  if (::unlinkat(directory, temporary.c_str(), 0) != 0 && errno != ENOENT)
    return system_error("cannot remove the left-over " + temporary + " beside " + path, errno);
  UniqueFd fd(
      ::openat(directory, temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd) return system_error("cannot make a file beside " + path, errno);
  const auto fail = [&](Error error) {
    ::unlinkat(directory, temporary.c_str(), 0);
    return Status(std::move(error));
  };
  if (auto status = write_file(fd.get(), text, "the new " + path); !status) return fail(status.error());
  if (auto status = look_like(model, fd.get(), path); !status) return fail(status.error());
  if (::fsync(fd.get()) != 0) return fail(system_error("cannot write the new " + path, errno));
  if (::renameat(directory, temporary.c_str(), directory, name.c_str()) != 0)
    return fail(
        system_error("cannot replace " + path, errno, "is it immutable? See: lsattr " + shell_quoted(path)));
  if (::fsync(directory) != 0) return system_error(path + " is replaced, but perhaps not yet on disk", errno);
  return {};
}

Status replace_file(const std::string& path, const std::string& text, uid_t trusted) {
  constexpr int most_links = 40;  // as in the kernel
  std::string here = path;
  for (int links = 0; links <= most_links; ++links) {
    const auto slash = here.rfind('/');
    const std::string above = slash == std::string::npos ? "." : here.substr(0, slash + 1);
    const std::string name = here.substr(slash + 1);
    const auto directory = open_guarded(above, trusted);
    if (!directory) return directory.error();
    const std::string target = read_link(directory->get(), name);
    if (target.empty()) {
      const UniqueFd old(::openat(directory->get(), name.c_str(),
                                  O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
      if (!old && errno != ENOENT) return system_error("cannot open " + here, errno);
      if (!old && links > 0)
        return Error{path + " is a symbolic link that leads nowhere", "remove it, or create its target",
                     ENOENT};
      return replace_in(directory->get(), name, text, old ? old.get() : -1, here);
    }
    here = target.front() == '/' ? target : concat({above, "/", target});
  }
  return system_error("cannot follow the symbolic link " + path, ELOOP);
}

Status replace_link(const std::string& link, const std::string& text) {
  if (read_link(AT_FDCWD, link) == text) return {};
  constexpr const char* remedy = "is /run mounted and writable?";
  if (auto status = make_directories(std::filesystem::path(link).parent_path(), 0755); !status)
    return Error{status.error().what, remedy, status.error().code};
  const std::string fresh = link + ".new";
  if ((::unlink(fresh.c_str()) != 0 && errno != ENOENT) || ::symlink(text.c_str(), fresh.c_str()) != 0 ||
      ::rename(fresh.c_str(), link.c_str()) != 0)
    return system_error("cannot make the link " + link, errno);
  return {};
}

}  // namespace chos
