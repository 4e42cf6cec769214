// SPDX-License-Identifier: BSD-3-Clause
// The base's nsswitch.conf in every OS, as far as its tree has the modules.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <map>
#include <memory>

#include "allowlist/allowlist.h"
#include "basic/files.h"
#include "farm/populate.h"
#include "farm/trees.h"
#include "mount/detached.h"
#include "mount/operations.h"
#include "tree/layer.h"
#include "tree/links.h"
#include "tree/nsswitch.h"

namespace chos {
namespace {

constexpr const char* place = "/etc/nsswitch.conf";
constexpr std::size_t largest = 64 * 1024;

bool is_regular(const Result<UniqueFd>& fd) {
  struct stat info {};
  return fd && ::fstat(fd->get(), &info) == 0 && S_ISREG(info.st_mode);
}

Result<std::string> read_it(int fd, const std::string& name) {
  const UniqueFd file = reopen(fd, O_RDONLY);
  if (!file) return system_error("cannot open " + name, errno);
  return read_all(file.get(), largest, name);
}

// A file for each text; trees with the same modules have one together.
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
    const std::string file = directory_ + "/" + name_of_content(text);
    if (const auto there = read_file(file, largest); !there || *there != text) {
      const std::string fresh = file + ".new";
      ::unlink(fresh.c_str());
      const UniqueFd fd(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
      if (!fd) return system_error("cannot make " + fresh, errno);
      if (auto status = write_once(fd.get(), text, fresh); !status) return status.error();
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

// What the OS is to show instead of its own; empty: its own says the same, or it keeps it.
Result<std::string> wanted_text(const std::string& base, int tree) {
  const auto own = open_in_tree(tree, place, Last::keep);
  if (own && !is_regular(own)) return std::string();
  std::map<std::string, bool> known;
  const HasService has = [&known, tree](const std::string& service) {
    const auto [at, is_new] = known.emplace(service, false);
    if (is_new) at->second = has_nss_service(tree, service);
    return at->second;
  };
  const std::string wanted = filter_nsswitch(base, has);
  if (!own) return wanted;
  const auto text = read_it(own->get(), place);
  if (!text) return text.error();
  const auto all = [](const std::string&) { return true; };
  return filter_nsswitch(*text, all) == wanted ? std::string() : wanted;
}

// Mounts `file`, or takes what is mounted away if it is empty.
Status put(const std::string& file, int target, const std::string& name, bool mounted, unsigned flags,
           Transaction& changes) {
  if (file.empty()) return detach_undoably(target, name, false, "removing the mount on " + name, changes);
  std::shared_ptr<UniqueFd> before;
  if (mounted) {
    auto copy = clone_mount(target, false, name);
    if (!copy) return copy.error();
    before = std::make_shared<UniqueFd>(std::move(*copy));
  }
  const UniqueFd source(::open(file.c_str(), O_PATH | O_CLOEXEC));
  if (!source) return system_error("cannot open " + file, errno);
  const auto fresh = clone_mount(source.get(), false, file);
  if (!fresh) return fresh.error();
  if (auto status = mounted ? exchange_mount(fresh->get(), name) : attach_mount(fresh->get(), target, name);
      !status)
    return status;
  changes.done("mounting on " + name,
               [before, name] { return before ? exchange_mount(before->get(), name) : detach(name); });
  if (::mount(nullptr, by_fd(fresh->get()).c_str(), nullptr, MS_PRIVATE, nullptr) != 0)
    return system_error("cannot make " + name + " private", errno);
  return set_mount_flags(fresh->get(), flags, name);
}

}  // namespace

bool Populate::shows_nsswitch() const {
  const auto& share = node_.config.share;
  // Who shares it as it is has it as it is.
  return node_.config.nsswitch && std::find(share.begin(), share.end(), place) == share.end();
}

Status Populate::nsswitch() {
  const auto table = MountTable::read();
  if (!table) return table.error();
  Copies copies(node_.links + "/nsswitch");
  const auto base = shows_nsswitch() ? read_file(node_.nsswitch, largest) : std::string();
  const auto ours = table->source_of(copies.directory());
  std::size_t all = 0, changed = 0;
  for (const OsEntry* entry : trees_of(list_)) {
    if (entry->out_of_reach()) continue;  // where it will be mounted nothing is to be made
    const auto in_farm = open_tree_in_farm(node_.config, *entry);
    if (!in_farm || is_base_root(in_farm->get())) continue;
    const UniqueFd tree = open_tree_itself(node_.config, *entry, in_farm->get());
    const auto target = open_in_tree(in_farm->get(), place, Last::keep);
    if (!tree || !is_regular(target)) continue;
    std::string file;
    if (base && !base->empty()) {
      const auto text = wanted_text(*base, tree.get());
      if (!text) return text.error();
      if (!text->empty()) {
        auto made = copies.file_of(*text);
        if (!made) return made.error();
        file = *made;
      }
    }
    all += file.empty() ? 0 : 1;
    const std::string name = path_of(target->get());
    const auto id = mount_id(target->get());
    const Mount* mount = id ? table->by_id(*id) : nullptr;
    const bool mounted = mount != nullptr && ours && mount->target == name && mount->device == ours->device &&
                         is_below(mount->root, ours->root);
    if (file.empty() ? !mounted : same_file(target->get(), file)) continue;
    const unsigned flags = mount_ro | mount_nodev | (entry->suid ? 0U : mount_nosuid);
    if (auto status = put(file, target->get(), name, mounted, flags, changes_); !status) return status;
    ++changed;
  }
  if (all + changed > 0)
    progress_.step("nsswitch", changed > 0,
                   std::to_string(all) + (changed > 0 ? ", " + std::to_string(changed) + " changed" : ""));
  return {};
}

}  // namespace chos
