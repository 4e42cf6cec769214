// SPDX-License-Identifier: BSD-3-Clause
#include "build/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <unordered_set>
#include <vector>

#include "basic/files.h"
#include "basic/text.h"
#include "build/confined.h"

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
//
// It works in a confined process (confined.h), whose root is that of the tree.
class Archive {
 public:
  enum class What { unpack, check };

  Archive(int input, const std::string& file, What what, const ArchiveLimits& limits,
          const ConfinedReport& report)
      : input_(input), file_(file), limits_(limits), report_(report) {
    if (what == What::unpack) open_writer();
  }

  Status run(std::uint64_t bytes) {
    bytes_ = bytes;
    reader_.reset(::archive_read_new());
    // Not those for which libarchive would run a program: lrzip, lzop, grzip.
    for (const auto support : {::archive_read_support_filter_bzip2, ::archive_read_support_filter_compress,
                               ::archive_read_support_filter_gzip, ::archive_read_support_filter_lz4,
                               ::archive_read_support_filter_lzip, ::archive_read_support_filter_lzma,
                               ::archive_read_support_filter_xz, ::archive_read_support_filter_zstd})
      support(reader_.get());
    ::archive_read_support_format_tar(reader_.get());
    ::archive_read_support_format_gnutar(reader_.get());
    if (::archive_read_open_fd(reader_.get(), input_, block) != ARCHIVE_OK) return broken("");
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
    return {};
  }

  std::uint64_t bytes() const { return bytes_; }
  const std::map<std::string, std::uint64_t>& attributes_left_out() const { return left_out_; }

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
  // a link in the archive could lead later entries elsewhere in the tree.  The same holds for an entry that
  // is a directory, since libarchive would follow a link to one and set the target's mode and time.
  Status check_parents(const std::string& name, bool itself = false) {
    struct stat info {};
    std::string path;
    const auto whole = std::filesystem::path(name);
    for (const auto part : split((itself ? whole : whole.parent_path()).string(), '/')) {
      if (part.empty() || part == ".") continue;
      path += "/" + std::string(part);
      if (::lstat(path.c_str(), &info) != 0) {
        if (errno == ENOENT) return {};  // libarchive makes it
        return refused(name, "cannot be placed in the tree (" + std::string(std::strerror(errno)) + ")");
      }
      if (S_ISLNK(info.st_mode))
        return refused(name, "lies behind the symbolic link " + in_quotes(path.substr(1)));
    }
    return {};
  }

  // A hard link may only lead to a regular file of this archive.  libarchive would follow a link to a link,
  // and write the content and the mode that the entry may have to where that leads.
  Status check_twin(const std::string& name, const std::string& target) {
    if (auto status = check_parents(target); !status) return status;
    if (files_.count(normal(target)) == 0)
      return refused(name,
                     "is a hard link to " + in_quotes(target) + ", which is no regular file of the archive");
    return {};
  }

  // Which names are regular files, as the entries come.
  void note_file(archive_entry* entry, const std::string& name) {
    const bool is_file =
        ::archive_entry_hardlink(entry) != nullptr || ::archive_entry_filetype(entry) == AE_IFREG;
    if (is_file) files_.insert(normal(name));
    else files_.erase(normal(name));
  }

  static std::string normal(std::string path) {
    while (path.ends_with('/')) path.pop_back();
    return std::filesystem::path("/" + path).lexically_normal();
  }

  // Only a user's own attributes and file capabilities are restored.  The others belong to the system that
  // the archive was made on: labels, attributes of overlays, access lists of a file server.
  void drop_attributes(archive_entry* entry) {
    struct Attribute {
      std::string name, value;
    };
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
    for (const auto& one : dropped) note_attribute(one);
    ::archive_entry_xattr_clear(entry);
    for (const auto& [kept_name, content] : kept)
      ::archive_entry_xattr_add_entry(entry, kept_name.c_str(), content.data(), content.size());
  }

  void note_attribute(const std::string& name) {
    constexpr std::size_t most_names = 16;
    if (left_out_.size() < most_names || left_out_.count(name) != 0) ++left_out_[name];
  }

  // The same check without files on disk, by the links that came before in the archive.
  Status note_links(archive_entry* entry, const std::string& name) {
    const auto behind = [this](const std::string& path) -> Status {
      for (auto above = std::filesystem::path(normal(path)).parent_path(); above.has_relative_path();
           above = above.parent_path())
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
    // Past that length libarchive changes its directory step by step, and follows links.
    if (name.size() >= PATH_MAX - 1)
      return refused(name, "has a name of " + std::to_string(name.size()) + " bytes; at most " +
                               std::to_string(PATH_MAX - 2) + " are accepted");
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
    report_(entries_, bytes_);
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
      if (auto status = check_twin(name, target); !status) return status;
      ::archive_entry_set_hardlink(entry, ("/" + std::string(target)).c_str());
    }
    note_file(entry, name);
    drop_attributes(entry);
    ::archive_entry_set_pathname(entry, ("/" + name).c_str());
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
      report_(entries_, bytes_);
    }
  }

  const int input_;
  const std::string& file_;
  const ArchiveLimits& limits_;
  const ConfinedReport& report_;
  ReadHandle reader_;
  WriteHandle writer_;
  std::uint64_t entries_ = 0, bytes_ = 0;
  std::set<std::string> links_;
  std::unordered_set<std::string> files_;
  std::map<std::string, std::uint64_t> left_out_;
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

namespace {

// Returns the size of the content, and with it what else is to be said, a line each.
Result<std::string> run_archive(const std::string& file, int root, Archive::What what, std::uint64_t bytes,
                                const ArchiveLimits& limits, const ArchiveProgress& progress) {
  const UniqueFd input(::open(file.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!input) return system_error("cannot open " + file, errno);
  const auto work = [&](int own_input, const ConfinedReport& report) -> Result<std::string> {
    Archive archive(own_input, file, what, limits, report);
    if (auto status = archive.run(bytes); !status) return status.error();
    std::string text = std::to_string(archive.bytes());
    for (const auto& [name, count] : archive.attributes_left_out())
      text += "\n" + std::to_string(count) + " " + printable(name, 80);
    return text;
  };
  return run_confined({root, input.get(), limits.bytes}, work, progress);
}

}  // namespace

Result<ArchiveNotes> unpack_archive(const std::string& file, const std::string& root,
                                    const ArchiveLimits& limits, const ArchiveProgress& progress) {
  const UniqueFd directory(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!directory) return system_error("cannot open " + root, errno);
  const auto text = run_archive(file, directory.get(), Archive::What::unpack, 0, limits, progress);
  if (!text) return text.error();
  ArchiveNotes notes;
  const auto lines = split(*text, '\n');
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const auto blank = lines[i].find(' ');
    notes.push_back("the extended attribute " + in_quotes(lines[i].substr(blank + 1)) + " was left out of " +
                    std::string(lines[i].substr(0, blank)) +
                    " entries: it belongs to the system that the "
                    "archive was made on");
  }
  return notes;
}

Status check_archive(const std::string& file, const ArchiveLimits& limits, std::uint64_t& bytes,
                     const ArchiveProgress& progress) {
  const auto text = run_archive(file, -1, Archive::What::check, bytes, limits, progress);
  if (!text) return text.error();
  bytes = std::strtoull(text->c_str(), nullptr, 10);
  return {};
}

}  // namespace chos
