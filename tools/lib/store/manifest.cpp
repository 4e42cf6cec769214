// SPDX-License-Identifier: BSD-3-Clause
#include "store/manifest.h"

#include <fcntl.h>
#include <fts.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <map>
#include <memory>
#include <set>

#include "basic/files.h"
#include "basic/text.h"
#include "store/digest.h"

namespace chos {
namespace {

constexpr const char* head = "chos-manifest 1\n";
constexpr const char* unknown = "unreadable";
constexpr std::size_t chunk = 1 << 20;

// One word: no blank, no line end, no control character.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (u > ' ' && u < 0x7f && c != '\\') out += c;
    else out += "\\x" + hex_text(&u, 1);
  }
  return out.empty() ? "\\" : out;
}

Result<std::string> content_digest(int fd, const std::string& name,
                                   const std::function<void(std::size_t)>& read_so_far) {
  static thread_local std::string buffer(chunk, '\0');
  Sha256 sum;
  for (;;) {
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error("cannot read " + name, errno);
    if (got == 0) return sum.finish();
    sum.add(buffer.data(), static_cast<std::size_t>(got));
    if (read_so_far) read_so_far(static_cast<std::size_t>(got));
  }
}

Status cannot_read(const FTSENT& file) {
  return system_error("cannot read " + std::string(file.fts_path), file.fts_errno);
}

// Calls visit(entry) for each entry of a tree, fail(entry) for one that cannot be read, until one of
// them is an Error.
template <typename Visit, typename Fail>
Status walk_tree(std::string root, Visit visit, Fail fail) {
  char* const starts[] = {root.data(), nullptr};
  const std::unique_ptr<FTS, int (*)(FTS*)> walk(
      ::fts_open(starts, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, nullptr), ::fts_close);
  if (!walk) return system_error("cannot read the tree " + root, errno);
  errno = 0;
  while (const FTSENT* file = ::fts_read(walk.get())) {
    if (file->fts_info == FTS_DP) continue;
    const bool failed = file->fts_info == FTS_DNR || file->fts_info == FTS_ERR || file->fts_info == FTS_NS;
    if (auto status = failed ? fail(*file) : visit(*file); !status) return status;
    errno = 0;
  }
  if (errno != 0) return system_error("cannot read the tree " + root, errno);
  return {};
}

std::string capabilities(const FTSENT& file) {
  std::array<unsigned char, 64> value{};
  const ssize_t size = ::lgetxattr(file.fts_accpath, "security.capability", value.data(), value.size());
  return size > 0 ? hex_text(value.data(), static_cast<std::size_t>(size)) : "-";
}

// Of a regular file; empty: none.
std::string rights_of(const struct stat& info, const std::string& caps) {
  std::string rights;
  const auto add_right = [&rights](const char* name) {
    rights += (rights.empty() ? "" : ",") + std::string(name);
  };
  if ((info.st_mode & S_ISUID) != 0) add_right("setuid");
  // Without x for the group it means mandatory locking, and gives nothing.
  if ((info.st_mode & S_ISGID) != 0 && (info.st_mode & S_IXGRP) != 0) add_right("setgid");
  if (caps != "-" && (info.st_mode & 0111) != 0) add_right("capabilities");
  return rights;
}

class Reader {
 public:
  Reader(std::string root, const ManifestProgress& progress, Unreadable unreadable)
      : root_(std::move(root)), progress_(progress), unreadable_(unreadable) {}

  Result<Manifest> run() {
    const auto visit = [this](const FTSENT& file) -> Status {
      if (auto added = add(file); !added) return added;
      if (stopped_) return Error{"interrupted", "", EINTR};
      return {};
    };
    const auto fail = [this](const FTSENT& file) -> Status {
      // Without its root it is no tree.
      if (file.fts_level == 0 || !is_noted(file.fts_errno)) return cannot_read(file);
      note_unreadable(file);
      return {};
    };
    if (auto status = walk_tree(root_, visit, fail); !status) return status.error();
    out_.text = head;
    for (const auto& [path, about] : lines_) out_.text += path + " " + about + "\n";
    out_.entries = lines_.size();
    return std::move(out_);
  }

