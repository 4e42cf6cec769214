// SPDX-License-Identifier: BSD-3-Clause
#include "tree/share.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "allowlist/farm_names.h"
#include "basic/files.h"
#include "basic/replace_file.h"
#include "basic/run_paths.h"
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
  if (!fd) return system_error("cannot open " + path, errno);
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

// Those flags of the base's mount by which it trusts what is there less.
unsigned inherited_flags(const Mount& of_base) {
  return of_base.flags & (mount_ro | mount_nosuid | mount_noexec | mount_nosymfollow);
}

// The mount that `opened` is the root of, or null.
const Mount* mount_of_root(const MountTable& table, const Opened& opened) {
  if (!opened.info.is_mount_root) return nullptr;
  const Mount* mount = mount_of(table, opened);
  if (mount == nullptr) return nullptr;
  // The kernel uses numbers again.  The path of a directory that was removed is said to be that.
  const std::string path = path_of(opened.fd.get());
  return path == mount->target || path == mount->target + " (deleted)" ? mount : nullptr;
}

struct Link {
  std::size_t depth = 0;  // directories below the farm
  std::string text;
};

// "../../../local/etc/passwd", for a target in the third directory below the farm: it leads to the
// base's file from inside the OS, and for an administrator who looks at the farm from the base OS.
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

// Makes the link to be mounted, as "/run/chos/share/3/etc/passwd", so that findmnt(8) shows what it
// is.
Result<std::string> make_link(const ShareSite& site, const std::string& path, const Link& wanted) {
  const std::string link = site.links + "/" + std::to_string(wanted.depth) + path;
  if (auto status = replace_link(link, wanted.text); !status) return status.error();
  return link;
}

// What was opened before lies below the new mount.
Status set_new_flags(int tree, const std::string& path, unsigned flags, const std::string& name) {
  const auto fresh = open_target(tree, path);
  if (!fresh) return fresh.error();
  return set_mount_flags(fresh->fd.get(), flags, name);
}

