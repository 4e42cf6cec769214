// SPDX-License-Identifier: BSD-3-Clause
#include "tree/share.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <utility>

#include "allowlist/farm_names.h"
#include "basic/files.h"
#include "basic/replace_file.h"
#include "basic/run_paths.h"
#include "basic/text.h"
#include "mount/open.h"
#include "mount/operations.h"

namespace chos {
namespace {

struct Opened {
  UniqueFd fd;
  KnownFile info;
};

Result<Opened> examine(Result<UniqueFd> fd, const std::string& path) {
  if (!fd) return fd.error();
  const auto info = known_file(fd->get(), path);
  if (!info) return info.error();
  return Opened{std::move(*fd), *info};
}

Result<Opened> open_target(int tree, const std::string& path) {
  return examine(open_in_tree(tree, path, Last::keep), path);
}

Result<Opened> open_base(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!fd) return general_error(system_error("cannot open " + path, errno));
  return examine(std::move(fd), path);
}

bool is_absent(const Error& error) { return error.code == ENOENT || error.code == ENOTDIR; }

ShareOutcome skipped(const std::string& reason, bool unusual) {
  return {ShareOutcome::What::skipped, {}, reason, unusual};
}

const Mount* mount_of(const MountTable& table, const Opened& opened) {
  const auto id = mount_id(opened.fd.get());
  return id ? table.by_id(*id) : nullptr;
}

// The flags of the base's mount that restrict what is on it.
unsigned inherited_flags(const Mount& of_base) {
  return of_base.flags & (mount_ro | mount_nosuid | mount_noexec | mount_nosymfollow);
}

// The mount that `opened` is the root of, or null.
const Mount* mount_of_root(const MountTable& table, const Opened& opened) {
  if (!opened.info.is_mount_root) return nullptr;
  const Mount* mount = mount_of(table, opened);
  if (mount == nullptr) return nullptr;
  // The kernel reuses ids of mounts, so the path has to agree.  It appends " (deleted)" to removed
  // directories.
  const std::string path = path_of(opened.fd.get());
  return path == mount->target || path == mount->target + " (deleted)" ? mount : nullptr;
}

struct Link {
  std::size_t depth = 0;  // directories below the farm
  std::string text;
};

// "../../../local/etc/passwd" for a target three directories below the farm.  A relative link leads to the
// base's file both inside the OS and when the farm is seen from the base OS.
Result<Link> wanted_link(const ShareSite& site, const Opened& base, const Opened& target) {
  const std::string name = path_of(target.fd.get());
  if (!is_below(name, site.farm) || name == site.farm)
    return Error{name + " is not in the farm " + site.farm, "", EXDEV};
  Link link;
  const std::string_view inside = std::string_view(name).substr(site.farm.size() + 1);
  link.depth = static_cast<std::size_t>(std::count(inside.begin(), inside.end(), '/'));
  for (std::size_t i = 0; i < link.depth; ++i) link.text += "../";
  link.text += std::string(farm_local) + path_of(base.fd.get());
  return link;
}

// Makes the link to be mounted: "/run/chos/share/3/etc/passwd", a name that tells in findmnt(8) what it is.
Result<std::string> make_share_link(const ShareSite& site, const std::string& path, const Link& wanted,
                                    bool is_directory) {
  const std::string link =
      site.links + (is_directory ? "/directories-" : "/") + std::to_string(wanted.depth) + path;
  if (auto status = replace_link(link, wanted.text); !status) return general_error(status.error());
  return link;
}

// The outcome of a new mount, which is unmounted if `status`, of the steps after it, is an error.
Result<ShareOutcome> mounted(UniqueFd mount, const std::string& name, const Status& status) {
  if (status) return ShareOutcome{ShareOutcome::What::bound, name, {}, false, false, std::move(mount)};
  (void)detach(mount.get(), name);
  return status.error();
}

// `inherited` flags are set on the bind itself, `flags` also on the mounts below it.
Result<ShareOutcome> bind_over(const std::string& path, const Opened& base, const Opened& target,
                               unsigned flags, unsigned inherited) {
  const std::string name = path_of(target.fd.get());
  auto mount = bind_tree_over(base.fd.get(), target.fd.get(), path, name, flags);
  if (!mount) return mount.error();
  const auto status = set_mount_flags(mount->get(), flags | inherited, name);
  return mounted(std::move(*mount), name, status);
}

// Whether a process in an OS that opens `path` gets the base's file.
bool shows_base(int farm, const std::string& path, const Opened& base) {
  const auto seen = examine(open_in_tree(farm, path, Last::follow), path);
  return seen && seen->info.is_same_as(base.info);
}

// An Error unless the link that is mounted at `name` in the farm leads to the base's file.
Status check_link(const ShareSite& site, const std::string& path, const std::string& text,
                  const std::string& name, const Opened& base) {
  const UniqueFd farm(::open(site.farm.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!farm) return general_error(system_error("cannot open " + site.farm, errno));
  if (!shows_base(farm.get(), "/" + std::string(farm_local) + path_of(base.fd.get()), base)) {
    Error error{path + " of the base OS cannot be reached by the link " + text + " at " + name,
                "is what it is on mounted in the farm too? See: findmnt -R " +
                    shell_quoted(site.farm + "/" + farm_local),
                EXDEV};
    // Trees with a directory there are bound to the base's, not linked.
    return S_ISDIR(base.info.mode) ? error : general_error(error);
  }
  if (!shows_base(farm.get(), name.substr(site.farm.size()), base))
    return Error{"the link " + text + " at " + name + " does not lead to " + path +
                     " of the base OS (was a directory of the tree moved?)",
                 "run it again", EAGAIN};
  return {};
}

Result<ShareOutcome> link_over(const ShareSite& site, const std::string& path, const Opened& base,
                               const Opened& target, unsigned flags) {
  const auto wanted = wanted_link(site, base, target);
  if (!wanted) return wanted.error();
  const auto link = make_share_link(site, path, *wanted, S_ISDIR(base.info.mode));
  if (!link) return link.error();
  const std::string name = path_of(target.fd.get());
  auto mount = mount_link(*link, target.fd.get(), name);
  if (!mount) return mount.error();
  auto status = set_mount_flags(mount->get(), flags, name);
  if (status) status = check_link(site, path, wanted->text, name, base);
  return mounted(std::move(*mount), name, status);
}

// Whether the target shows the base's file, by the link to it, or is the base's directory.
bool shows(const ShareSite& site, const Opened& base, const Opened& target) {
  if (!S_ISLNK(target.info.mode)) return S_ISDIR(base.info.mode) && base.info.is_same_as(target.info);
  const auto link = wanted_link(site, base, target);
  return link && read_link(target.fd.get(), "") == link->text;
}

// Whether the tree's link leads to the base's directory by itself, as /var/run leads to /run in all OSs.
bool leads_to_base(const ShareSite& site, const Opened& base, const Opened& target) {
  const std::string text = read_link(target.fd.get(), "");
  if (text != path_of(base.fd.get())) return false;
  const UniqueFd farm(::open(site.farm.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!farm || !text.starts_with('/')) return false;
  // The links at the top of the farm lead elsewhere in an OS than here.
  const auto top = open_target(farm.get(), text.substr(0, text.find('/', 1)));
  return top && S_ISDIR(top->info.mode) && shows_base(farm.get(), text, base);
}

// Whether mounts that the base makes in its directory appear in the share.  They do not in a share of an
// older version, nor after the base unmounted the directory and mounted it again.
bool follows(const Mount& share, const Mount* of_base) {
  return of_base == nullptr || !of_base->shared || share.master == of_base->group;
}

// A process that was killed may have left the share in the base's peer group, where unmounting the share
// would unmount the base's directory too.
Status leave_group(const Opened& share, const Mount& mount) {
  if (mount.shared) return make_slave(share.fd.get(), mount.target);
  return {};
}

Result<ShareOutcome> with_flags(const Opened& share, const Mount& mount, unsigned flags,
                                ShareOutcome::What what) {
  const unsigned wanted = mount.flags | flags;
  if (wanted != mount.flags) {
    if (auto status = set_mount_flags(share.fd.get(), wanted, mount.target); !status) return status.error();
    if (what == ShareOutcome::What::already) what = ShareOutcome::What::bound;
  }
  return ShareOutcome{what, mount.target, {}, false, true};
}

// The outcome if the tree's file or directory cannot be opened.
Result<ShareOutcome> without_target(const std::string& path, const Error& error) {
  if (is_absent(error)) return skipped("the tree has no " + path, false);
  if (error.code == ELOOP || error.code == EXDEV)
    return skipped(path + " cannot be resolved inside the tree", true);
  return error;
}

// Why the base's file or directory cannot be mounted over that of the tree; nothing if it can.
std::optional<ShareOutcome> mismatch(const ShareSite& site, const std::string& path, const Opened& base,
                                     const Opened& target) {
  const mode_t kind = base.info.mode & S_IFMT;
  // A link (Debian's /etc/localtime, /var/run) is covered itself.
  const bool is_link = S_ISLNK(target.info.mode);
  if (is_link && kind == S_IFDIR && leads_to_base(site, base, target))
    return skipped(path + " in the tree is a link that leads to it", false);
  // So is anything else in the place of a file: from a FIFO, root's sshd would read what users write to it.
  const bool is_covered = is_link || (kind == S_IFREG && !S_ISDIR(target.info.mode));
  if (!is_covered && (target.info.mode & S_IFMT) != kind)
    return skipped(path + " in the tree is " + std::string(file_kind(target.info.mode)) +
                       ", in the base OS " + std::string(file_kind(kind)),
                   true);
  if (base.info.is_same_as(target.info)) return skipped(path + " in the tree is the base's own file", true);
  return std::nullopt;
}

// The flags that the base's mount of a directory passes on to its share.
Result<unsigned> flags_of_base(const MountTable& table, const std::string& path, const Opened& base) {
  if (const Mount* mount = mount_of(table, base)) return inherited_flags(*mount);
  const auto now = MountTable::read();  // it may have been mounted after `table` was read
  const Mount* mount = now ? mount_of(*now, base) : nullptr;
  if (mount == nullptr)
    return general_error({path + " of the base OS was unmounted meanwhile", "run it again", EAGAIN});
  return inherited_flags(*mount);
}

}  // namespace

SharedPaths ask_for_shares(const std::vector<std::string>& paths, const Servers& servers) {
  SharedPaths shares;
  servers.ask_all(paths);
  for (const auto& path : paths) (servers.ask(path) ? shares.there : shares.silent).push_back(path);
  return shares;
}

bool was_shared_as_file(const ShareSite& site, const std::string& path) {
  std::error_code failure;
  for (const auto& depth : std::filesystem::directory_iterator(site.links, failure))
    if (depth.path().filename().native().find_first_not_of("0123456789") == std::string::npos &&
        !read_link(AT_FDCWD, depth.path().string() + path).empty())
      return true;
  return false;
}

Result<ShareOutcome> share_path(const ShareSite& site, const MountTable& table, int tree,
                                const std::string& path, unsigned flags,
                                const std::function<bool()>& in_use) {
  const auto base = open_base(path);
  if (!base && is_absent(base.error())) return skipped("the base OS has no " + path, false);
  if (!base) return general_error(base.error());
  auto target = open_target(tree, path);
  if (!target) return without_target(path, target.error());
  const mode_t kind = base->info.mode & S_IFMT;
  if (kind != S_IFREG && kind != S_IFDIR)
    return skipped(path + " of the base OS is " + std::string(file_kind(kind)), true);

  bool was_there = false;
  if (const Mount* mount = mount_of_root(table, *target)) {
    const bool same = shows(site, *base, *target);
    if (same && (S_ISLNK(target->info.mode) || follows(*mount, mount_of(table, *base))))
      return with_flags(*target, *mount, flags, ShareOutcome::What::already);
    if (auto status = leave_group(*target, *mount); !status) return status.error();
    if (same && in_use()) return with_flags(*target, *mount, flags, ShareOutcome::What::kept);
    // The base's directory was replaced, or unmounted and mounted again, or its file is a link that leads
    // elsewhere now.
    if (auto status = detach(target->fd.get(), mount->target); !status) return status.error();
    was_there = true;
    target = open_target(tree, path);
    if (!target) return target.error();
  }
  if (auto reason = mismatch(site, path, *base, *target)) return std::move(*reason);
  const bool binds = S_ISDIR(target->info.mode);
  const auto inherited = binds ? flags_of_base(table, path, *base) : Result<unsigned>(0U);
  if (!inherited) return inherited.error();
  auto outcome = binds ? bind_over(path, *base, *target, flags, *inherited)
                       : link_over(site, path, *base, *target, flags);
  if (outcome) outcome->was_there = was_there;
  return outcome;
}

bool is_for_root(std::string_view path) {
  constexpr std::array<std::string_view, 4> paths{"/etc/passwd", "/etc/group", "/var/run", "/var/log"};
  return std::find(paths.begin(), paths.end(), path) != paths.end();
}

Status check_absent(int tree, const std::string& path) {
  const auto there = open_target(tree, path);
  if (there || !is_absent(there.error())) return {};
  for (auto above = std::filesystem::path(path).parent_path();; above = above.parent_path()) {
    const auto directory = open_in_tree(tree, above.string(), Last::directory);
    struct stat info {};
    if (!directory || ::fstat(directory->get(), &info) != 0) {
      if (!above.has_relative_path()) return {};
      continue;
    }
    if (info.st_uid == 0 && (info.st_mode & (S_IWGRP | S_IWOTH)) == 0) return {};
    return Error{"the tree has no " + path + ", and users can make it: " + above.string() +
                     " in the tree is not root's alone",
                 "make " + path + " in the tree, or close the directory", EPERM};
  }
}

Status check_way_of_share(int tree, const std::string& path) {
  const auto above = std::filesystem::path(path).parent_path().relative_path().string();
  if (above.empty() || !leads_out(tree, above)) return {};
  return Error{
      "/" + above + " leads out of the tree by a symbolic link, and " + path + " would not be the base OS's",
      "make the link relative, or a directory", EXDEV};
}

bool concerns_share(int tree, const std::string& path) {
  if (path == "/var/run") return false;
  if (path != "/etc/ssh/ssh_known_hosts") return true;
  const auto directory = open_target(tree, "/etc/ssh");
  return directory || !is_absent(directory.error());
}

bool lacks_share(int tree, const std::string& path) {
  if (!concerns_share(tree, path)) return false;
  const auto base = open_base(path);
  if (!base || !(S_ISDIR(base->info.mode) || S_ISREG(base->info.mode))) return false;
  const auto target = open_target(tree, path);
  return !target && is_absent(target.error());
}

bool is_stale_share(const ShareSite& site, int tree, const std::string& path) {
  const auto base = open_base(path);
  const auto target = open_target(tree, path);
  return base && target && target->info.is_mount_root && !shows(site, *base, *target);
}

Status remove_share_links(const ShareSite& site) {
  std::error_code failure;
  std::filesystem::remove_all(site.links, failure);
  if (failure) return system_error("cannot remove " + site.links, failure.value());
  return {};
}

}  // namespace chos
