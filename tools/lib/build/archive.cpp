// SPDX-License-Identifier: BSD-3-Clause
#include "build/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <set>

#include "basic/text.h"

namespace chos {
namespace {

constexpr std::size_t block = 1 << 16;
// Removing a tree needs an open descriptor for each level of directories.
constexpr std::size_t deepest = 256;

struct FreeRead {
  void operator()(archive* a) const { ::archive_read_free(a); }
};
struct FreeWrite {
  void operator()(archive* a) const { ::archive_write_free(a); }
};
// The number of components of a name without "." and empty ones: "./a//b" has two.
std::size_t depth_of(const std::string& name) {
  std::size_t depth = 0;
  for (const auto part : split(name, '/')) depth += !part.empty() && part != ".";
  return depth;
}

using ReadHandle = std::unique_ptr<archive, FreeRead>;
using WriteHandle = std::unique_ptr<archive, FreeWrite>;

// libarchive resolves relative names from the working directory of the process, so it gets absolute
// paths, which are made here from names that were checked.
class Archive {
 public:
  Archive(const std::string& file, const std::string& root, const ArchiveLimits& limits,
          const ArchiveProgress& progress)
      : file_(file), root_(root), limits_(limits), progress_(progress) {}

  Status run(std::uint64_t& bytes) {
    bytes_ = bytes;
    reader_.reset(::archive_read_new());
    ::archive_read_support_filter_all(reader_.get());
    ::archive_read_support_format_tar(reader_.get());
    ::archive_read_support_format_gnutar(reader_.get());
    if (::archive_read_open_filename(reader_.get(), file_.c_str(), block) != ARCHIVE_OK) return broken("");
    if (!root_.empty()) open_writer();
    archive_entry* entry = nullptr;
    std::string last;
    for (;;) {
      const int rc = ::archive_read_next_header(reader_.get(), &entry);
      if (rc == ARCHIVE_EOF) break;
      if (rc < ARCHIVE_WARN) return broken(last);
      if (auto status = one(entry); !status) return status;
      last = ::archive_entry_pathname(entry);
    }
    if (entries_ == 0) return Error{file_ + " is empty, or no tar archive", "", EINVAL};
    if (writer_ && ::archive_write_close(writer_.get()) != ARCHIVE_OK) return unwritable(last);
    bytes = bytes_;
    return {};
  }

 private:
  // File flags are not restored: an immutable file could not be removed again.
  void open_writer() {
    writer_.reset(::archive_write_disk_new());
    ::archive_write_disk_set_options(
        writer_.get(), ARCHIVE_EXTRACT_OWNER | ARCHIVE_EXTRACT_PERM | ARCHIVE_EXTRACT_TIME |
                           ARCHIVE_EXTRACT_ACL | ARCHIVE_EXTRACT_XATTR | ARCHIVE_EXTRACT_SECURE_NODOTDOT |
                           ARCHIVE_EXTRACT_SPARSE);
  }

  Error broken(const std::string& last) const {
    const char* why = ::archive_error_string(reader_.get());
    // libarchive reports an unknown format by this text only.
    if (entries_ == 0 && why != nullptr && std::string_view(why) == "Unrecognized archive format")
      return Error{file_ + " is no archive that can be read",
                   "for an image of a file system use image:, for a container image oci:; else get "
                   "it anew",
                   EINVAL};
    return Error{file_ + " is truncated or damaged" +
                     (last.empty() ? "" : " after the entry " + in_quotes(last)) + ": " +
                     (why != nullptr ? why : "it cannot be read"),
                 "get it anew and compare its checksum", EINVAL};
  }
  Error unwritable(const std::string& name) const {
    const int code = ::archive_errno(writer_.get());
    const char* why = ::archive_error_string(writer_.get());
    return Error{"cannot unpack " + in_quotes(name) + " of " + file_ + ": " +
                     (why != nullptr ? why : "it cannot be written") +
                     (code > 0 ? " (" + std::string(std::strerror(code)) + ")" : ""),
                 code == ENOSPC ? "make room; nothing was kept of it" : "", code};
  }
  Error refused(const std::string& name, const std::string& problem) const {
    return Error{file_ + ": the entry " + in_quotes(name) + " " + problem,
                 "the archive was refused as a whole; nothing was kept of it", EINVAL};
  }

