// SPDX-License-Identifier: BSD-3-Clause
#include "lifecycle/up.h"

#include <chos/abi.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "allowlist/allowlist.h"
#include "allowlist/parse.h"
#include "basic/descriptor_limit.h"
#include "basic/files.h"
#include "basic/lock.h"
#include "basic/progress.h"
#include "basic/text.h"
#include "basic/transaction.h"
#include "farm/bind_directories.h"
#include "farm/bind_trees.h"
#include "farm/layout.h"
#include "farm/missing_trees.h"
#include "farm/own_mounts.h"
#include "farm/show_covers.h"
#include "farm/show_layers.h"
#include "farm/show_nsswitch.h"
#include "farm/show_shares.h"
#include "farm/stale_trees.h"
#include "farm/tree_state.h"
#include "farm/trees.h"
#include "kernel/proc_chos.h"
#include "mount/open.h"
#include "mount/operations.h"
#include "store/mounts.h"
#include "tree/share.h"

namespace chos {
namespace {

class Up {
 public:
  Up(const Node& node, Progress& progress) : node_(node), progress_(progress) {}

  Status run(bool already_up) {
    // Each looks at the node first and then does what is missing, so two at once would do it twice.
    const auto lock = take_lock(node_.lock, {.waiting = [this](const std::string& holders) {
                                  progress_.warning("waiting for " + holders);
                                }});
    if (!lock) return fail("lock", lock.error());
    const MoreDescriptors more;  // changes_ holds one for each mount that is made
    for (const auto& [name, work] : steps(already_up))
      if (auto status = work(); !status) return fail(name, status.error());
    if (!missing_.empty()) progress_.warning(missing_text(missing_));
    const auto problems = problems_of(list_, trees_);
    if (!problems.empty()) progress_.warning(problems_text(problems));
    if (const auto status = write_problems(node_.problems, problems); !status)
      progress_.warning(status.error().what);
    changes_.commit();
    return {};
  }

 private:
  struct Step {
    const char* name;
    std::function<Status()> work;
  };

  std::vector<Step> steps(bool already_up) {
    std::vector<Step> all{{"allowlist", [this] { return read_list(); }}};
    if (already_up) {
      all.push_back({"module", [this] { return is_up(); }});
    } else {
      all.push_back({"module", [this] { return load_module(); }});
      all.push_back({"chosfs", [this] { return mount_chosfs(); }});
    }
    all.push_back({"layout", [this] { return add_names(); }});
    if (!already_up) {
      all.push_back({"farm", [this] { return make_directory(); }});
      all.push_back({"farm", [this] { return bind_farm(); }});
    }
    const std::vector<Step> rest{
        {"trees", [this] { return make_trees_directory(); }},
        {"trees", [this] { return servers_.ask(node_.config.trees) ? bind_trees(work_) : Status(); }},
        {"images", [this] { return mount_stored_trees(); }},
        {"directories", [this] { return bind_directories(work_); }},
        {"trees", [this] { return find_trees(); }},
        {"trees", [this] { return own_mounts_.make(); }},
        {"flags", [this] { return own_mounts_.set_flags(); }},
        {"layers", [this] { return show_layers(work_, shares_); }},
        {"shared files", [this] { return show_shares(work_, shares_, own_mounts_); }},
        {"nsswitch", [this] { return show_nsswitch(work_); }},
        {"base commands", [this] { return show_covers(work_); }},
        {"allowlist", [this] { return write_list(); }},
    };
    all.insert(all.end(), rest.begin(), rest.end());
    return all;
  }

  Status fail(const std::string& name, const Error& error) {
    progress_.failed(name, error);
    for (const auto& undone : changes_.rollback()) progress_.undone(undone.what, undone.status);
    return error;
  }

  // Finds all errors in the files that administrators write before anything is changed.
  Status read_list() {
    auto parsed = load_allowlist(node_.allowlist_file, node_.groups, node_.trusted);
    constexpr const char* correct_it = "nothing was changed; correct it and run this again";
    if (!parsed.list)
      return error_of(parsed.errors, parsed.missing ? no_allowlist_remedy : correct_it, EINVAL);
    for (const auto& note : parsed.notes) progress_.warning(note.text());
    const auto errors = check_paths(node_.config, *parsed.list, node_.allowlist_file);
    if (!errors.empty()) return error_of(errors, correct_it, ENOENT);
    list_ = std::move(*parsed.list);
    return {};
  }

  // The paths that later steps look at.  Asking for them together costs one wait for all silent servers.
  std::vector<std::string> paths_to_ask() const {
    auto paths = tree_paths(node_.config, list_, Where::farm);
    paths.push_back(node_.config.trees);
    paths.insert(paths.end(), node_.config.share.begin(), node_.config.share.end());
    return paths;
  }

