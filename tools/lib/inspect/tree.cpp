// SPDX-License-Identifier: BSD-3-Clause
// What doctor asks of one tree.  Everything is opened inside the tree, as it would be for a
// process in that OS; nothing of it is run.
#include "inspect/tree.h"

#include <fcntl.h>
#include <fts.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "basic/elf.h"
#include "basic/files.h"
#include "basic/run_paths.h"
#include "basic/text.h"
#include "farm/missing_trees.h"
#include "farm/trees.h"
#include "mount/operations.h"
#include "tree/cover.h"
#include "tree/links.h"
#include "tree/share.h"

namespace chos {
namespace {

using Level = Finding::Level;

class Tree {
 public:
  Tree(const Allowlist& list, const OsEntry& entry, const std::string& path, const Config& config,
       const std::string& kernel, const Servers& servers, Findings& out)
      : list_(list),
        entry_(entry),
        path_(path),
        config_(config),
        kernel_(kernel),
        servers_(servers),
        out_(out) {}

  void examine() {
    if (const auto found = find_tree_at(entry_, path_, servers_); !found) {
      add(entry_.closed ? Level::info : Level::error,
          found.error().what + (entry_.closed ? "" : "; nobody new can enter"),
          "put the tree there, or remove the line from the allowlist; then run: chosctl reload");
      return;
    }
    fd_ = UniqueFd(::open(path_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!fd_) return;  // gone at this moment
    shell();
    libc();
    owners();
    look_in_farm();
    shared();
    links();
    rights();
  }

 private:
  void add(Level level, const std::string& what, const std::string& remedy) {
    out_.push_back({level, "tree " + entry_.name, what, remedy});
  }

  // Opens a regular file of the tree for reading; the links on the way are the tree's.
  UniqueFd open_file(const std::string& path) {
    const auto seen = open_in_tree(fd_.get(), path, Last::follow);
    struct stat info {};
    if (!seen || ::fstat(seen->get(), &info) != 0 || !S_ISREG(info.st_mode)) return UniqueFd();
    return reopen(seen->get(), O_RDONLY);
  }

  // What runs a script: the first word after "#!".
  static std::optional<std::string> interpreter_of(int fd) {
    char start[256];
    const ssize_t got = ::pread(fd, start, sizeof start, 0);
    const std::string_view text(start, got > 0 ? static_cast<std::size_t>(got) : 0);
    if (!text.starts_with("#!")) return std::nullopt;
    const auto line = trimmed(text.substr(2, text.find('\n') - 2));
    return std::string(line.substr(0, line.find_first_of(" \t")));
  }

  void shell() {
    constexpr const char* complete = "is the tree complete? Install a shell into it";
    const UniqueFd sh = open_file("/bin/sh");
    struct stat info {};
    if (!sh || ::fstat(sh.get(), &info) != 0 || (info.st_mode & 0111) == 0) {
      add(Level::error, "it has no /bin/sh that can be run", complete);
      return;
    }
    if (const auto script = interpreter_of(sh.get())) {
      if (!open_file(*script))
        add(Level::error, "its /bin/sh is a script for " + in_quotes(*script) + ", which it does not have",
            complete);
      return;
    }
    const auto facts = read_elf(sh.get(), "/bin/sh");
    if (!facts) {
      add(Level::error, "its /bin/sh is no program: " + facts.error().what, complete);
      return;
    }
    const UniqueFd self(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
    const auto own = self ? read_elf(self.get(), "/proc/self/exe") : Result<ElfFacts>(Error{});
    if (own && !runs_on(facts->machine, own->machine))
      add(Level::error, "its programs are for another kind of processor",
          "replace it by a tree for this machine");
    if (!facts->interpreter.empty() && !open_file(facts->interpreter))
      add(Level::error, "the dynamic loader of its /bin/sh is missing: " + facts->interpreter,
          "is the tree complete? Its libc package brings it");
  }

  // Where distributions have libc.so.6.
  std::vector<std::string> libc_candidates() {
    std::vector<std::string> out;
    for (const char* directory : {"/lib64", "/lib", "/lib32", "/usr/lib64", "/usr/lib"}) {
      out.push_back(std::string(directory) + "/libc.so.6");
      const auto fd = open_in_tree(fd_.get(), directory, Last::directory);
      if (!fd) continue;
      const auto names = names_in(fd->get());
      if (!names) continue;
      for (const auto& name : *names)
        if (name.find("-linux-") != std::string::npos)
          out.push_back(std::string(directory) + "/" + name + "/libc.so.6");
    }
    return out;
  }

  void libc() {
    const auto running = parse_kernel_version(kernel_);
    for (const auto& candidate : libc_candidates()) {
      const UniqueFd fd = open_file(candidate);
      if (!fd) continue;
      const auto facts = read_elf(fd.get(), candidate);
      if (!facts || !facts->oldest_kernel) continue;
      if (running && *facts->oldest_kernel > *running)
        add(Level::error,
            "its libc needs a kernel >= " + version_string(*facts->oldest_kernel) + ", this is " + kernel_,
            "take a tree with an older libc, boot a newer kernel, or close the OS (option closed)");
      return;
    }
    add(Level::info, "no glibc was found in it, so it was not compared with the kernel",
        "nothing, if the OS uses another libc (musl)");
  }

  void owners() {
    for (const char* directory : {"/", "/bin", "/sbin", "/lib", "/lib64", "/etc", "/usr", "/usr/bin",
                                  "/usr/sbin", "/usr/lib", "/usr/lib64", "/usr/local/bin", "/opt", "/var"}) {
      const auto fd = open_in_tree(fd_.get(), directory, Last::directory);
      struct stat info {};
      if (!fd || ::fstat(fd->get(), &info) != 0) continue;
      const std::string where = path_ + (std::string_view(directory) == "/" ? "" : directory);
      if (info.st_uid != 0)
        add(Level::error,
            where + " belongs to uid " + std::to_string(info.st_uid) +
                ", who can change what others run there",
            "chown root " + where + "; was the tree unpacked by a user?");
      else if ((info.st_mode & S_IWOTH) != 0)
        add(Level::error, where + " can be written by everybody", "chmod o-w " + where);
      else if ((info.st_mode & S_IWGRP) != 0 && info.st_gid != 0)
        add(Level::warning, where + " can be written by the group " + std::to_string(info.st_gid),
            "chmod g-w " + where);
    }
  }

  // There it may still be one that the base has no more.
  void look_in_farm() {
    const std::string place = config_.farm + entry_.path;
    if (const auto status = servers_.ask(place); !status) {
      add(Level::error, "it is another one in the farm, " + status.error().what,
          "is its server up?  If it is not to come back: umount -l " + place + " && chosctl reload");
      return;
    }
    if (auto tree = open_tree_in_farm(config_, entry_)) in_farm_ = std::move(*tree);
  }

  // A share is a mount over what the OS has; without that there is none.
  void shared() {
    for (const auto& path : config_.share) {
      if (in_farm_ && is_stale_share({config_.farm, share_links}, in_farm_.get(), path))
        add(Level::error, "it shows something else as " + path + " than the base OS has now",
            "run: chosctl reload");
      if (in_farm_ && lacks_share(in_farm_.get(), path))
        add(Level::warning, "it has no " + path + " to show the base OS's on", or_built_with(path));
      if (path != "/etc/passwd" && path != "/etc/group") continue;
      const auto fd = open_in_tree(fd_.get(), path, Last::keep);
      struct stat info {};
      const bool there = fd && ::fstat(fd->get(), &info) == 0;
      if (!there || S_ISREG(info.st_mode)) continue;
      add(Level::warning,
          "its " + path +
              " is no regular file, so users of the node have no names "
              "in it",
          "rm " + path_ + path + " && chosctl reload");
    }
  }

  // What `up` and `reload` add in the farm.
  std::string or_built_with(const std::string& what) const {
    return "run: chosctl reload; if that warns of it, build the tree with " + what;
  }

  void links() {
    for (const auto& name : left_over_links(fd_.get()))
      add(Level::info, "an older version of chos has made the link " + (link_place + ("/" + name)) + " in it",
          "run: chosctl reload, which takes it away if it can");
    if (!in_farm_) return;  // the farm is not up: that has been said
    auto wanted = wanted_links(config_);
    const auto commands = commands_of(config_, list_, entry_);
    add_commands(wanted, commands);
    std::vector<std::string> missing;
    for (const auto& link : missing_links(in_farm_.get(), wanted)) {
      if (link.name != "chos") missing.push_back(link.name);
      else
        add(Level::info, "it has no chos, so its users cannot go on to another OS from inside",
            or_built_with(link_place));
    }
    if (!missing.empty())
      add(Level::info, "it has no links for commands of the base OS: " + listed(missing),
          or_built_with(link_place));
    if (const auto own = uncovered_programs(in_farm_.get(), commands.names); !own.empty())
      add(Level::error,
          "it has its own " + listed(own) +
              ", which [base.os] says to take from the "
              "base OS",
          "run: chosctl reload");
    if (!commands.absent.empty())
      add(Level::warning,
          "[base.os] names " + listed(commands.absent) +
              ", which the base OS does "
              "not have",
          "install it in the base OS, or correct " + std::string(config_path));
  }

  static std::string rights_of(const FTSENT& file) {
    const mode_t mode = file.fts_statp->st_mode;
    std::string rights;
    const auto add_right = [&rights](const char* name) {
      rights += (rights.empty() ? "" : ",") + std::string(name);
    };
    if ((mode & S_ISUID) != 0) add_right("setuid");
    // Without x for the group it means mandatory locking, and gives nothing.
    if ((mode & S_ISGID) != 0 && (mode & S_IXGRP) != 0) add_right("setgid");
    if ((mode & 0111) != 0 && ::lgetxattr(file.fts_accpath, "security.capability", nullptr, 0) > 0)
      add_right("capabilities");
    return rights;
  }

  void rights() {
    constexpr std::size_t most_listed = 8;
    std::string start = path_;
    char* const starts[] = {start.data(), nullptr};
    const std::unique_ptr<FTS, int (*)(FTS*)> walk(
        ::fts_open(starts, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV | FTS_COMFOLLOW, nullptr), ::fts_close);
    if (!walk) return;
    std::vector<std::string> found;
    std::size_t count = 0, unread = 0;
    while (const FTSENT* file = ::fts_read(walk.get())) {
      if (file->fts_info == FTS_DNR || file->fts_info == FTS_ERR) ++unread;
      if (file->fts_info != FTS_F || !S_ISREG(file->fts_statp->st_mode)) continue;
      const std::string rights = rights_of(*file);
      if (rights.empty()) continue;
      ++count;
      if (found.size() < most_listed)
        found.push_back(std::string(file->fts_path).substr(path_.size()) + " (" + rights + ")");
    }
    if (unread > 0)
      add(Level::info, std::to_string(unread) + " of its directories could not be read", "run this as root");
    if (count == 0) return;
    if (count > found.size()) found.push_back(std::to_string(count - found.size()) + " more");
    add(entry_.suid ? Level::warning : Level::info,
        std::to_string(count) + (count == 1 ? " file" : " files") + " would give rights: " + listed(found),
        entry_.suid ? "the OS is marked suid: keep those that are needed, chmod u-s,g-s the others"
                    : "nothing: the OS is not marked suid, so they give none in it");
  }

  const Allowlist& list_;
  const OsEntry& entry_;
  const std::string& path_;
  const Config& config_;
  const std::string& kernel_;
  const Servers& servers_;
  Findings& out_;
  UniqueFd fd_, in_farm_;
};

}  // namespace

void examine_tree(const Allowlist& list, const OsEntry& entry, const std::string& path, const Config& config,
                  const std::string& kernel, const Servers& servers, Findings& out) {
  Tree(list, entry, path, config, kernel, servers, out).examine();
}

}  // namespace chos