// The outcome of a mount on `name`; it is taken back if something failed afterwards.
Result<ShareOutcome> mounted(const std::string& name, const Status& status) {
  if (status) return ShareOutcome{ShareOutcome::What::bound, name, {}, false};
  ::umount2(name.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
  return status.error();
}

// `inherited` are for itself, and not for what is mounted in it.
Result<ShareOutcome> bind(int tree, const std::string& path, const Opened& base, const Opened& target,
                          unsigned flags, unsigned inherited) {
  const std::string name = path_of(target.fd.get());
  if (auto status = bind_tree_over(base.fd.get(), target.fd.get(), path, name, flags); !status)
    return status.error();
  return mounted(name, set_new_flags(tree, path, flags | inherited, name));
}

Result<ShareOutcome> link_over(const ShareSite& site, int tree, const std::string& path, const Opened& base,
                               const Opened& target, unsigned flags) {
  const auto wanted = wanted_link(site, base, target);
  if (!wanted) return wanted.error();
  const auto link = make_link(site, path, *wanted);
  if (!link) return link.error();
  const std::string name = path_of(target.fd.get());
  if (auto status = mount_link(*link, target.fd.get(), name); !status) return status.error();
  auto status = set_new_flags(tree, path, flags, name);
  if (const auto seen = open_base(name); status && !(seen && seen->info.is_same_as(base.info)))
    status = Error{
        path + " of the base OS cannot be reached by the link " + wanted->text + " at " + name,
        "is what it is on mounted in the farm too? See: findmnt -R " + site.farm + "/" + farm_local, EXDEV};
  return mounted(name, status);
}

// Does the target show the base's: the link to it, or the directory itself?
bool shows(const ShareSite& site, const Opened& base, const Opened& target) {
  if (S_ISDIR(base.info.mode)) return base.info.is_same_as(target.info);
  const auto link = wanted_link(site, base, target);
  return link && S_ISLNK(target.info.mode) && read_link(target.fd.get(), "") == link->text;
}

// Whether what the base mounts in it appears in the share too.  Not in one of an older version, nor when the
// base has unmounted a file system that it mounted again.
bool follows(const Mount& share, const Mount* of_base) {
  return of_base == nullptr || !of_base->shared || share.master == of_base->group;
}

// One that was killed may have left it in the base's group: what is detached there the base would lose.
Status leave_group(const Opened& share, const Mount& mount) {
  if (mount.shared &&
      ::mount(nullptr, by_fd(share.fd.get()).c_str(), nullptr, MS_SLAVE | MS_REC, nullptr) != 0)
    return system_error("cannot make " + mount.target + " a slave", errno);
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
    if (!read_link(AT_FDCWD, depth.path().string() + path).empty()) return true;
  return false;
}

Result<ShareOutcome> share_path(const ShareSite& site, const MountTable& table, int tree,
                                const std::string& path, unsigned flags,
                                const std::function<bool()>& in_use) {
  const auto base = open_base(path);
  if (!base) {
    if (is_absent(base.error())) return skipped("the base OS has no " + path, false);
    return base.error();
  }
  auto target = open_target(tree, path);
  if (!target) {
    if (is_absent(target.error())) return skipped("the tree has no " + path, false);
    if (target.error().code == ELOOP || target.error().code == EXDEV)
      return skipped(path + " cannot be resolved inside the tree", true);
    return target.error();
  }
  const mode_t kind = base->info.mode & S_IFMT;
  bool was_there = false;
  if (kind != S_IFREG && kind != S_IFDIR)
    return skipped(path + " of the base OS is " + std::string(file_kind(kind)), true);

  if (const Mount* mount = mount_of_root(table, *target)) {
    const bool same = shows(site, *base, *target);
    if (same && (kind == S_IFREG || follows(*mount, mount_of(table, *base))))
      return with_flags(*target, *mount, flags, ShareOutcome::What::already);
    if (same && in_use()) {
      if (auto status = leave_group(*target, *mount); !status) return status.error();
      return with_flags(*target, *mount, flags, ShareOutcome::What::kept);
    }
    // The base's directory was replaced since, or unmounted and mounted again, or its file is a link that
    // leads elsewhere now.
    if (auto status = leave_group(*target, *mount); !status) return status.error();
    if (auto status = detach(mount->target); !status) return status.error();
    was_there = true;
    target = open_target(tree, path);
    if (!target) return target.error();
  }
  // A link in the place of a file (Debian's /etc/localtime) is covered itself; one in the place of a
  // directory leads to what is shared, or to what others in the tree expect there.
  const bool is_link = S_ISLNK(target->info.mode);
  if (is_link && kind == S_IFDIR)
    return skipped(path + " in the tree is a symbolic link, which is left as it is", false);
  if (!is_link && (target->info.mode & S_IFMT) != kind)
    return skipped(path + " in the tree is " + std::string(file_kind(target->info.mode)) +
                       ", in the base OS " + std::string(file_kind(kind)),
                   true);
  if (base->info.is_same_as(target->info)) return skipped(path + " in the tree is the base's own file", true);
  unsigned inherited = 0;
  if (kind == S_IFDIR) {
    const Mount* of_base = mount_of(table, *base);
    auto now = of_base == nullptr ? MountTable::read() : MountTable();  // it was mounted since
    if (of_base == nullptr && now) of_base = mount_of(*now, *base);
    if (of_base == nullptr)
      return Error{path + " of the base OS was unmounted meanwhile", "run it again", EAGAIN};
    inherited = inherited_flags(*of_base);
  }
  auto outcome = kind == S_IFDIR ? bind(tree, path, *base, *target, flags, inherited)
                                 : link_over(site, tree, path, *base, *target, flags);
  if (outcome) outcome->was_there = was_there;
  return outcome;
}

bool concerns_share(int tree, const std::string& path) {
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