  Status is_up() {
    if (auto there = node_.kernel.present(); !there) return there;
    const auto table = MountTable::read();
    if (!table) return table.error();
    if (table->at(node_.config.farm) == nullptr)
      return Error{"the farm is not mounted on " + node_.config.farm, "run: chosctl up", ENOENT};
    return check_version();
  }

  Status load_module() {
    const bool loaded = node_.module->loaded();
    if (!loaded) {
      if (auto status = node_.module->load(node_.config.farm); !status) return status;
      changes_.done("loading the module", [this] { return node_.module->unload(); });
    }
    const std::string farm = node_.module->farm();
    if (!farm.empty() && farm != node_.config.farm)
      return Error{
          "the module was loaded with farm=" + farm + ", the configuration says " + node_.config.farm,
          "chosctl down && chosctl up, or correct [farm] path", EINVAL};
    progress_.step("module", !loaded, "chos");
    return {};
  }

  Status mount_chosfs() {
    const auto table = MountTable::read();
    if (!table) return table.error();
    const std::string& where = node_.kernel.directory();
    const Mount* mount = table->at(where);
    const bool mounted = mount != nullptr && mount->type == node_.filesystem;
    auto made = mounted ? open_mount(mount->id, where) : mount_pseudo(node_.filesystem, where);
    if (!made) return made.error();
    // The module mounts it when it is loaded, and cannot be unloaded while it is mounted.
    if (!mounted || changes_.size() > 0) record_mount(std::move(*made), "mounting " + where, where, changes_);
    if (auto status = check_version(); !status) return status;
    const auto version = node_.kernel.version();
    progress_.step("chosfs", !mounted,
                   where + ", version " + version->version + ", fork tracking " + version->fork_tracking);
    if (version->fork_tracking != "on")
      progress_.warning("fork tracking is " + version->fork_tracking +
                        ": children whose parents "
                        "are gone lose their OS; see: chosctl doctor");
    return {};
  }

  Status check_version() {
    const auto version = node_.kernel.version();
    if (!version) return version.error();
    if (version->abi != CHOS_ABI_VERSION)
      return Error{"the module speaks protocol " + std::to_string(version->abi) + ", chosctl speaks " +
                       std::to_string(CHOS_ABI_VERSION),
                   "install the module and the tools of one version", EPROTO};
    return {};
  }

  Status add_names() {
    const auto wanted = wanted_layout(node_.config, Servers::of_node());
    const auto there = node_.kernel.layout();
    if (!there) return there.error();
    std::vector<LayoutName> missing;
    for (const auto& name : wanted) {
      bool known = false;
      for (const auto& old : *there) known = known || old == name;
      if (!known) missing.push_back(name);
    }
    if (!missing.empty()) {
      // Not undone: names stay until the module is unloaded, and do no harm.
      if (auto status = node_.kernel.write_layout(missing); !status) return status;
    }
    progress_.step("layout", !missing.empty(), std::to_string(wanted.size()) + " names");
    return {};
  }

  Status make_directory() {
    const std::string& farm = node_.config.farm;
    struct stat info {};
    if (::lstat(farm.c_str(), &info) == 0) {
      if (S_ISDIR(info.st_mode)) return {};
      return Error{farm + " is " + std::string(file_kind(info.st_mode)) + "; expected a directory",
                   "move it away, or name another directory in [farm] path", ENOTDIR};
    }
    if (errno != ENOENT) return system_error("cannot examine " + farm, errno);
    if (::mkdir(farm.c_str(), 0755) != 0) {
      const int why = errno;
      return system_error(
          "cannot make the directory " + farm, why,
          why == EROFS ? "the root file system is read-only: make the directory " + farm + " in the image"
                       : "make it by hand: mkdir " + shell_quoted(farm));
    }
    changes_.done("making " + farm, [farm]() -> Status {
      if (::rmdir(farm.c_str()) != 0) return system_error("cannot remove " + farm, errno);
      return {};
    });
    return {};
  }

  Status bind_farm() {
    const std::string& farm = node_.config.farm;
    const std::string source = node_.kernel.file("farm");
    const auto table = MountTable::read();
    if (!table) return table.error();
    const Mount* mount = table->at(farm);
    if (mount != nullptr) {
      if (!table->same_directory(source, farm))
        return Error{"something else (" + mount->type + ") is mounted on " + farm,
                     "unmount it, or name another directory in [farm] path", EBUSY};
      if (!mount->unbindable)
        progress_.warning(farm +
                          " was not bound by chosctl: a recursive bind of a directory above it "
                          "copies the farm too");
      progress_.step("farm", false, farm);
      return {};
    }
    if (const auto empty = is_empty_directory(farm); !empty || !*empty)
      return Error{farm + " is not empty",
                   "is it a farm made by hand? Move it away, or name another directory in [farm] "
                   "path",
                   ENOTEMPTY};
    auto made = bind_unbindable(source, farm);
    if (!made) return made.error();
    record_mount(std::move(*made), "binding " + farm, farm, changes_);
    progress_.step("farm", true, farm);
    return {};
  }

