// SPDX-License-Identifier: BSD-3-Clause
#include "farm/show_nsswitch.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <map>
#include <memory>

#include "basic/digest.h"
#include "basic/files.h"
#include "farm/trees.h"
#include "mount/detached.h"
#include "mount/mountinfo.h"
#include "mount/open.h"
#include "mount/operations.h"
#include "tree/layer.h"
#include "tree/links.h"
#include "tree/nsswitch.h"
#include "tree/share.h"

namespace chos {
namespace {

constexpr const char* place = "/etc/nsswitch.conf";
constexpr std::size_t largest = std::size_t{64} * 1024;

// What the C library finds if the base has no file, or no usable one.
constexpr const char* usual_text = "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n";

mode_t kind_of(const Result<UniqueFd>& fd) {
  struct stat info {};
  return fd && ::fstat(fd->get(), &info) == 0 ? info.st_mode & S_IFMT : 0;
}

Result<std::string> read_again(int fd, const std::string& name) {
  const UniqueFd file = reopen(fd, O_RDONLY);  // without waiting for a lease
  if (!file) return system_error("cannot open " + name, errno);
  return read_all(file.get(), largest, name);
}

// The files to mount: one for each text, so that trees with the same modules share it.
class Copies {
 public:
  explicit Copies(std::string directory) : directory_(std::move(directory)) {}

  Result<std::string> file_of(const std::string& text) {
    const auto known = files_.find(text);
    if (known != files_.end()) return known->second;
    std::error_code failure;
    std::filesystem::create_directories(directory_, failure);
    if (failure)
      return system_error("cannot make the directory " + directory_, failure.value(),
                          "is /run mounted and writable?");
    const std::string name = sha256_of(text);
    if (name.empty()) return Error{"cannot name a copy of nsswitch.conf: no SHA-256", "", ENOTSUP};
    const std::string file = directory_ + "/" + name;
    if (const auto there = read_file(file, largest); !there || *there != text) {
      const std::string fresh = file + ".new";
      ::unlink(fresh.c_str());
      const UniqueFd fd(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
      if (!fd) return system_error("cannot make " + fresh, errno);
      if (auto status = write_file(fd.get(), text, fresh); !status) return status.error();
      if (::fchmod(fd.get(), 0644) != 0 || ::rename(fresh.c_str(), file.c_str()) != 0)
        return system_error("cannot make " + file, errno);
    }
    return files_.emplace(text, file).first->second;
  }

  const std::string& directory() const { return directory_; }

 private:
  std::string directory_;
  std::map<std::string, std::string> files_;  // by text
};

// The text that the OS is to show instead of its own file; empty if it keeps its own, or its own says the
// same.
Result<std::string> wanted_text(const std::string& base, int tree) {
  const auto own = open_in_tree(tree, place, Last::keep);
  std::map<std::string, bool> known;
  const HasService has = [&known, tree](const std::string& service) {
    const auto [at, is_new] = known.emplace(service, false);
    if (is_new) at->second = has_nss_service(tree, service);
    return at->second;
  };
  const std::string wanted = filter_nsswitch(base, has);
  if (!own || kind_of(own) != S_IFREG) return wanted;
  const auto text = read_again(own->get(), place);
  if (!text) return text.error();
  const auto all = [](const std::string&) { return true; };
  return filter_nsswitch(*text, all) == wanted ? std::string() : wanted;
}

// A place in a tree in the farm, and what is mounted on it.
struct Spot {
  int fd;
  Place place;
  std::string name;
  bool mounted;  // one of the files of Copies
};

// Mounts `file` at a place; if it is empty, unmounts what is mounted there.
Status put(const std::string& file, const Spot& at, unsigned flags, Transaction& changes) {
  if (file.empty())
    return detach_recorded(at.fd, at.place, false, "removing the mount on " + at.name, at.name, changes);
  UniqueFd before;
  if (at.mounted) {
    auto copy = clone_mount(at.fd, false, at.name);
    if (!copy) return copy.error();
    before = std::move(*copy);
  }
  const UniqueFd source(::open(file.c_str(), O_PATH | O_CLOEXEC));
  if (!source) return general_error(system_error("cannot open " + file, errno));
  auto fresh = clone_mount(source.get(), false, file);
  if (!fresh) return fresh.error();
  const int mount = fresh->get();
  auto status =
      at.mounted ? exchange_mount(mount, at.fd, at.place, at.name) : attach_mount(mount, at.fd, at.name);
  if (!status) return status;
  if (at.mounted)
    changes.done("mounting on " + at.name,
                 [now = std::make_shared<UniqueFd>(std::move(*fresh)),
                  before = std::make_shared<UniqueFd>(std::move(before)), place = at.place,
                  name = at.name] { return exchange_mount(before->get(), now->get(), place, name); });
  else record_mount(std::move(*fresh), "mounting on " + at.name, at.name, changes);
  if (auto made = make_private(mount, at.name); !made) return made;
  return set_mount_flags(mount, flags, at.name);
}

class Nsswitch {
 public:
  Nsswitch(const FarmWork& work, MountTable table, std::string base)
      : work_(work),
        table_(std::move(table)),
        base_(std::move(base)),
        copies_(work.node.links + "/nsswitch"),
        ours_(table_.source_of(copies_.directory())) {}

