/* SPDX-License-Identifier: BSD-3-Clause */
#include "calls_model.h"

#include <sched.h>

#include <algorithm>
#include <cerrno>

#include "guest.h"

namespace chos::guest {
namespace {

struct Entry {
  const char* name;
  const char* path;
  bool closed;
  bool annas;
};
constexpr Entry kEntries[] = {{"trixie", "/os/trixie", false, false},
                              {"sl6", "/os/sl6", false, false},
                              {"shut", "/os/alma9", true, false},
                              {"annas", "/os/alma9", false, true}};

const Entry* entry_of(const std::string& word) {
  for (const Entry& entry : kEntries) {
    if (word == (word[0] == '/' ? entry.path : entry.name)) return &entry;
  }
  return nullptr;
}

/* Whether a directory is below a root, as path_is_under() of the kernel sees it. */
bool is_under(Place directory, Place root) {
  return directory.space == root.space && (root.root == Place::kBase || directory.root == root.root);
}

}  // namespace

void Model::add_first(int place, uid_t uid) {
  ModelTask task;
  task.process = std::make_shared<Process>();
  task.directories = std::make_shared<Directories>();
  task.rights = Rights{uid, 0, uid == 0};
  tasks[place] = task;
}

int Model::sharers(const ModelTask& task) const {
  return static_cast<int>(std::count_if(tasks.begin(), tasks.end(), [&](const auto& other) {
    return other.second.directories == task.directories;
  }));
}

std::vector<int> Model::of_process(const ModelTask& task) const {
  std::vector<int> found;
  for (const auto& [place, other] : tasks) {
    if (other.process == task.process) found.push_back(place);
  }
  return found;
}

int Model::threads_of(int place) const { return static_cast<int>(of_process(tasks.at(place)).size()); }

/* A leader that has exited still counts as a thread. */
bool Model::alone(const ModelTask& task) const {
  return !task.process->leader_gone && of_process(task).size() == 1;
}

/* Whether no thread of the process has rights that this one does not have. */
bool Model::one_identity(const ModelTask& task) const {
  const auto fits = [&](const Rights& rights) {
    return rights.uid == task.rights.uid && (task.rights.capable || !rights.capable);
  };
  const auto threads = of_process(task);
  return (!task.process->leader_gone || fits(task.process->leader_rights)) &&
         std::all_of(threads.begin(), threads.end(), [&](int place) { return fits(tasks.at(place).rights); });
}

/* The error for a task that is neither at the root of its mount namespace nor in the farm; 0 if it is. */
long Model::place_error(const ModelTask& task, bool leaving) const {
  if (task.rights.user_space) return -EXDEV;
  const Place root = task.directories->root;
  if (root.root == Place::kJail) return -EXDEV;
  /* A task in the farm needs no other farm to go to another OS; one in the base needs none to stay there. */
  if (leaving == (root.root == Place::kBase)) return 0;
  const auto covered = covers_.find(root.space);
  return covered != covers_.end() && covered->second ? -EXDEV : 0;
}

void Model::own_directories(ModelTask& task) {
  task.directories = std::make_shared<Directories>(*task.directories);
}

long Model::move(ModelTask& task, Place root, const std::string& os) {
  const bool cwd_stays = is_under(task.directories->cwd, root);
  const bool stays = task.directories->root == root && cwd_stays;
  if (alone(task)) {
    if (!stays && sharers(task) > 1) own_directories(task);
  } else {
    const auto threads = of_process(task);
    const bool together = std::all_of(threads.begin(), threads.end(), [&](int place) {
      return tasks.at(place).directories == task.directories;
    });
    if (!together || sharers(task) != static_cast<int>(threads.size())) return -EBUSY;
  }
  task.process->os = os;
  task.directories->root = root;
  if (!cwd_stays) task.directories->cwd = root;
  return 0;
}

long Model::write(int place, const std::string& word, const Rights& opener) {
  ModelTask& task = tasks.at(place);
  if (opener.uid != task.rights.uid || opener.user_space != task.rights.user_space ||
      (task.rights.capable && !opener.capable) || !one_identity(task)) {
    return -EPERM;
  }
  const int space = task.directories->root.space;
  if (word == "/") {
    const long error = place_error(task, true);
    return error ? error : move(task, Place{space, Place::kBase}, "/");
  }
  const Entry* entry = entry_of(word);
  if (!entry) return -ENOENT;
  const bool refused = entry->closed || (entry->annas && task.rights.uid != 1000);
  if (refused && task.process->os != entry->name) return -EACCES;
  const long error = place_error(task, false);
  if (error) return error;
  if (refused && task.directories->root.root != Place::kFarm) return -EACCES;
  return move(task, Place{space, Place::kFarm}, entry->name);
}

/* Gives the task a copy of its mount namespace, with its directories where they were in it. */
void Model::new_space(ModelTask& task) {
  const int space = ++spaces_;
  covers_[space] = covers_[task.space];
  for (Place* one : {&task.directories->root, &task.directories->cwd}) {
    if (one->space == task.space) one->space = space;
  }
  task.space = space;
}

void Model::fork(int place, int child_place, uint64_t flags) {
  ModelTask child = tasks.at(place);
  child.process = std::make_shared<Process>();
  child.process->os = tasks.at(place).process->os;
  child.process->pid_space = tasks.at(place).process->pid_space;
  if (!(flags & CLONE_FS)) own_directories(child);
  if (flags & CLONE_NEWUSER) child.rights = Rights{child.rights.uid, ++user_spaces_, true};
  if (flags & CLONE_NEWNS) new_space(child);
  if (flags & CLONE_NEWPID) {
    child.process->pid_space = ++pid_spaces_;
    inits_[pid_spaces_] = child.process;
  }
  tasks[child_place] = child;
}

void Model::thread(int place, int child_place, uint64_t flags) {
  ModelTask child = tasks.at(place);
  if (!(flags & CLONE_FS)) own_directories(child);
  tasks[child_place] = child;
}

std::vector<int> Model::remove(const std::vector<int>& places) {
  for (const int place : places) tasks.erase(place);
  return places;
}

std::vector<int> Model::exec(int place) {
  ModelTask& task = tasks.at(place);
  auto others = of_process(task);
  others.erase(std::find(others.begin(), others.end(), place));
  task.process->leader_gone = false;
  /* Root of a user namespace that maps no uid to it is nobody special to execve(2). */
  if (task.rights.user_space || task.rights.uid) task.rights.capable = false;
  return remove(others);
}

/* The tasks of a PID namespace end with its first process. */
std::vector<int> Model::kill(int place) {
  const auto process = tasks.at(place).process;
  auto gone = of_process(tasks.at(place));
  const int space = process->pid_space;
  if (space && inits_[space].lock() == process) {
    gone.clear();
    for (const auto& [other, task] : tasks) {
      if (task.process->pid_space == space) gone.push_back(other);
    }
  }
  return remove(gone);
}

std::vector<int> Model::exit(int place, bool leader) {
  if (threads_of(place) == 1) return kill(place);
  const ModelTask& task = tasks.at(place);
  if (leader) {
    task.process->leader_gone = true;
    task.process->leader_rights = task.rights;
  }
  return remove({place});
}

void Model::unshare(int place, uint64_t flags) {
  ModelTask& task = tasks.at(place);
  if (flags & (CLONE_FS | CLONE_NEWNS | CLONE_NEWUSER)) own_directories(task);
  if (flags & CLONE_NEWUSER) task.rights = Rights{task.rights.uid, ++user_spaces_, true};
  if (flags & CLONE_NEWNS) new_space(task);
}

void Model::setns(int place, int space) {
  ModelTask& task = tasks.at(place);
  task.space = space;
  *task.directories = Directories{Place{space, Place::kBase}, Place{space, Place::kBase}};
}

void Model::chroot(int place, Place root) { tasks.at(place).directories->root = root; }

void Model::chdir(int place, const std::string& path) {
  Directories& directories = *tasks.at(place).directories;
  directories.cwd = directories.root;
  if (path.rfind("/chos/", 0) == 0) directories.cwd.root = Place::kFarm;
}

void Model::fchdir_base(int place) { tasks.at(place).directories->cwd = Place{}; }

bool Model::may_cover(int place) const {
  const ModelTask& task = tasks.at(place);
  const Place root = task.directories->root;
  return root.root == Place::kBase && root.space != 0 && root.space == task.space;
}

int Model::covers(int place) const {
  const auto found = covers_.find(tasks.at(place).directories->root.space);
  return found == covers_.end() ? 0 : found->second;
}

bool Model::would_gain(int place) const {
  const ModelTask& task = tasks.at(place);
  /* The kernel gives rights by a mount of the task's own namespace alone, and not if a process shares the
   * directories. */
  const bool shared =
      sharers(task) != static_cast<int>(std::count_if(tasks.begin(), tasks.end(), [&](const auto& other) {
        return other.second.directories == task.directories && other.second.process == task.process;
      }));
  return task.rights.uid != 0 && !task.rights.user_space && task.space == 0 && !shared;
}

bool Model::is_inside(int place) const {
  const ModelTask& task = tasks.at(place);
  return task.process->os != "/" || task.directories->root.root == Place::kFarm;
}

}  // namespace chos::guest
