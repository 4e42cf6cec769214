// SPDX-License-Identifier: BSD-3-Clause
#include "lifecycle/down.h"

#include <dirent.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <set>

#include "basic/files.h"
#include "basic/lock.h"
#include "basic/progress.h"
#include "basic/text.h"
#include "farm/bind_trees.h"
#include "farm/tree_state.h"
#include "mount/operations.h"
#include "store/mounts.h"
#include "tree/layer.h"
#include "tree/share.h"

namespace chos {
namespace {

class Down {
 public:
  Down(const Node& node, const DownOptions& options, Progress& progress)
      : node_(node), options_(options), progress_(progress) {}

  DownOutcome run() {
    const auto lock = take_lock(node_.lock, {.waiting = [this](const std::string& holders) {
                                  progress_.warning("waiting for " + holders);
                                }});
    if (!lock && !step("lock", lock.error())) return failed();
    bool answers = node_.kernel.present().ok();
    if (!answers && node_.module->loaded()) {
      if (!step("chosfs", ask_again())) return failed();
      answers = true;
    }
    if (answers && !close_doors()) return std::move(out_);
    if (!step("farm", remove_farm())) return failed();
    if (options_.keep_module) {
      progress_.step("module", false, "kept");
      return std::move(out_);
    }
    if (!step("chosfs", unmount_chosfs())) return failed();
    unload();
    return std::move(out_);
  }

 private:
  bool step(const std::string& name, const Status& status) {
    if (!status) progress_.failed(name, status.error());
    return status.ok();
  }

  DownOutcome failed() {
    out_.what = DownOutcome::What::failed;
    return std::move(out_);
  }

  // After `down --force` the module may still be loaded, and knows which processes are in an OS.
  Status ask_again() {
    const std::string& where = node_.kernel.directory();
    const auto mount = mount_pseudo(node_.filesystem, where);
    if (!mount) return mount.error();
    if (node_.kernel.present()) return {};
    (void)detach(mount->get(), where);
    return Error{"the module is loaded, but " + where +
                     " shows none of its files, so it is not known "
                     "which processes are in an OS",
                 "see: chosctl doctor", EIO};
  }

  bool ask_processes() {
    auto processes = node_.kernel.processes();
    if (!step("processes", processes ? Status() : Status(processes.error()))) return false;
    out_.processes = std::move(*processes);
    return true;
  }

  // Empties the allowlist before the last look at the processes, so that none enters after it.
  bool close_doors() {
    const auto list = node_.kernel.valid();
    if (!step("allowlist", list ? Status() : Status(list.error()))) return give_up();
    if (!ask_processes()) return give_up();
    if (refused()) return false;
    const bool had = !list->empty();
    if (had && !step("allowlist", node_.kernel.write_valid("\n"))) return give_up();
    if (!ask_processes() || refused()) {
      if (had) step("allowlist", node_.kernel.write_valid(*list));
      return out_.what == DownOutcome::What::in_use ? false : give_up();
    }
    progress_.step("allowlist", had, "emptied: nobody can enter");
    return true;
  }

  bool give_up() {
    out_.what = DownOutcome::What::failed;
    return false;
  }

  bool refused() {
    if (out_.processes.empty() || options_.force) return false;
    out_.what = DownOutcome::What::in_use;
    return true;
  }

  // Tries detach_everywhere() first: it also unmounts the copies in the mount namespaces of services, which
  // would keep the module in use, and leaves processes in an OS (with force) a complete farm.
  Status remove_farm() {
    // The farm is where the module has it, even if the configuration has changed since.
    const std::string loaded = node_.module->farm();
    const std::string& farm = loaded.empty() ? node_.config.farm : loaded;
    bool changed = false;
    for (;;) {
      const auto table = MountTable::read();
      if (!table) return table.error();
      const Mount* mount = table->at(farm);
      if (mount == nullptr) break;
      if (mount->type != node_.filesystem)
        return Error{"something else (" + mount->type + ") is mounted on " + farm, "unmount it by hand",
                     EBUSY};
      const auto gently = detach_everywhere(farm);
      if (!gently) {
        if (!out_.processes.empty())
          progress_.warning(gently.error().what +
                            ": the processes in an OS lose what was mounted "
                            "in their farm");
        if (auto status = detach_mount(mount->id, mount->target); !status) return status;
      }
      changed = true;
    }
    progress_.step("farm", changed, farm);
    // Processes that are still in an OS need the trees that were mounted for the farm.
    if (out_.processes.empty()) unmount_stored_trees();
    if (const auto status = write_problems(node_.problems, {}); !status)
      progress_.warning(status.error().what);
    // Links that are mounted stay usable for processes that are still in an OS.
    if (const auto status = remove_share_links(node_.share_site()); !status)
      progress_.warning(status.error().what);
    // Overlays need their upper directories as long as they are mounted.
    if (out_.processes.empty())
      if (const auto status = remove_additions(node_.layers); !status) progress_.warning(status.error().what);
    return {};
  }