  Status show_all() {
    std::size_t all = 0, changed = 0;
    auto status = for_each_tree(work_, [&](const OsEntry& entry) -> Status {
      const auto shown = show(entry);
      if (!shown) return shown.error();
      all += shown->filtered ? 1 : 0;
      changed += shown->changed ? 1 : 0;
      return {};
    });
    if (!status) return status;
    if (all + changed > 0)
      work_.progress.step(
          "nsswitch", changed > 0,
          std::to_string(all) + (changed > 0 ? ", " + std::to_string(changed) + " changed" : ""));
    return {};
  }

 private:
  struct Shown {
    bool filtered = false, changed = false;
  };

  Result<Shown> show(const OsEntry& entry) {
    const auto in_farm = open_tree_in_farm(work_.node.config, entry);
    if (!in_farm || is_base_root(in_farm->get())) return Shown();
    const UniqueFd tree = open_tree_itself(work_.node.config, entry, in_farm->get());
    const auto target = open_in_tree(in_farm->get(), place, Last::keep);
    // A link (authselect makes one) and anything else that can be covered is covered: root's sshd reads the
    // file after the user's OS was entered, and loads the modules that it names.
    if (!tree || kind_of(target) == S_IFDIR) return Shown();
    if (!target && !base_.empty())
      if (auto status = check_absent(tree.get(), place); !status) return status.error();
    if (!target) return Shown();
    const auto file = wanted_file(tree.get());
    if (!file) return file.error();
    const auto where = Place::of(in_farm->get(), target->get());
    if (!where) return where.error();
    const Spot at = spot_of(*where, target->get());
    const bool as_wanted = file->empty() ? !at.mounted : same_file(at.fd, *file);
    if (!as_wanted) {
      const unsigned flags = mount_ro | mount_nodev | (entry.suid ? 0U : mount_nosuid);
      if (auto status = put(*file, at, flags, work_.changes); !status) return status.error();
    }
    return Shown{!file->empty(), !as_wanted};
  }

  // The file to mount; empty if there is none to mount.
  Result<std::string> wanted_file(int tree) {
    if (base_.empty()) return std::string();
    auto text = wanted_text(base_, tree);
    if (!text || text->empty()) return text;
    auto file = copies_.file_of(*text);
    if (!file) return general_error(file.error());
    return file;
  }

  Spot spot_of(const Place& where, int fd) const {
    const std::string name = path_of(fd);
    const auto id = mount_id(fd);
    const Mount* mount = id ? table_.by_id(*id) : nullptr;
    const bool is_ours = mount != nullptr && ours_ && mount->target == name &&
                         mount->device == ours_->device && is_below(mount->root, ours_->root);
    return {fd, where, name, is_ours};
  }

  const FarmWork& work_;
  const MountTable table_;
  const std::string base_;  // the text of the base's file; empty: none is to be shown
  Copies copies_;
  const std::optional<MountTable::Source> ours_;  // the directory of the copies
};

}  // namespace

bool shows_nsswitch(const Config& config) {
  return config.nsswitch && std::find(config.share.begin(), config.share.end(), place) == config.share.end();
}

Status show_nsswitch(const FarmWork& work) {
  auto table = MountTable::read();
  if (!table) return table.error();
  std::string text;
  if (shows_nsswitch(work.node.config)) {
    const auto base = read_file(work.node.nsswitch, largest);
    text = base && !base->empty() ? *base : usual_text;
  }
  return Nsswitch(work, std::move(*table), text).show_all();
}

}  // namespace chos
