// SPDX-License-Identifier: BSD-3-Clause
// OsManager: making a tree, putting it in its place, and taking it away.
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <thread>

#include "allowlist/allowlist.h"
#include "basic/files.h"
#include "basic/text.h"
#include "build/archive.h"
#include "config/config.h"
#include "farm/missing_trees.h"
#include "inspect/finding.h"
#include "inspect/tree.h"
#include "manage/os_manager.h"
#include "mount/open.h"
#include "store/mounts.h"
#include "store/os_release.h"
#include "store/remove_tree.h"
#include "tree/share.h"

namespace chos {
namespace {

constexpr auto longest_wait = std::chrono::seconds(5);

std::string now_text() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

Status flush(const std::string& directory) {
  const UniqueFd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || ::syncfs(fd.get()) != 0) return system_error("cannot write out " + directory, errno);
  return {};
}

Status move(const std::string& from, const std::string& to) {
  // Never over what is there already.
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return {};
  if (errno == EINVAL && ::access(to.c_str(), F_OK) != 0 &&  // a file system without it, as NFS
      ::rename(from.c_str(), to.c_str()) == 0)
    return {};
  return system_error("cannot move " + from + " to " + to, errno);
}

TreeRecord described(const std::string& name, unsigned generation, const std::string& previous,
                     const Source& source, const BuildOptions& options) {
  TreeRecord record;
  record.name = name;
  record.generation = generation;
  record.previous = previous;
  record.source = source.text;
  record.options = options;
  record.created = now_text();
  return record;
}

// What is looked at while a tree is made goes with a failure: files are named as the tree has them.
std::string as_in_source(std::string text, const Built& built) {
  if (built.kind == TreeRecord::Kind::external) return text;
  for (auto at = text.find(built.root); at != std::string::npos; at = text.find(built.root, at)) {
    const auto end = at + built.root.size();
    text.replace(at, built.root.size(), end < text.size() && text[end] == '/' ? "" : "/");
  }
  return text;
}

}  // namespace

Status OsManager::check(const std::string& name, const Built& built) {
  progress_.stage("checking the tree");
  OsEntry entry;
  entry.name = name;
  entry.path = "/os/" + name;
  if (const auto there = find_tree_at(entry, built.root, Servers::of_node()); !there)
    return Error{"the tree is not fit for use: " + as_in_source(there.error().what, built),
                 "is the source complete?", ENOEXEC};
  // By itself: what the farm has by that name is what it will replace.
  Config config = node_.config;
  config.farm.clear();
  struct utsname about {};
  ::uname(&about);
  Findings findings;
  examine_tree(Allowlist({entry}), entry, built.root, config, about.release, Servers::of_node(), findings);
  std::string problems, remedy;
  for (const auto& finding : findings) {
    const auto what = as_in_source(finding.what, built);
    if (finding.level == Finding::Level::warning) progress_.note("the tree: " + what);
    if (finding.level != Finding::Level::error) continue;
    problems += (problems.empty() ? "" : "; ") + what;
    if (!remedy.empty()) continue;
    remedy = as_in_source(finding.remedy, built);
    if (remedy != finding.remedy) remedy = "in the source: " + remedy;
  }
  if (problems.empty()) return {};
  return Error{"the tree is not fit for use: " + problems, remedy, ENOEXEC};
}