  // Its parent directory is closed to users: they reach the trees through the farm, where setuid programs
  // have no effect.
  Status make_trees_directory() {
    const std::string& trees = node_.config.trees;
    servers_.read_again();
    servers_.ask_all(paths_to_ask());
    if (!servers_.ask(trees)) return {};
    struct stat info {};
    if (::stat(trees.c_str(), &info) == 0) {
      if (S_ISDIR(info.st_mode)) return {};
      return Error{
          trees + " is " + std::string(file_kind(info.st_mode)) + "; expected the directory of the trees", "",
          ENOTDIR};
    }
    const auto made = [this](const std::string& path) {
      changes_.done("making " + path, [path]() -> Status {
        if (::rmdir(path.c_str()) != 0) return system_error("cannot remove " + path, errno);
        return {};
      });
    };
    const auto above = std::filesystem::path(trees).parent_path();
    auto status = make_directories(above.parent_path(), 0755, made);
    if (status) status = make_directories(above, 0700, made);
    if (status) status = make_directories(trees, 0755, made);
    if (!status)
      return Error{status.error().what, "make it by hand, or name another in [farm] trees",
                   status.error().code};
    progress_.step("trees", true, "made " + trees);
    return {};
  }

  // Mounts trees that are images or lie elsewhere.  A failure is no reason to stop: trees that were put in
  // place by hand need no records.
  Status mount_stored_trees() {
    auto mounts = mount_trees(Store(node_.config.trees), list_, node_.allowlist_file);
    if (!mounts) {
      const Error& error = mounts.error();
      progress_.warning(error.what + "; no tree is mounted" +
                        (error.remedy.empty() ? "" : "; " + error.remedy));
      return {};
    }
    for (const auto& complaint : mounts->missing) progress_.warning(complaint.text());
    refused_ = std::move(mounts->refused);
    for (auto& [target, mount] : mounts->mounted)
      record_mount(std::move(mount), "mounting " + target, target, changes_);
    if (!mounts->mounted.empty())
      progress_.step("images", true, std::to_string(mounts->mounted.size()) + " trees mounted");
    return {};
  }

  Status find_trees() {
    servers_.read_again();
    trees_ = find_silent_trees(node_.config, list_, servers_);
    if (auto status = unmount_stale_trees(work_); !status) return status;
    auto missing = find_missing_trees(node_.config, node_.allowlist_file, list_, loaded_list(node_),
                                      Where::farm, servers_, trees_);
    for (const auto& complaint : missing.complaints) progress_.warning(complaint.text());
    missing_ = std::move(missing.names);
    for (const auto& [name, why] : refused_)
      if (const OsEntry* entry = list_.find_name(name)) trees_.set_problem(list_, *entry, why);
    if (auto status = check_paths_of_trees(work_); !status) return status;
    shares_ = ask_for_shares(work_, servers_);
    return {};
  }

  Status write_list() {
    const std::string text = render_for_kernel(trees_.for_kernel(list_));
    auto old = node_.kernel.valid();
    if (!old) return old.error();
    if (old->empty()) *old = "\n";
    const bool changed = *old != text;
    if (changed) {
      if (auto status = node_.kernel.write_valid(text); !status) return status;
      changes_.done("loading the allowlist",
                    [this, before = *old] { return node_.kernel.write_valid(before); });
    }
    const auto count = list_.entries().size();
    progress_.step("allowlist", changed, std::to_string(count) + (count == 1 ? " entry" : " entries"));
    return {};
  }

  const Node& node_;
  Progress& progress_;
  Transaction changes_;
  Servers servers_ = Servers::of_node();
  Allowlist list_;
  TreeStates trees_;
  std::vector<std::string> missing_;            // the OSs that are closed because their trees are missing
  std::map<std::string, std::string> refused_;  // trees that others could replace, by OS
  SharedPaths shares_;
  const FarmWork work_{node_, list_, trees_, progress_, changes_};
  OwnMounts own_mounts_{work_};
};

}  // namespace

Status bring_up(const Node& node, Progress& progress) { return Up(node, progress).run(false); }

Status reload(const Node& node, Progress& progress) { return Up(node, progress).run(true); }

}  // namespace chos
