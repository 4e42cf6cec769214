// SPDX-License-Identifier: BSD-3-Clause
#include "build/tree_writer.h"

#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "basic/text.h"
#include "build/entry.h"

namespace chos {

void TreeWriter::Free::operator()(archive* writer) const { ::archive_write_free(writer); }

// File flags are not restored: an immutable file could not be removed again.
TreeWriter::TreeWriter(std::string file) : file_(std::move(file)), writer_(::archive_write_disk_new()) {
  ::archive_write_disk_set_options(
      writer_.get(), ARCHIVE_EXTRACT_OWNER | ARCHIVE_EXTRACT_PERM | ARCHIVE_EXTRACT_TIME |
                         ARCHIVE_EXTRACT_ACL | ARCHIVE_EXTRACT_XATTR | ARCHIVE_EXTRACT_SECURE_NODOTDOT |
                         ARCHIVE_EXTRACT_SPARSE);
}

Status TreeWriter::check_parents(const std::string& name, bool is_directory) const {
  struct stat info {};
  std::string path;
  const std::filesystem::path whole(tree_path(name));
  const std::string above = is_directory ? whole : whole.parent_path();
  for (const auto part : split(above, '/')) {
    if (part.empty()) continue;
    path += "/" + std::string(part);
    if (::lstat(path.c_str(), &info) != 0) {
      if (errno == ENOENT) return {};  // libarchive makes it
      return refused_entry(file_, name,
                           "cannot be placed in the tree (" + std::string(std::strerror(errno)) + ")");
    }
    if (S_ISLNK(info.st_mode))
      return refused_entry(file_, name, "lies behind the symbolic link " + in_quotes(path.substr(1)));
    if (!S_ISDIR(info.st_mode) && path != whole)
      return refused_entry(file_, name,
                           "lies below " + in_quotes(path.substr(1)) + ", which is no directory");
  }
  return {};
}

Status TreeWriter::make_way(const std::string& name, bool is_directory) const {
  const auto path = tree_path(name);
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0 || (is_directory && S_ISDIR(info.st_mode))) return {};
  std::error_code failure;
  std::filesystem::remove_all(path, failure);
  if (failure)
    return refused_entry(file_, name, "cannot replace what is in its place (" + failure.message() + ")");
  return {};
}

// A hard link may only lead to a regular file of the tree, and so of the archive or of a layer below.
// libarchive would follow a link to a link, and write the content and the mode that the entry may have to
// where that leads.
Status TreeWriter::check_twin(const std::string& name, const std::string& target) const {
  if (auto status = check_parents(target); !status) return status;
  struct stat info {};
  if (::lstat(tree_path(target).c_str(), &info) == 0 && S_ISREG(info.st_mode)) return {};
  return refused_entry(
      file_, name, "is a hard link to " + in_quotes(target) + ", which is no regular file of the archive");
}

Status TreeWriter::begin(archive_entry* entry, const std::string& name) {
  if (const char* target = ::archive_entry_hardlink(entry)) {
    if (auto status = check_twin(name, target); !status) return status;
    ::archive_entry_set_hardlink(entry, tree_path(target).c_str());
  }
  ::archive_entry_set_pathname(entry, ("/" + name).c_str());
  if (::archive_write_header(writer_.get(), entry) < ARCHIVE_OK) return unwritable(name);
  return {};
}

Result<bool> TreeWriter::copy_block(const std::string& name, archive* reader) {
  const void* data = nullptr;
  std::size_t size = 0;
  la_int64_t offset = 0;
  const int rc = ::archive_read_data_block(reader, &data, &size, &offset);
  if (rc == ARCHIVE_EOF) return false;
  if (rc < ARCHIVE_OK) return unreadable(name, reader);
  if (::archive_write_data_block(writer_.get(), data, size, offset) < ARCHIVE_OK) return unwritable(name);
  return true;
}

Status TreeWriter::write(archive_entry* entry, const std::string& name, archive* reader,
                         const std::function<void()>& report) {
  if (auto status = begin(entry, name); !status) return status;
  for (;;) {
    const auto more = copy_block(name, reader);
    if (!more) return more.error();
    if (!*more) break;
    report();
  }
  if (::archive_write_finish_entry(writer_.get()) < ARCHIVE_OK) return unwritable(name);
  return {};
}

Status TreeWriter::close(const std::string& last) {
  if (::archive_write_close(writer_.get()) != ARCHIVE_OK) return unwritable(last);
  return {};
}

Error TreeWriter::unreadable(const std::string& name, archive* reader) const {
  const char* why = ::archive_error_string(reader);
  return Error{file_ + " is truncated or damaged" +
                   (name.empty() ? "" : " after the entry " + in_quotes(name)) + ": " +
                   (why != nullptr ? why : "it cannot be read"),
               "get it anew and compare its checksum", EINVAL};
}

Error TreeWriter::unwritable(const std::string& name) const {
  const int code = ::archive_errno(writer_.get());
  const char* why = ::archive_error_string(writer_.get());
  return Error{"cannot unpack " + in_quotes(name) + " of " + file_ + ": " +
                   (why != nullptr ? why : "it cannot be written") +
                   (code > 0 ? " (" + std::string(std::strerror(code)) + ")" : ""),
               code == ENOSPC ? "make room; nothing was kept of it" : "", code};
}

}  // namespace chos