// A part of making a tree, so the manifest has them: empty files and directories for what all OSs
// share.  Without, the farm would have to cover the directory above by a read-only layer.
Status OsManager::make_mount_points(const std::string& root) {
  const UniqueFd tree(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!tree) return system_error("cannot open " + root, errno);
  for (const auto& path : ask_for_shares(node_.config.share, Servers::of_node()).there) {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) continue;
    if (!S_ISDIR(info.st_mode) && !S_ISREG(info.st_mode)) continue;
    if (open_in_tree(tree.get(), path, Last::keep)) continue;
    UniqueFd parent(::dup(tree.get()));
    std::string done;
    const auto parts = split(std::string_view(path).substr(1), '/');
    for (std::size_t i = 0; parent && i < parts.size(); ++i) {
      const std::string part(parts[i]);
      if (i + 1 == parts.size() && S_ISREG(info.st_mode)) {
        const UniqueFd made(
            ::openat(parent.get(), part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
        break;
      }
      done += "/" + part;
      (void)::mkdirat(parent.get(), part.c_str(), 0755);  // or it is there
      auto next = open_in_tree(tree.get(), done, Last::directory);
      parent = next ? std::move(*next) : UniqueFd();
    }
  }
  return {};
}

Result<TreeRecord> OsManager::make(const std::string& name, unsigned generation, const std::string& previous,
                                   const Source& source, const BuildOptions& options) {
  const std::string work = store_.work(name);
  if (auto status = clean_work(name); !status) return status.error();
  if (::mkdir(work.c_str(), 0700) != 0) return system_error("cannot make the directory " + work, errno);
  (void)::unlink(store_.log(name).c_str());
  const auto built = build(source, options, work, store_.log(name), progress_);
  if (!built) return built.error();
  if (auto status = check(name, *built); !status) return status.error();
  if (built->kind == TreeRecord::Kind::tree)
    if (auto status = make_mount_points(built->root); !status) return status.error();
  TreeRecord record = described(name, generation, previous, source, options);
  record.kind = built->kind;
  record.origin = built->origin;
  record.release = release_of(built->root);
  record.machine = machine_of(built->root);
  progress_.stage("summing up the tree");
  const std::uint64_t most_entries = ArchiveLimits().entries;
  std::string problem;
  auto manifest = read_manifest(
      built->root,
      [&](std::uint64_t entries, std::uint64_t bytes) {
        if (bytes > options.max_size)
          problem = "has more than " + std::to_string(options.max_size) + " bytes";
        if (entries > most_entries) problem = "has more than " + std::to_string(most_entries) + " entries";
        return problem.empty() && progress_.tick(std::to_string(entries) + " entries, " + size_text(bytes));
      },
      built->kind == TreeRecord::Kind::external ? Unreadable::note : Unreadable::refuse);
  if (!problem.empty())
    return Error{"the tree " + problem, problem.ends_with("bytes") ? "see --max-size" : "", EFBIG};
  if (!manifest) return manifest.error();
  if (manifest->unreadable > 0)
    progress_.note(std::to_string(manifest->unreadable) + " entries of " + built->root +
                   " may not be read from this node; their content is not verified");
  record.bytes = manifest->bytes;
  record.entries = manifest->entries;
  record.privileged = manifest->privileged;
  record.digest = manifest->digest();
  if (record.kind == TreeRecord::Kind::image) {
    const auto digest = file_digest(work + "/image");
    if (!digest) return digest.error();
    record.digest = *digest;
  }
  if (auto status = place(record, built->root, manifest->text); !status) {
    if (auto undone = take_back(record); !undone) progress_.note(undone.error().what);
    return status.error();
  }
  return record;
}

// The record comes first: what has one is found again by whoever takes it back.
Status OsManager::place(const TreeRecord& record, const std::string& root, const std::string& manifest) {
  if (auto status = store_.write(record, manifest); !status) return status;
  const std::string tree = store_.tree(record);
  if (record.kind == TreeRecord::Kind::tree) {
    if (auto status = flush(root); !status) return status;
    return move(root, tree);
  }
  if (record.kind == TreeRecord::Kind::image) {
    if (auto status = unmount_below(root); !status) return status;
    if (auto status = move(store_.work(record.name) + "/image", store_.image(record)); !status) return status;
  }
  if (!is_mounted_kind(store_, record)) return {};
  if (::mkdir(tree.c_str(), 0755) != 0) return system_error("cannot make the directory " + tree, errno);
  return flush(store_.trees());
}

// Of a run that did not come to its end: what is still among the work was not put in its place, and
// what is there is somebody else's.
Status OsManager::take_back(const TreeRecord& record) {
  struct stat info {};
  for (const char* made : {"/root", "/bundle/rootfs", "/image"})
    if (::lstat((store_.work(record.name) + made).c_str(), &info) == 0) return store_.forget(record);
  return discard(record);
}

// Nobody is in it, and the allowlist does not name it.
Status OsManager::discard(const TreeRecord& record) {
  progress_.stage("removing the tree " + record.directory());
  // What the farm shares with it is mounted there, on entries of the tree.
  if (auto status = unmount_below(node_.farm_path("os/" + record.directory())); !status) return status;
  const std::string tree = store_.tree(record);
  struct stat info {};
  if (is_mounted_kind(store_, record)) {
    if (auto status = unmount_below(tree); !status) return status;
    if (::rmdir(tree.c_str()) != 0 && errno != ENOENT) return system_error("cannot remove " + tree, errno);
    if (::unlink(store_.image(record).c_str()) != 0 && errno != ENOENT)
      return system_error("cannot remove " + store_.image(record), errno);
  } else if (record.kind == TreeRecord::Kind::tree && ::lstat(tree.c_str(), &info) == 0) {
    const std::string work = store_.work(record.name);
    if (::mkdir(work.c_str(), 0700) != 0 && errno != EEXIST)
      return system_error("cannot make the directory " + work, errno);
    if (auto status = unmount_below(tree); !status) return status;
    if (auto status = move(tree, work + "/old~" + std::to_string(record.generation)); !status) return status;
  }
  if (auto status = store_.forget(record); !status) return status;
  return clean_work(record.name);
}

Status OsManager::clean_work(const std::string& name) {
  const std::string work = store_.work(name);
  if (auto status = unmount_below(work); !status) return status;
  return remove_tree(work);
}

Result<bool> OsManager::in_use(const std::string& name, const std::vector<TreeRecord>& trees) const {
  if (!node_.kernel.present()) {
    if (node_.module == nullptr || !node_.module->loaded()) return false;
    // As `chosctl down --force` leaves it: processes stay in their OSs.
    return Error{"the module is loaded but " + node_.kernel.directory() +
                     " is not there, so it is not known who is in an OS",
                 "run: chosctl up", EBUSY};
  }
  // A thread of a process that has just left may be inside fork(2) and bring a child to the OS: by
  // the second look the child is there.  Nothing tells of that moment, so there is a pause.
  for (const int pause : {0, 200}) {
    ::poll(nullptr, 0, pause);
    const auto counted = count_in(name, trees);
    if (!counted) return counted.error();
    if (*counted > 0) return true;
  }
  return false;
}

Result<unsigned long long> OsManager::count_in(const std::string& name,
                                               const std::vector<TreeRecord>& trees) const {
  unsigned long long count = 0;
  const auto usage = node_.kernel.usage();
  if (usage) {
    for (const auto& os : *usage)
      if (os.name == name || find_record(trees, os.path) != nullptr) count += os.processes;
    return count;
  }
  if (usage.error().code != ENOSYS) return usage.error();
  // An older module does not tell the trees apart.
  const auto processes = node_.kernel.processes();
  if (!processes) return processes.error();
  for (const auto& process : *processes) {
    bool inside = process.name == name;
    for (const auto& tree : trees) inside = inside || process.name == tree.name;
    count += inside;
  }
  return count;
}

Status OsManager::recover(const std::string& concerned) {
  for (const auto& name : store_.unfinished()) {
    const auto status = finish_interrupted(name);
    if (status) continue;
    if (name == concerned) return status;
    progress_.note("what an interrupted run left of " + in_quotes(name) +
                   " is still there: " + status.error().what);
  }
  return {};
}

// What a chosctl that was killed had started takes a moment to end, and has its journal that long.
Result<UniqueFd> OsManager::take_in_time(const std::string& name) {
  const auto end = std::chrono::steady_clock::now() + longest_wait;
  for (bool waiting = false;; waiting = true) {
    auto journal = store_.take(name);
    if (journal || journal.error().code != EWOULDBLOCK || std::chrono::steady_clock::now() > end)
      return journal;
    if (!waiting) progress_.stage("waiting for another chosctl that is at work on " + in_quotes(name));
    if (!progress_.tick("")) return Error{"interrupted", "", EINTR};
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

Result<UniqueFd> OsManager::begin(const std::string& name) {
  // Twice: whoever had the journal may have been killed just before it was taken here.
  for (int tries = 0; tries < 2; ++tries) {
    if (auto status = recover(name); !status) return status.error();
    auto journal = take_in_time(name);
    if (!journal) return journal;
    const auto left = store_.journal(name);
    if (!left) return left.error();
    if (!*left) return journal;
  }
  return Error{
      "processes are in a tree that an interrupted run left of " + in_quotes(name) + "; nothing was changed",
      "wait until they have ended; see: chosctl status", EBUSY};
}

void OsManager::end(const std::string& name) {
  if (auto status = store_.end_journal(name); !status) progress_.note(status.error().what);
}

Status OsManager::finish_interrupted(const std::string& name) {
  const auto lock = store_.take(name);
  if (!lock && lock.error().code == EWOULDBLOCK) return {};  // somebody is at work on it
  if (!lock) return lock.error();
  const auto entry = store_.journal(name);
  if (!entry) return entry.error();
  const auto records = store_.records_of(name);
  if (!records) return records.error();
  if (*entry) {
    {
      // If it was killed after it wrote the list the node may still let users in by the one before.
      const auto list_lock = store_.lock_list();
      if (!list_lock) return list_lock.error();
      if (auto status = apply(); !status) return status;
    }
    const auto all = list();
    if (!all) return all.error();
    bool listed = false;
    for (const auto& record : *records) listed = listed || all->find_path(record.path()) != nullptr;
    const bool publishes = (*entry)->what == JournalEntry::What::publish;
    std::vector<TreeRecord> left;
    for (const auto& record : *records)
      if (publishes ? record.generation == (*entry)->generation && all->find_path(record.path()) == nullptr
                    : !listed)
        left.push_back(record);
    if (!left.empty()) {
      // Somebody may have come in before; it is left for the next time.
      const auto used = in_use(publishes ? "" : name, left);
      if (!used) return used.error();
      if (*used) return {};
      progress_.note("taking away what an interrupted run left of " + in_quotes(name));
    }
    for (const auto& record : left)
      if (auto status = publishes ? take_back(record) : discard(record); !status) return status;
  }
  if (auto status = clean_work(name); !status) return status;
  return store_.end_journal(name);
}

}  // namespace chos