  // The parent of each entry must be a directory of the tree that is reached without a link; otherwise
  // a link in the archive could lead later entries out of the tree.  The same holds for an entry that
  // is a directory, since libarchive would follow a link to one and set the target's mode and time.
  Status check_parents(const std::string& name, bool itself = false) {
    struct stat info {};
    std::string path = root_;
    if (::lstat(path.c_str(), &info) != 0 || !S_ISDIR(info.st_mode))
      return refused(name, "comes when the root of the tree is no directory any more");
    const auto whole = std::filesystem::path(name);
    for (const auto part : split((itself ? whole : whole.parent_path()).string(), '/')) {
      if (part.empty() || part == ".") continue;
      path += "/" + std::string(part);
      if (::lstat(path.c_str(), &info) != 0) return {};  // made by libarchive
      if (S_ISLNK(info.st_mode))
        return refused(name, "lies behind the symbolic link " + in_quotes(path.substr(root_.size() + 1)));
    }
    return {};
  }

  // The same check without files on disk, by the links that came before in the archive.
  Status note_links(archive_entry* entry, const std::string& name) {
    const auto normal = [](std::string path) {
      while (path.ends_with('/')) path.pop_back();
      return std::filesystem::path("/" + path).lexically_normal();
    };
    const auto behind = [this, &normal](const std::string& path) -> Status {
      for (auto above = normal(path).parent_path(); above.has_relative_path(); above = above.parent_path())
        if (links_.count(above) != 0)
          return refused(path, "lies behind the symbolic link " + in_quotes(above.string().substr(1)));
      return {};
    };
    if (auto status = behind(name); !status) return status;
    bool is_link = ::archive_entry_filetype(entry) == AE_IFLNK;
    if (const char* twin = ::archive_entry_hardlink(entry)) {
      if (auto status = behind(twin); !status) return status;
      is_link = links_.count(normal(twin)) != 0;
    }
    if (is_link) links_.insert(normal(name));
    else links_.erase(normal(name));
    return {};
  }

  Status check(archive_entry* entry, const std::string& name, bool& dropped) {
    if (const auto problem = entry_name_problem(name); !problem.empty()) return refused(name, problem);
    const auto type = ::archive_entry_filetype(entry);
    if (depth_of(name) > deepest)
      return refused(name, "lies below more than " + std::to_string(deepest - 1) + " directories");
    // libarchive would replace the root directory while that is empty.
    if (depth_of(name) == 0 && (type != AE_IFDIR || ::archive_entry_hardlink(entry) != nullptr))
      return refused(name, "is the root of the tree, and no directory");
    if (const char* target = ::archive_entry_hardlink(entry)) {
      if (const auto problem = entry_name_problem(target); !problem.empty())
        return refused(name, "is a hard link to " + in_quotes(target) + ", which " + problem);
      return {};
    }
    if (type == AE_IFCHR || type == AE_IFBLK) {
      // Overlay images represent a removed file by a device node.
      dropped = limits_.drop_devices;
      if (!dropped)
        return refused(name,
                       "is a device node (an OS shows the node's own /dev; "
                       "--drop-devices leaves them out)");
    } else if (type == AE_IFLNK) {
      const char* target = ::archive_entry_symlink(entry);
      if (const auto problem = link_problem(name, target != nullptr ? target : ""); !problem.empty())
        return refused(name, problem);
    } else if (type != AE_IFREG && type != AE_IFDIR && type != AE_IFIFO && type != AE_IFSOCK) {
      return refused(name, "is of a type that no tree holds");
    }
    return {};
  }

