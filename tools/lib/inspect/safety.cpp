// SPDX-License-Identifier: BSD-3-Clause
#include "inspect/safety.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include <algorithm>
#include <cerrno>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "basic/files.h"
#include "basic/text.h"
#include "basic/walk.h"
#include "inspect/areas.h"
#include "inspect/link_targets.h"
#include "inspect/writers.h"

namespace chos {
namespace {

using Level = Finding::Level;

// Empty: none.
std::string rights_of(const WalkEntry& file) {
  std::string rights;
  const auto add = [&rights](const char* name) { rights += (rights.empty() ? "" : ",") + std::string(name); };
  if ((file.info.st_mode & S_ISUID) != 0) add("setuid");
  // Without the execute bit for the group, setgid means mandatory locking and gives no rights.
  if ((file.info.st_mode & S_ISGID) != 0 && (file.info.st_mode & S_IXGRP) != 0) add("setgid");
  if (!file.is_mount && (file.info.st_mode & 0111) != 0 &&
      ::getxattr(by_fd(file.fd).c_str(), "security.capability", nullptr, 0) > 0)
    add("capabilities");
  return rights;
}

// null, zero, full, random, urandom, tty, console and ptmx: every user may have them.
bool is_usual_device(const WalkEntry& file) {
  if (!S_ISCHR(file.info.st_mode) || !file.path.starts_with("/dev/")) return false;
  const auto kind = major(file.info.st_rdev), number = minor(file.info.st_rdev);
  if (kind == 1) return number == 3 || number == 5 || number == 7 || number == 8 || number == 9;
  return kind == 5 && number <= 2;
}

class Surveyor {
 public:
  Surveyor(int tree, Extent extent, const SurveyProgress& progress)
      : tree_(tree), extent_(extent), progress_(progress) {}

  Result<Safety> run() {
    const auto visit = [this](const WalkEntry& entry) { return look_at(entry); };
    const auto failed = [this](const std::string& path, int why) -> Status {
      // A user can make deep directories only where users can write.
      if (why == ELOOP && area_of(path, true) != Area::other) return walk_error(path, why);
      ++out_.unread;
      return {};
    };
    if (auto status = walk_tree(tree_, visit, failed); !status) return status.error();
    for (auto* list : {&out_.writable, &out_.tolerated, &out_.closed, &out_.privileged, &out_.devices})
      list->sort();
    return std::move(out_);
  }

 private:
  Result<Below> look_at(const WalkEntry& entry) {
    if (progress_)
      if (auto status = progress_(++entries_); !status) return status.error();
    const mode_t mode = entry.info.st_mode;
    if (entry.is_mount && (mode & S_IFMT) == 0) ++out_.unread;
    if (S_ISCHR(mode) || S_ISBLK(mode)) device(entry);
    if (S_ISLNK(mode) && !entry.is_mount) link(entry);
    if (!S_ISREG(mode) && !S_ISDIR(mode)) return Below::walk;
    writers(entry);
    if (S_ISREG(mode)) {
      if (auto rights = rights_of(entry); !rights.empty()) out_.privileged.add(entry.path, std::move(rights));
      return Below::walk;
    }
    if (is_on_the_way(entry.path) && shuts_users_out(entry.fd, entry.info))
      out_.closed.add(entry.path, mode_text(mode));
    return extent_ == Extent::whole || is_critical(entry.path) ? Below::walk : Below::skip;
  }

  static std::string mode_text(mode_t mode) {
    char text[16];
    std::snprintf(text, sizeof text, "mode %04o", static_cast<unsigned>(mode & 07777));
    return text;
  }

  void device(const WalkEntry& entry) {
    if (is_usual_device(entry)) return;
    out_.devices.add(entry.path, std::string(S_ISCHR(entry.info.st_mode) ? "char " : "block ") +
                                     std::to_string(major(entry.info.st_rdev)) + ":" +
                                     std::to_string(minor(entry.info.st_rdev)));
  }

  void link(const WalkEntry& entry) {
    if (area_of(entry.path, false) == Area::other) return;
    if (auto users = users_behind(tree_, entry.path, entry.fd); !users.empty())
      out_.writable.add(entry.path, std::move(users));
  }

  void writers(const WalkEntry& entry) {
    const Area area = area_of(entry.path, S_ISDIR(entry.info.st_mode));
    if (area == Area::other) return;
    const Writers writers = writers_of(entry.fd, entry.info);
    if (writers.none()) return;
    (is_tolerated(entry, area, writers) ? out_.tolerated : out_.writable).add(entry.path, writers.text);
  }

  static bool is_tolerated(const WalkEntry& entry, Area area, const Writers& writers) {
    constexpr gid_t staff = 50;  // of Debian
    if (writers.users) return false;
    if (area == Area::service) return true;
    const mode_t mode = entry.info.st_mode;
    // A program that takes its owner's rights belongs to its owner.
    if (S_ISREG(mode) && (mode & S_ISUID) != 0 && (mode & (S_IWGRP | S_IWOTH)) == 0) return true;
    return S_ISDIR(mode) && entry.info.st_uid == 0 && entry.info.st_gid == staff &&
           is_local_of_debian(entry.path) && writers.text == "gid 50";
  }