 private:
  static char type_of(mode_t mode) {
    if (S_ISREG(mode)) return 'f';
    if (S_ISDIR(mode)) return 'd';
    if (S_ISLNK(mode)) return 'l';
    if (S_ISCHR(mode)) return 'c';
    if (S_ISBLK(mode)) return 'b';
    return S_ISFIFO(mode) ? 'p' : 's';
  }

  bool is_noted(int why) const { return unreadable_ == Unreadable::note && (why == EACCES || why == EPERM); }

  std::string path_of(const FTSENT& file) const {
    const auto path = std::string(file.fts_path).substr(root_.size());
    return path.empty() ? "/" : path;
  }

  // A directory was added before it was found that it cannot be read; of what lies in one that may
  // be read but not entered only the name is known.
  void note_unreadable(const FTSENT& file) {
    ++out_.unreadable;
    auto& about = lines_[escaped(path_of(file))];
    if (about.ends_with("0 - -")) about.replace(about.size() - 3, 1, unknown);
    else about = "? ? ? ? " + std::string(unknown) + " -";
  }

  // Of a regular file: size, digest and capabilities.
  Result<std::string> regular(const FTSENT& file, const std::string& path) {
    const struct stat& info = *file.fts_statp;
    const std::string caps = capabilities(file), size = std::to_string(info.st_size);
    if (const auto rights = rights_of(info, caps); !rights.empty()) out_.privileged.push_back({path, rights});
    const auto noted = [&] {
      ++out_.unreadable;
      return size + " " + unknown + " " + caps;
    };
    const UniqueFd fd(::open(file.fts_accpath, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (!fd && is_noted(errno)) return noted();
    if (!fd) return system_error("cannot read " + std::string(file.fts_path), errno);
    // A second hard link has the same content.
    auto& known = info.st_nlink > 1 ? links_[info.st_ino] : scratch_;
    if (info.st_nlink == 1) known.clear();
    if (known.empty()) {
      const auto digest = content_digest(fd.get(), file.fts_path, [this](std::size_t bytes) {
        out_.bytes += bytes;
        report();
      });
      if (!digest && is_noted(digest.error().code)) return noted();  // a server may tell so late
      if (!digest) return digest.error();
      known = *digest;
    }
    return size + " " + known + " " + caps;
  }

  Status add(const FTSENT& file) {
    const struct stat& info = *file.fts_statp;
    const std::string path = path_of(file);
    char mode[8];
    std::snprintf(mode, sizeof mode, "%04o", info.st_mode & 07777U);
    std::string about = std::string(1, type_of(info.st_mode)) + " " + mode + " " +
                        std::to_string(info.st_uid) + ":" + std::to_string(info.st_gid) + " ";
    if (S_ISREG(info.st_mode)) {
      const auto more = regular(file, path);
      if (!more) return more.error();
      about += *more;
    } else if (S_ISLNK(info.st_mode)) {
      std::string target(PATH_MAX, '\0');  // its size is what a broken image claims
      const ssize_t size = ::readlink(file.fts_accpath, target.data(), target.size());
      if (size < 0) return system_error("cannot read " + std::string(file.fts_path), errno);
      target.resize(static_cast<std::size_t>(size));
      about += "0 " + escaped(target) + " -";
    } else if (S_ISCHR(info.st_mode) || S_ISBLK(info.st_mode)) {
      about += "0 " + std::to_string(major(info.st_rdev)) + ":" + std::to_string(minor(info.st_rdev)) + " -";
    } else {
      about += "0 - -";
    }
    lines_.emplace(escaped(path), about);
    report();
    return {};
  }

  void report() { stopped_ = stopped_ || (progress_ && !progress_(lines_.size(), out_.bytes)); }

  std::string root_;
  const ManifestProgress& progress_;
  const Unreadable unreadable_;
  Manifest out_;
  std::map<std::string, std::string> lines_;
  std::map<ino_t, std::string> links_;  // the digest of what has several names
  std::string scratch_;
  bool stopped_ = false;
};

struct Entry {
  std::string path;
  std::vector<std::string> words;  // type, mode, owner, size, content, capabilities
};

std::vector<Entry> read_entries(const std::string& text) {
  std::vector<Entry> entries;
  for (const auto line : split(text, '\n')) {
    const auto words = split(line, ' ');
    if (words.size() != 7) continue;
    Entry entry{std::string(words[0]), {}};
    for (std::size_t i = 1; i < words.size(); ++i) entry.words.emplace_back(words[i]);
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::string difference(const Entry& before, const Entry& after) {
  static constexpr const char* names[] = {"type", "mode", "owner", "content", "content", "capabilities"};
  std::string out;
  for (std::size_t i = 0; i < before.words.size(); ++i) {
    if (before.words[i] == after.words[i]) continue;
    if (i == 4 && (before.words[i] == unknown || after.words[i] == unknown)) {
      out += (out.empty() ? "" : ", ") + std::string("content ") +
             (after.words[i] == unknown ? "cannot be read now" : "could not be read before");
      continue;
    }
    const bool short_enough = i < 3 || (i == 4 && before.words[0] == "l");
    out += (out.empty() ? "" : ", ") + std::string(i == 4 && short_enough ? "link" : names[i]);
    if (short_enough) out += " " + after.words[i] + ", was " + before.words[i];
    if (i == 0) break;  // all else differs too
    if (i == 3) ++i;    // so does the content
  }
  return out;
}

}  // namespace

std::string Manifest::digest() const {
  Sha256 sum;
  sum.add(text.data(), text.size());
  return "sha256:" + sum.finish();
}

Result<Manifest> read_manifest(const std::string& root, const ManifestProgress& progress,
                               Unreadable unreadable) {
  return Reader(root, progress, unreadable).run();
}

Result<std::vector<PrivilegedFile>> find_privileged(const std::string& root, std::uint64_t most,
                                                    const ManifestProgress& progress) {
  std::vector<PrivilegedFile> found;
  std::uint64_t entries = 0;
  const auto visit = [&](const FTSENT& file) -> Status {
    if (++entries > most)
      return Error{"the tree " + root + " has more than " + std::to_string(most) + " entries", "", EFBIG};
    if (progress && !progress(entries, 0)) return Error{"interrupted", "", EINTR};
    if (!S_ISREG(file.fts_statp->st_mode)) return {};
    if (const auto rights = rights_of(*file.fts_statp, capabilities(file)); !rights.empty())
      found.push_back({std::string(file.fts_path).substr(root.size()), rights});
    return {};
  };
  if (auto status = walk_tree(root, visit, cannot_read); !status) return status.error();
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  return found;
}

std::vector<std::string> manifest_differences(const std::string& before, const std::string& after) {
  const auto old_entries = read_entries(before), new_entries = read_entries(after);
  std::vector<std::string> out;
  auto a = old_entries.begin();
  auto b = new_entries.begin();
  while (a != old_entries.end() || b != new_entries.end()) {
    if (b == new_entries.end() || (a != old_entries.end() && a->path < b->path)) {
      out.push_back(a->path + ": missing");
      ++a;
    } else if (a == old_entries.end() || b->path < a->path) {
      out.push_back(b->path + ": added");
      ++b;
    } else {
      if (a->words != b->words) out.push_back(a->path + ": " + difference(*a, *b));
      ++a;
      ++b;
    }
  }
  return out;
}

Result<std::string> file_digest(const std::string& path) {
  const auto fd = open_regular(path);
  if (!fd) return fd.error();
  auto digest = content_digest(fd->get(), path, {});
  if (!digest) return digest.error();
  return "sha256:" + *digest;
}

}  // namespace chos