  Status count(archive_entry* entry, const std::string& name) {
    ++entries_;
    // An entry for another hard link may contain the content again.
    const bool content =
        ::archive_entry_hardlink(entry) != nullptr || ::archive_entry_filetype(entry) == AE_IFREG;
    const auto size = static_cast<std::uint64_t>(
        content && ::archive_entry_size(entry) > 0 ? ::archive_entry_size(entry) : 0);
    if (size > limits_.bytes || bytes_ > limits_.bytes - size)
      return refused(
          name, "makes it more than " + std::to_string(limits_.bytes) + " bytes unpacked; see --max-size");
    if (entries_ > limits_.entries)
      return refused(name, "is one more than the " + std::to_string(limits_.entries) + " that are accepted");
    bytes_ += size;
    if (progress_ && !progress_(entries_, bytes_))
      return Error{"interrupted", "nothing was kept of it", EINTR};
    return {};
  }

  Status one(archive_entry* entry) {
    const char* raw = ::archive_entry_pathname(entry);
    if (raw == nullptr) return refused("?", "has a name that cannot be read");
    const std::string name = raw;
    bool dropped = false;
    if (auto status = check(entry, name, dropped); !status) return status;
    if (auto status = count(entry, name); !status) return status;
    if (!writer_)
      if (auto status = note_links(entry, name); !status) return status;
    if (dropped || !writer_) return skip(name);
    const bool directory = ::archive_entry_filetype(entry) == AE_IFDIR;
    if (auto status = check_parents(name, directory); !status) return status;
    if (const char* target = ::archive_entry_hardlink(entry)) {
      if (auto status = check_parents(target); !status) return status;
      ::archive_entry_set_hardlink(entry, (root_ + "/" + target).c_str());
    }
    ::archive_entry_set_pathname(entry, (root_ + "/" + name).c_str());
    if (::archive_write_header(writer_.get(), entry) < ARCHIVE_OK) return unwritable(name);
    if (auto status = copy_content(name); !status) return status;
    if (::archive_write_finish_entry(writer_.get()) < ARCHIVE_OK) return unwritable(name);
    ::archive_entry_set_pathname(entry, name.c_str());
    return {};
  }

  Status skip(const std::string& name) {
    return ::archive_read_data_skip(reader_.get()) == ARCHIVE_OK ? Status() : Status(broken(name));
  }

  Status copy_content(const std::string& name) {
    const void* data = nullptr;
    std::size_t size = 0;
    la_int64_t offset = 0;
    for (;;) {
      const int rc = ::archive_read_data_block(reader_.get(), &data, &size, &offset);
      if (rc == ARCHIVE_EOF) return {};
      if (rc < ARCHIVE_OK) return broken(name);
      if (::archive_write_data_block(writer_.get(), data, size, offset) < ARCHIVE_OK) return unwritable(name);
      if (progress_ && !progress_(entries_, bytes_))
        return Error{"interrupted", "nothing was kept of it", EINTR};
    }
  }

  const std::string& file_;
  const std::string& root_;
  const ArchiveLimits& limits_;
  const ArchiveProgress& progress_;
  ReadHandle reader_;
  WriteHandle writer_;
  std::uint64_t entries_ = 0, bytes_ = 0;
  std::set<std::string> links_;
};

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
  const auto parent = std::filesystem::path(name).lexically_normal().parent_path();
  for (const auto part : split(parent.string(), '/')) depth += !part.empty() && part != ".";
  for (const auto part : split(target, '/')) {
    if (part.empty() || part == ".") continue;
    depth += part == ".." ? -1 : 1;
    if (depth < 0) return "is a symbolic link out of the tree, to " + in_quotes(target);
  }
  return {};
}

Status unpack_archive(const std::string& file, const std::string& root, const ArchiveLimits& limits,
                      const ArchiveProgress& progress) {
  std::uint64_t bytes = 0;
  return Archive(file, root, limits, progress).run(bytes);
}

Status check_archive(const std::string& file, const ArchiveLimits& limits, std::uint64_t& bytes,
                     const ArchiveProgress& progress) {
  const std::string nowhere;
  return Archive(file, nowhere, limits, progress).run(bytes);
}

}  // namespace chos
