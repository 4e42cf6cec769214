// SPDX-License-Identifier: BSD-3-Clause
#include "store/manifest.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <map>
#include <memory>

#include "basic/digest.h"
#include "basic/files.h"
#include "basic/text.h"
#include "basic/walk.h"

namespace chos {
namespace {

constexpr const char* head = "chos-manifest 1\n";
constexpr const char* unknown = "unreadable";
constexpr const char* too_deep = "too-deep";
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

std::string capabilities(int fd) {
  std::array<unsigned char, 64> value{};
  const ssize_t size = ::getxattr(by_fd(fd).c_str(), "security.capability", value.data(), value.size());
  return size > 0 ? hex_text(value.data(), static_cast<std::size_t>(size)) : "-";
}

class Reader {
 public:
  Reader(std::string root, const ManifestProgress& progress, Unreadable unreadable)
      : root_(std::move(root)), progress_(progress), unreadable_(unreadable) {}

  Result<Manifest> run() {
    const UniqueFd root(::open(root_.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!root) return system_error("cannot read the tree " + root_, errno);
    const auto visit = [this](const WalkEntry& entry) -> Result<Below> {
      if (auto added = add(entry); !added) return added.error();
      if (stopped_) return Error{"interrupted", "", EINTR};
      return Below::walk;
    };
    const auto failed = [this](const std::string& path, int why) -> Status {
      // Without its root it is no tree.
      if (path == "/" || !is_noted(why)) return walk_error(in_place(path), why);
      // It was removed meanwhile.
      if (why != ENOENT) note_unreadable(path, why == ELOOP ? too_deep : unknown);
      return {};
    };
    if (auto status = walk_tree(root.get(), visit, failed); !status) return status.error();
    out_.text = head;
    for (const auto& [path, about] : lines_) out_.text += concat({path, " ", about, "\n"});
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

  bool is_noted(int why) const {
    return unreadable_ == Unreadable::list ||
           (unreadable_ == Unreadable::note && (why == EACCES || why == EPERM));
  }

  std::string in_place(const std::string& path) const { return path == "/" ? root_ : root_ + path; }

  // A directory was added before it was found that it cannot be read; of what lies in one that may
  // be read but not entered only the name is known.
  void note_unreadable(const std::string& path, const char* how) {
    ++out_.unreadable;
    auto& about = lines_[escaped(path)];
    if (about.ends_with("0 - -")) about.replace(about.size() - 3, 1, how);
    else about = "? ? ? ? " + std::string(how) + " -";
  }

  // What is mounted there is not of the tree, and its server may never answer.
  Result<std::string> mounted(const WalkEntry& place) {
    if (unreadable_ == Unreadable::refuse)
      return Error{"something is mounted on " + in_place(place.path) + ", so the tree cannot be read whole",
                   "umount " + shell_quoted(in_place(place.path)), EBUSY};
    ++out_.unreadable;
    return std::string("m - - 0 - -");
  }

  // Of a regular file: size, digest and capabilities.
  Result<std::string> regular(const WalkEntry& file) {
    const struct stat& info = file.info;
    const std::string caps = capabilities(file.fd), size = std::to_string(info.st_size);
    const auto noted = [&] {
      ++out_.unreadable;
      return size + " " + unknown + " " + caps;
    };
    const UniqueFd fd = reopen(file.fd, O_RDONLY);
    if (!fd && is_noted(errno)) return noted();
    if (!fd) return system_error("cannot read " + in_place(file.path), errno);
    // A second hard link has the same content.
    auto& known = info.st_nlink > 1 ? links_[info.st_ino] : scratch_;
    if (info.st_nlink == 1) known.clear();
    if (known.empty()) {
      const auto digest = content_digest(fd.get(), in_place(file.path), [this](std::size_t bytes) {
        out_.bytes += bytes;
        report();
      });
      if (!digest && is_noted(digest.error().code)) return noted();  // a server may tell so late
      if (!digest) return digest.error();
      known = *digest;
    }
    return size + " " + known + " " + caps;
  }

  Status add(const WalkEntry& file) {
    auto about = file.is_mount ? mounted(file) : examined(file);
    if (!about) return about.error();
    lines_.insert_or_assign(escaped(file.path), std::move(*about));
    report();
    return {};
  }

  Result<std::string> examined(const WalkEntry& file) {
    const struct stat& info = file.info;
    char mode[8];
    std::snprintf(mode, sizeof mode, "%04o", info.st_mode & 07777U);
    std::string about = std::string(1, type_of(info.st_mode)) + " " + mode + " " +
                        std::to_string(info.st_uid) + ":" + std::to_string(info.st_gid) + " ";
    if (S_ISREG(info.st_mode)) {
      const auto more = regular(file);
      if (!more) return more.error();
      about += *more;
    } else if (S_ISLNK(info.st_mode)) {
      std::string target(PATH_MAX, '\0');  // its size is what a broken image claims
      const ssize_t size = ::readlinkat(file.fd, "", target.data(), target.size());
      if (size < 0 && is_noted(errno)) {
        ++out_.unreadable;
        return about + "0 " + unknown + " -";
      }
      if (size < 0) return system_error("cannot read " + in_place(file.path), errno);
      target.resize(static_cast<std::size_t>(size));
      about += "0 " + escaped(target) + " -";
    } else if (S_ISCHR(info.st_mode) || S_ISBLK(info.st_mode)) {
      about += "0 " + std::to_string(major(info.st_rdev)) + ":" + std::to_string(minor(info.st_rdev)) + " -";
    } else {
      about += "0 - -";
    }
    return about;
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

// Why no content is known of an entry; "" if it is, or the entry has none.
std::string lack_of(const Entry& entry) {
  if (entry.words[0] == "m") return "something is mounted on it";
  if (entry.words[4] == too_deep) return "too many directories above it, so what it holds cannot be read";
  return entry.words[4] == unknown ? "cannot be read" : "";
}

std::string difference(const Entry& before, const Entry& after) {
  // Nothing else is known of it.
  if (after.words[0] == "m") return "something is mounted on it now";
  if (before.words[0] == "m") return "something was mounted on it before";
  if (after.words[0] == "?") return "cannot be read now";
  if (before.words[0] == "?") return "could not be read before";
  static constexpr const char* names[] = {"type", "mode", "owner", "content", "content", "capabilities"};
  std::string out;
  for (std::size_t i = 0; i < before.words.size(); ++i) {
    if (before.words[i] == after.words[i]) continue;
    if (i == 4 && (before.words[i] == unknown || after.words[i] == unknown)) {
      out += (out.empty() ? "" : ", ") + std::string("content ") +
             (after.words[i] == unknown ? "cannot be read now" : "could not be read before");
      continue;
    }
    if (i == 4 && after.words[i] == too_deep) return lack_of(after);
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
      const auto lack = lack_of(*b);
      out.push_back(b->path + ": added" + (lack.empty() ? "" : ", ") + lack);
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
