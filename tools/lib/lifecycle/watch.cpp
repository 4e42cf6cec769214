// SPDX-License-Identifier: BSD-3-Clause
#include "lifecycle/watch.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <utility>

#include "allowlist/allowlist.h"
#include "basic/files.h"
#include "basic/progress.h"
#include "basic/text.h"
#include "config/config.h"
#include "farm/layout.h"
#include "farm/missing_trees.h"
#include "farm/trees.h"
#include "lifecycle/up.h"
#include "mount/operations.h"
#include "store/mounts.h"
#include "tree/share.h"

namespace chos {
namespace {

constexpr std::chrono::seconds silence_lasts(50);  // less than the minute between two looks
// Automounters mount in heaps, and a look asks all servers.
constexpr std::chrono::milliseconds more_comes(1000);

// What reload says, without the steps, and without what it has said the time before.
class Quiet : public Progress {
 public:
  explicit Quiet(Progress& out) : out_(out) {}

  void begin() {
    before_ = std::move(now_);
    now_.clear();
  }
  void step(const std::string&, bool, const std::string&) override {}
  void warning(const std::string& text) override {
    now_.insert(text);
    if (before_.count(text) == 0) out_.warning(text);
  }
  // Kept back: the node may have gone down meanwhile, and then it was none.
  void failed(const std::string& name, const Error& error) override { failure_ = {name, error}; }
  void say_failure() { out_.failed(failure_.first, failure_.second); }
  void undone(const std::string& what, const Status& status) override { out_.undone(what, status); }

 private:
  Progress& out_;
  std::set<std::string> before_, now_;
  std::pair<std::string, Error> failure_;
};

std::string opened_text(const std::string& name) { return in_quotes(name) + " is open: its tree is there"; }

class Watcher {
 public:
  Watcher(Node node, const std::function<std::optional<Config>()>& configuration, int stop,
          Progress& progress, std::chrono::milliseconds again)
      : node_(std::move(node)),
        configuration_(configuration),
        stop_(stop),
        progress_(progress),
        quiet_(progress),
        again_(again) {}

  WatchEnd run() {
    // Opened before the first look, so that no change falls between.
    const UniqueFd mounts(::open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC));
    if (!mounts) return fail(system_error("cannot open /proc/self/mountinfo", errno));
    const UniqueFd names(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    for (bool watched = false;;) {
      forget_servers(silence_lasts);
      if (const auto config = configuration_()) node_.config = *config;
      const auto table = MountTable::read();
      if (!table) return fail(table.error());
      if (!is_up(*table)) {
        progress_.step("node", true, "chos is down: nothing is left to watch");
        return WatchEnd::down;
      }
      if (!watched && Servers(*table).ask(node_.config.trees)) {
        watch_names(names.get());
        watched = true;
      }
      look(*table);
      pollfd wait[] = {{mounts.get(), POLLPRI, 0}, {names.get(), POLLIN, 0}, {stop_, POLLIN, 0}};
      // A directory that appears on what is mounted already, a server that answers again and an
      // automounter, which mounts when somebody looks, change no mount by themselves.
      const int longest = waiting_ ? static_cast<int>(again_.count()) : -1;
      while (::poll(wait, 3, longest) < 0)
        if (errno != EINTR) return fail(system_error("cannot wait for mounts", errno));
      const bool woken = wait[0].revents != 0 || wait[1].revents != 0;
      if (wait[2].revents != 0 || (woken && stopped_within(more_comes))) return WatchEnd::stopped;
      drain(names.get());
      (void)::poll(wait, 1, 0);  // what has come until now is looked at
    }
  }

 private:
  WatchEnd fail(const Error& error) {
    progress_.failed("watch", error);
    return WatchEnd::failed;
  }

  bool stopped_within(std::chrono::milliseconds time) const {
    pollfd wait{stop_, POLLIN, 0};
    return ::poll(&wait, 1, static_cast<int>(time.count())) > 0;
  }

  bool is_up(const MountTable& table) const {
    return node_.kernel.present().ok() && table.at(node_.config.farm) != nullptr;
  }

  // A tree that was unpacked beside gets its name by rename(2).  One that is being copied to its
  // place is not complete yet: its IN_CREATE says nothing.
  void watch_names(int fd) {
    if (fd >= 0 &&
        ::inotify_add_watch(fd, node_.config.trees.c_str(), IN_MOVED_TO | IN_MOVED_FROM | IN_ONLYDIR) < 0)
      progress_.warning("cannot watch " + node_.config.trees + ": only mounts are waited for");
  }

  static void drain(int fd) {
    char events[4096];
    while (fd >= 0 && ::read(fd, events, sizeof events) > 0) continue;
  }

  bool any_served(const Allowlist& list, const MountTable& table) const {
    const Servers servers(table);
    const auto trees = trees_of(list);
    return std::any_of(trees.begin(), trees.end(), [&](const OsEntry* entry) {
      const auto path = base_path(node_.config, entry->path);
      return path && servers.serve(*path);
    });
  }

  // Not those that an automounter has just unmounted: it would mount them again, for good.
  std::vector<std::string> shares_to_ask(const Servers& servers, const MountTable& table) const {
    auto paths = node_.config.share;
    if (!asked_) return paths;
    std::erase_if(paths, [&](const std::string& path) {
      const Mount* mount = table.holding(servers.real_path(path));
      return mount != nullptr && mount->type == "autofs" && silent_shares_.count(path) == 0;
    });
    return paths;
  }

  std::vector<std::string> look_at_shares(const MountTable& table) {
    std::vector<std::string> changes;
    const Servers servers(table);
    const auto shares = ask_for_shares(shares_to_ask(servers, table), servers);
    asked_ = true;
    for (const auto& path : shares.there)
      if (silent_shares_.count(path) > 0) changes.push_back(path + " of the base OS is there");
    silent_shares_ = {shares.silent.begin(), shares.silent.end()};
    return changes;
  }

