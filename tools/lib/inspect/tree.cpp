// SPDX-License-Identifier: BSD-3-Clause
#include "inspect/tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "basic/elf.h"
#include "basic/files.h"
#include "basic/run_paths.h"
#include "basic/text.h"
#include "farm/missing_trees.h"
#include "farm/trees.h"
#include "inspect/writers.h"
#include "mount/open.h"
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

  bool examine() {
    if (const auto found = find_tree_at(entry_, path_, servers_); !found) {
      add(entry_.closed ? Level::info : Level::error,
          found.error().what + (entry_.closed ? "" : "; no process can enter it"),
          "put the tree there, or remove the line from the allowlist; then run: chosctl reload");
      return false;
    }
    fd_ = UniqueFd(::open(path_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!fd_) return false;  // it was removed just now
    shell();
    libc();
    look_in_farm();
    shared();
    links();
    return true;
  }

 private:
  void add(Level level, const std::string& what, const std::string& remedy) {
    out_.push_back({level, "tree " + entry_.name, what, remedy});
  }

  // Opens a regular file of the tree for reading.  Symbolic links are resolved inside the tree.
  UniqueFd open_file(const std::string& path) {
    const auto seen = open_in_tree(fd_.get(), path, Last::follow);
    struct stat info {};
    if (!seen || ::fstat(seen->get(), &info) != 0 || !S_ISREG(info.st_mode)) return UniqueFd();
    return reopen(seen->get(), O_RDONLY);
  }

  // The path of an open file of the tree, for a remedy.  It has none of the tree's links, which would lead
  // elsewhere in the base OS, where the remedy is run.
  std::string place_of(int fd) const {
    const std::string root = path_of(fd_.get()), place = path_of(fd);
    return place.starts_with(root + "/") ? path_ + place.substr(root.size()) : place;
  }

  // The interpreter of a script: the first word after "#!".
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
    if (shuts_users_out(sh.get(), info))
      add(Level::error, "only root can run its /bin/sh", "chmod a+rx " + shell_quoted(place_of(sh.get())));
    if (const auto script = interpreter_of(sh.get())) {
      if (!open_file(*script))
        add(Level::error, "its /bin/sh is a script for " + in_quotes(*script) + ", which it does not have",
            complete);
      return;
    }
    const auto facts = read_elf(sh.get(), "/bin/sh");
    if (!facts) {
      add(Level::error, "its /bin/sh is not a program: " + facts.error().what, complete);
      return;
    }
    const UniqueFd self(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
    const auto own = self ? read_elf(self.get(), "/proc/self/exe") : Result<ElfFacts>(Error{});
    if (own && !runs_on(facts->machine, own->machine))
      add(Level::error, "its programs are for another kind of processor",
          "replace it by a tree for this machine");
    if (!facts->interpreter.empty() && !open_file(facts->interpreter))
      add(Level::error, "the dynamic loader of its /bin/sh is missing: " + in_quotes(facts->interpreter),
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
        "nothing to do if the OS uses another libc (musl)");
  }

  // The farm may still show a tree that the base OS has unmounted.
  void look_in_farm() {
    if (config_.farm.empty()) return;  // the tree is being made
    const std::string place = config_.farm + entry_.path;
    if (const auto status = servers_.ask(place); !status) {
      add(Level::error, "the farm shows another tree: " + status.error().what,
          "is its server up?  If it will not come back: umount -l " + shell_quoted(place) +
              " && chosctl reload");
      return;
    }
    if (auto tree = open_tree_in_farm(config_, entry_)) in_farm_ = std::move(*tree);
  }

  // A share is mounted over a file or directory of the tree, so the tree must have one.
  void shared() {
    for (const auto& path : config_.share) {
      if (in_farm_ && is_stale_share({config_.farm, share_links}, in_farm_.get(), path))
        add(Level::error, "it shows something else as " + path + " than the base OS has now",
            "run: chosctl reload");
      if (in_farm_ && lacks_share(in_farm_.get(), path))
        add(Level::warning, "it has no " + path + " to mount the base OS's over", or_built_with(path));
      if (path != "/etc/passwd" && path != "/etc/group") continue;
      const auto fd = open_in_tree(fd_.get(), path, Last::keep);
      struct stat info {};
      const bool there = fd && ::fstat(fd->get(), &info) == 0;
      if (!there || S_ISREG(info.st_mode)) continue;
      add(Level::warning,
          "its " + path +
              " is not a regular file, so users of the node have no names "
              "in it",
          "rm " + shell_quoted(place_of(fd->get())) + " && chosctl reload");
    }
  }

  // The remedy for what up and reload add in the farm.
  std::string or_built_with(const std::string& what) const {
    return "run: chosctl reload; if that warns of it, build the tree with " + what;
  }

  void links() {
    for (const auto& name : left_over_links(fd_.get()))
      add(Level::info, "an older version of chos has made the link " + (link_place + ("/" + name)) + " in it",
          "run: chosctl reload, which removes it if it can");
    if (!in_farm_) return;  // the farm is not up, which is a finding of its own
    auto wanted = wanted_links(config_);
    const auto commands = commands_of(config_, list_, entry_);
    add_commands(wanted, commands);
    std::vector<std::string> missing;
    for (const auto& link : missing_links(in_farm_.get(), wanted)) {
      if (link.name != "chos") missing.push_back(link.name);
      else
        add(Level::info, "it has no chos, so its users cannot switch to another OS from inside",
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

bool examine_tree(const Allowlist& list, const OsEntry& entry, const std::string& path, const Config& config,
                  const std::string& kernel, const Servers& servers, Findings& out) {
  return Tree(list, entry, path, config, kernel, servers, out).examine();
}

}  // namespace chos