  const int tree_;
  const Extent extent_;
  const SurveyProgress& progress_;
  std::uint64_t entries_ = 0;
  Safety out_;
};

// The paths that a person can be told to mend one by one.
constexpr std::size_t most_named = 8;

constexpr std::string_view is_link = "link to ";  // the text of users_behind() begins so

// " PATH" for each file about which one of the words is known.
std::string words_of(const FileList& list, const std::string& root,
                     std::initializer_list<std::string_view> words) {
  std::string out;
  for (const auto& [path, about] : list.files()) {
    const auto is_said = [&about = about](std::string_view word) {
      return word == is_link ? about.starts_with(word)
                             : about.find(word) != std::string::npos && !about.starts_with(is_link);
    };
    if (std::any_of(words.begin(), words.end(), is_said))
      out += " " + shell_quoted(root + (path == "/" ? "" : path));
  }
  return out;
}

std::string remedy_for(const FileList& writable, const std::string& root) {
  if (writable.count() > most_named)
    return "was the tree unpacked by a user? Give its files to root (chown -hR root:root), and take from others "
           "what they can write (chmod -R go-w)";
  std::string out;
  const auto add = [&](const std::string& command, const std::string& words) {
    if (!words.empty()) out += (out.empty() ? "" : "; ") + command + words;
  };
  add("chown root", words_of(writable, root, {"uid "}));
  add("chmod go-w", words_of(writable, root, {"gid ", "everybody"}));
  add("setfacl -b", words_of(writable, root, {"ACL"}));
  add("rm", words_of(writable, root, {is_link}));
  return out;
}

std::string counted(std::uint64_t count, const char* one, const char* many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

}  // namespace

Result<Safety> survey(int tree, Extent extent, const SurveyProgress& progress) {
  return Surveyor(tree, extent, progress).run();
}

void report_safety(const Safety& safety, const SafetyRules& rules, const std::string& subject,
                   const std::string& root, Findings& out) {
  const auto add = [&](Level level, const std::string& what, const std::string& remedy) {
    out.push_back({level, subject, what, remedy});
  };
  const auto& [writable, tolerated, closed, privileged, devices, unread] = safety;
  if (!closed.empty())
    add(Level::error, "no user can get past " + closed.text(most_named),
        "chmod a+rx" + words_of(closed, root, {""}));
  if (!writable.empty())
    add(rules.allow_writable ? Level::warning : Level::error,
        "others than root can change " +
            counted(writable.count(), "file or directory that is", "files and directories that are") +
            " executed, linked or read as configuration: " + writable.text(most_named),
        remedy_for(writable, root) +
            (rules.publishing ? "; to publish the tree as it is: --allow-writable" : ""));
  if (!tolerated.empty())
    add(Level::info,
        "accounts of services can change " +
            counted(tolerated.count(), "file or directory", "files and directories") + ": " +
            tolerated.text(most_named),
        "nothing to do if these IDs belong to the same services on the node, and to no user");
  if (!devices.empty())
    add(Level::warning,
        "it has " + counted(devices.count(), "device node", "device nodes") + ": " + devices.text(most_named),
        "nothing to do: they have no effect in an OS");
  if (unread > 0)
    add(Level::info, std::to_string(unread) + " of its entries could not be examined", "run this as root");
  if (!privileged.empty())
    add(rules.suid ? Level::warning : Level::info,
        counted(privileged.count(), "file", "files") + " would give rights: " + privileged.text(most_named),
        rules.suid ? "the OS is marked suid: keep those that are needed, chmod u-s,g-s the others"
                   : "nothing to do: the OS is not marked suid, so they give no rights in it");
}

void examine_trees_directory(const std::string& trees, Findings& out) {
  const UniqueFd fd(::open(trees.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  struct stat info {};
  if (!fd || ::fstat(fd.get(), &info) != 0 || !shuts_users_out(fd.get(), info)) return;
  out.push_back({Level::error, "trees", "no user can get past " + trees + ", so no program runs in an OS",
                 "chmod a+rx " + shell_quoted(trees) +
                     "; to keep users of the base OS from the trees: chmod 700 " +
                     shell_quoted(trees.substr(0, trees.rfind('/')))});
}

Safety examine_safety(const std::string& root, const SafetyRules& rules, const std::string& subject,
                      Findings& out) {
  const UniqueFd tree(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!tree) return {};  // it was removed just now
  auto safety = survey(tree.get(), Extent::critical);
  if (!safety) {
    out.push_back({Level::error, subject, safety.error().what, safety.error().remedy});
    return {};
  }
  report_safety(*safety, rules, subject, root, out);
  return std::move(*safety);
}

}  // namespace chos
