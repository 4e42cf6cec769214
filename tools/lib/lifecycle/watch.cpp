// SPDX-License-Identifier: BSD-3-Clause
#include "lifecycle/watch.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <set>
#include <utility>

#include "allowlist/allowlist.h"
#include "allowlist/parse.h"
#include "basic/files.h"
#include "basic/progress.h"
#include "basic/text.h"
#include "config/config.h"
#include "farm/layout.h"
#include "lifecycle/up.h"
#include "lifecycle/watched_trees.h"
#include "store/mounts.h"
#include "tree/share.h"

namespace chos {
namespace {

// How long a server that did not answer is not asked again: less than the minute between two looks.
constexpr std::chrono::seconds silence_lasts(50);
// How long to wait for more mounts before a look: automounters mount in bursts, and a look asks all servers.
constexpr std::chrono::milliseconds more_comes(1000);

// Passes on the warnings of a reload, except those that the reload before gave too.
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
  // Kept until report_failure(): it is no failure if the node has gone down meanwhile.
  void failed(const std::string& name, const Error& error) override { failure_ = {name, error}; }
  void report_failure() { out_.failed(failure_.first, failure_.second); }
  void undone(const std::string& what, const Status& status) override { out_.undone(what, status); }

 private:
  Progress& out_;
  std::set<std::string> before_, now_;
  std::pair<std::string, Error> failure_;
};

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
    // Opened before the first look, so that no change is missed.
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
      // No mount changes when a directory appears on a mounted file system, when a server answers again, or
      // while an automounter waits for an access.
      const int longest = waiting_ ? static_cast<int>(again_.count()) : -1;
      while (::poll(wait, 3, longest) < 0)
        if (errno != EINTR) return fail(system_error("cannot wait for mounts", errno));
      const bool woken = wait[0].revents != 0 || wait[1].revents != 0;
      if (wait[2].revents != 0 || (woken && stopped_within(more_comes))) return WatchEnd::stopped;
      drain(names.get());
      (void)::poll(wait, 1, 0);  // the next look sees everything up to now
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

  // A tree that was unpacked elsewhere gets its name by rename(2).  IN_CREATE is of no use: a tree that is
  // being copied into place is not complete yet.
  void watch_names(int fd) {
    if (fd >= 0 &&
        ::inotify_add_watch(fd, node_.config.trees.c_str(), IN_MOVED_TO | IN_MOVED_FROM | IN_ONLYDIR) < 0)
      progress_.warning("cannot watch " + node_.config.trees + ": only new mounts are noticed");
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

  // Leaves out shares that an automounter has unmounted: asking for them would mount them again each time.
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

  // What a look found.
  struct Look {
    Allowlist wanted;
    WatchedTrees trees;
    std::vector<WatchedChange> changes;
  };

  void look(const MountTable& table) {
    auto seen = look_around(table);
    if (!seen) return;
    if (seen->changes.empty()) failed_.clear();
    // A change that failed is not tried again until something else changes.
    if (!seen->changes.empty() && seen->changes != failed_) act_on(*seen);
    for (auto& [name, tree] : seen->trees) before_[name] = std::move(tree);
  }

  // Nothing if a list cannot be read: reload has told whoever wrote it.
  std::optional<Look> look_around(const MountTable& table) {
    auto wanted = load_allowlist(node_.allowlist_file, node_.groups, node_.trusted);
    const auto text = node_.kernel.valid();
    if (!wanted.list || !text) return {};
    const auto loaded = parse_allowlist(*text, "valid", node_.groups);
    if (!loaded.list) return {};
    Look out{std::move(*wanted.list), {}, {}};
    out.trees = look_at_trees(node_.config, out.wanted, *loaded.list, table);
    const auto problems = read_problems(node_.problems);
    out.changes = what_changed(out.wanted, *loaded.list, before_, out.trees, problems);
    const auto unmounted = unmounted_trees(Store(node_.config.trees), out.wanted);
    for (auto& change : look_at_shares(table)) out.changes.push_back({std::move(change)});
    waiting_ = !unmounted.waiting.empty() || !silent_shares_.empty() || any_served(out.wanted, table);
    for (const auto& name : unmounted.ready)
      if (const OsEntry* entry = loaded.list->find_name(name); entry != nullptr && entry->closed)
        out.changes.push_back({opened_text(name), name, true});
    return out;
  }

  void act_on(Look& seen) {
    quiet_.begin();
    if (!reload(node_, quiet_)) {
      failed_ = seen.changes;
      const auto after = MountTable::read();
      if (!after || is_up(*after)) quiet_.report_failure();
      return;
    }
    failed_.clear();
    // Reload binds trees to themselves, which changes their identities.
    if (const auto after = MountTable::read())
      seen.trees = look_at_trees(node_.config, seen.wanted, seen.wanted, *after);
    const auto problems = read_problems(node_.problems);
    // Reload has warned of trees that it could not mount or prepare.
    for (const auto& change : seen.changes) {
      const bool done = !change.came || seen.trees[change.os].there;
      if (done && problems.count(change.os) == 0) progress_.step("tree", true, change.what);
      else failed_.push_back(change);
    }
  }

  Node node_;
  const std::function<std::optional<Config>()>& configuration_;
  int stop_;
  Progress& progress_;
  Quiet quiet_;
  WatchedTrees before_;
  std::vector<WatchedChange> failed_;
  std::set<std::string> silent_shares_;
  bool asked_ = false;  // whether each share was asked for once
  const std::chrono::milliseconds again_;
  bool waiting_ = false;  // for something that changes no mount
};

}  // namespace

WatchEnd watch_trees(Node node, const std::function<std::optional<Config>()>& configuration, int stop,
                     Progress& progress, std::chrono::milliseconds again) {
  return Watcher(std::move(node), configuration, stop, progress, again).run();
}

}  // namespace chos