  void look(const MountTable& table) {
    const auto wanted = load_allowlist(node_.allowlist_file, node_.groups, node_.trusted);
    const auto text = node_.kernel.valid();
    if (!wanted.list || !text) return;  // who wrote it was told
    const auto loaded = parse_allowlist(*text, "valid", node_.groups);
    if (!loaded.list) return;
    auto now = look_at_trees(node_.config, *wanted.list, *loaded.list, table);
    auto changes = what_changed(*wanted.list, *loaded.list, before_, now);
    const auto unmounted = unmounted_trees(Store(node_.config.trees), *wanted.list);
    for (auto& change : look_at_shares(table)) changes.push_back(std::move(change));
    waiting_ = !unmounted.waiting.empty() || !silent_shares_.empty() || any_served(*wanted.list, table);
    std::map<std::string, std::string> came;  // the OS of a sentence
    for (const auto& name : unmounted.ready)
      if (const OsEntry* entry = loaded.list->find_name(name); entry != nullptr && entry->closed)
        came[changes.emplace_back(opened_text(name))] = name;
    if (changes.empty()) failed_.clear();
    // What cannot be mended is tried once.
    if (!changes.empty() && changes != failed_) {
      quiet_.begin();
      if (reload(node_, quiet_)) {
        failed_.clear();
        // Reload mounts trees over themselves: what is there now is what they are.
        if (const auto after = MountTable::read())
          now = look_at_trees(node_.config, *wanted.list, *wanted.list, *after);
        // Reload has warned of what could not be mounted.
        for (const auto& change : changes) {
          const auto os = came.find(change);
          if (os == came.end() || now[os->second].there) progress_.step("tree", true, change);
          else failed_.push_back(change);
        }
      } else {
        failed_ = changes;
        const auto after = MountTable::read();
        if (!after || is_up(*after)) quiet_.say_failure();
      }
    }
    for (auto& [name, state] : now) before_[name] = std::move(state);
  }

  Node node_;
  const std::function<std::optional<Config>()>& configuration_;
  int stop_;
  Progress& progress_;
  Quiet quiet_;
  TreeStates before_;
  std::vector<std::string> failed_;
  std::set<std::string> silent_shares_;
  bool asked_ = false;  // for each of the shares, once
  const std::chrono::milliseconds again_;
  bool waiting_ = false;  // for what no mount tells of
};

// The kernel gives the number of a mount that went to the next one: there may have been an unmount and a
// mount since.  From 6.8 on it also has numbers that are not used again.
std::string number_of_mount(int fd) {
#ifdef STATX_MNT_ID
  constexpr unsigned unique = 0x4000;  // STATX_MNT_ID_UNIQUE, which older headers lack
  struct statx info {};
  if (::statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, unique, &info) == 0 &&
      (info.stx_mask & unique) != 0)
    return std::to_string(info.stx_mnt_id);
#endif
  const auto number = mount_id(fd);
  return number ? std::to_string(*number) : "";
}

std::string mounted_identity(int fd) {
  const auto file = identity_of(fd);
  const std::string mount = number_of_mount(fd);
  return !file || mount.empty() ? "unknown" : mount + ":" + file->text();
}

}  // namespace

TreeStates look_at_trees(const Config& config, const Allowlist& list, const Allowlist& loaded,
                         const MountTable& table) {
  TreeStates states;
  const Servers servers(table);
  std::vector<const OsEntry*> looked_at;
  std::vector<std::string> paths;
  for (const OsEntry* entry : trees_of(list)) {
    const auto path = base_path(config, entry->path);
    if (!path) continue;
    const Mount* mount = table.holding(*path);
    const OsEntry* in_kernel = loaded.find_name(entry->name);
    if (mount != nullptr && mount->type == "autofs" && in_kernel != nullptr && !in_kernel->closed) continue;
    looked_at.push_back(entry);
    paths.push_back(*path);
    paths.push_back(config.farm + entry->path);
  }
  servers.ask_all(paths);
  for (const OsEntry* entry : looked_at) {
    TreeState state;
    const auto found = find_tree(config, *entry, Where::farm, servers);
    if (!found && found.error().code == ETIMEDOUT) continue;
    state.there = found.ok();
    const auto tree = open_tree_in_farm(config, *entry);
    if (state.there && tree) state.identity = mounted_identity(tree->get());
    states[entry->name] = state;
  }
  return states;
}

std::vector<std::string> what_changed(const Allowlist& wanted, const Allowlist& loaded,
                                      const TreeStates& before, const TreeStates& now) {
  std::vector<std::string> changes;
  for (const OsEntry* entry : trees_of(wanted)) {
    const OsEntry* in_kernel = loaded.find_name(entry->name);
    const auto at = now.find(entry->name);
    if (entry->closed || in_kernel == nullptr || at == now.end()) continue;
    const std::string name = in_quotes(entry->name);
    const auto old = before.find(entry->name);
    if (at->second.there && in_kernel->closed) changes.push_back(opened_text(entry->name));
    else if (!at->second.there && !in_kernel->closed)
      changes.push_back(name + " is closed: its tree is gone");
    else if (at->second.there && old != before.end() && old->second.there &&
             old->second.identity != at->second.identity)
      changes.push_back(name + " was prepared anew: its tree is another one");
  }
  return changes;
}

WatchEnd watch_trees(Node node, const std::function<std::optional<Config>()>& configuration, int stop,
                     Progress& progress, std::chrono::milliseconds again) {
  return Watcher(std::move(node), configuration, stop, progress, again).run();
}

}  // namespace chos