  void unmount_stored_trees() {
    const auto in_use = unmount_trees(Store(node_.config.trees));
    if (!in_use) {
      progress_.warning(in_use.error().what);
      return;
    }
    for (const auto& target : *in_use) {
      std::string text = target;
      text.append(" is in use and stays mounted; see: fuser -vm ").append(shell_quoted(target));
      progress_.warning(text);
    }
    if (const auto unbound = unbind_trees(node_.config.trees); !unbound)
      progress_.warning(unbound.error().what);
  }

  Status unmount_chosfs() {
    const std::string& where = node_.kernel.directory();
    bool changed = false;
    for (;;) {
      const auto table = MountTable::read();
      if (!table) return table.error();
      const Mount* mount = table->at(where);
      if (mount == nullptr || mount->type != node_.filesystem) break;
      auto status = unmount(where);
      // A process has one of its files open; a lazy unmount completes when it is closed.
      if (!status && status.error().code == EBUSY) status = detach_mount(mount->id, mount->target);
      if (!status) return status;
      changed = true;
    }
    progress_.step("chosfs", changed, where);
    return {};
  }

  // A service with a /proc of its own (systemd's ProtectProc=) has a copy of the mounts that were there when
  // it started, which unmounting in this namespace does not reach.
  bool release_elsewhere() {
    const std::string& where = node_.kernel.directory();
    std::size_t released = 0;
    for (const pid_t pid : holders_elsewhere(node_.filesystem)) {
      const auto table = MountTable::read("/proc/" + std::to_string(pid) + "/mountinfo");
      if (!table) continue;  // it has ended
      for (const auto& mount : table->mounts())
        if (mount.type == node_.filesystem && mount.target == where && detach_elsewhere(pid, mount.id, where))
          ++released;
    }
    if (released > 0)
      progress_.step(
          "chosfs", true,
          where + " of " + std::to_string(released) +
              (released == 1 ? " service with mounts of its own" : " services with mounts of their own"));
    return released > 0;
  }

  void unload() {
    if (!node_.module->loaded()) {
      progress_.step("module", false, "not loaded");
      return;
    }
    auto status = node_.module->unload();
    if (!status && out_.processes.empty() && release_elsewhere()) status = node_.module->unload();
    if (status) {
      progress_.step("module", true, "unloaded");
      return;
    }
    out_.what = DownOutcome::What::remaining;
    out_.holders = holders_elsewhere(node_.filesystem);
    if (out_.processes.empty()) progress_.failed("module", status.error());
    else progress_.step("module", false, "remains while processes are in an OS");
  }

  const Node& node_;
  const DownOptions& options_;
  Progress& progress_;
  DownOutcome out_;
};

std::string namespace_of(const std::string& process) {
  const auto identity = identity_of(process + "/ns/mnt");
  return identity ? identity->text() : "";
}

}  // namespace

std::vector<pid_t> holders_elsewhere(const std::string& type) {
  std::vector<pid_t> found;
  std::set<std::string> without{namespace_of("/proc/self")};
  const auto proc = open_entries("/proc");
  while (const dirent* entry = proc ? next_entry(proc) : nullptr) {
    const int pid = std::atoi(entry->d_name);
    if (pid <= 0) continue;
    const std::string directory = std::string("/proc/") + entry->d_name;
    const std::string name = namespace_of(directory);
    if (name.empty() || without.count(name) != 0) continue;
    const auto table = MountTable::read(directory + "/mountinfo");
    const bool holds = table && std::any_of(table->mounts().begin(), table->mounts().end(),
                                            [&type](const Mount& m) { return m.type == type; });
    if (holds) found.push_back(pid);
    else without.insert(name);
  }
  std::sort(found.begin(), found.end());
  return found;
}

DownOutcome take_down(const Node& node, const DownOptions& options, Progress& progress) {
  return Down(node, options, progress).run();
}

}  // namespace chos
