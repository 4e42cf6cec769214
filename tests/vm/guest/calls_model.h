/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the design promises about the tasks of calls.h: which OS each of them is in after each call, and
 * what a write to setchos gives.  The model takes the results of other system calls from the kernel.
 */
#ifndef CHOS_GUEST_CALLS_MODEL_H
#define CHOS_GUEST_CALLS_MODEL_H

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "calls.h"

namespace chos::guest {

/* The allowlist that the model knows. */
inline constexpr const char* kCallsList =
    "trixie:/os/trixie\n"
    "sl6:/os/sl6\n"
    "shut:/os/alma9:closed\n"
    "annas:/os/alma9:groups=1000\n";

/* A directory as far as it matters: under which root of which mount namespace it is. */
struct Place {
  enum Root { kBase, kFarm, kJail };
  int space = 0;
  Root root = kBase;
  bool operator==(const Place&) const = default;
};

/* Root and working directory; tasks share it like the kernel's fs_struct. */
struct Directories {
  Place root, cwd;
};

struct Rights {
  uid_t uid = 0;
  int user_space = 0;
  bool capable = true;
  bool operator==(const Rights&) const = default;
};

struct Process {
  std::string os = "/";
  bool leader_gone = false; /* its first thread has exited before others */
  Rights leader_rights;     /* that thread's, which still count */
  int pid_space = 0;
};

struct ModelTask {
  std::shared_ptr<Process> process;
  std::shared_ptr<Directories> directories;
  Rights rights;
  int space = 0; /* its mount namespace */
};

class Model {
 public:
  /* Tasks by their place on the board. */
  std::map<int, ModelTask> tasks;

  void add_first(int place, uid_t uid);
  /* The result of writing that word to a file that a task with these rights opened; applies it. */
  long write(int place, const std::string& word, const Rights& opener);
  /* Each of these applies a call that succeeded. */
  void fork(int place, int child, uint64_t flags);
  void thread(int place, int child, uint64_t flags);
  /* Returns the tasks that ended by it. */
  std::vector<int> exec(int place);
  /* leader: the task is the first thread of its process. */
  std::vector<int> exit(int place, bool leader);
  std::vector<int> kill(int place);
  void unshare(int place, uint64_t flags);
  void setns(int place, int space);
  void chroot(int place, Place root);
  void chdir(int place, const std::string& path);
  void fchdir_base(int place);
  void cover(int place, int by) { covers_[tasks.at(place).directories->root.space] += by; }
  void user(int place, uid_t uid) { tasks.at(place).rights = Rights{uid, 0, false}; }

  /* Whether a file system may be put over the farm, or taken away, without effect on other namespaces. */
  bool may_cover(int place) const;
  int covers(int place) const;
  /* Whether executing the base's setuid program gives rights outside an OS. */
  bool would_gain(int place) const;
  /* Whether the task is in an OS, by its word or by its root. */
  bool is_inside(int place) const;
  int threads_of(int place) const;

 private:
  int sharers(const ModelTask& task) const;
  std::vector<int> of_process(const ModelTask& task) const;
  bool alone(const ModelTask& task) const;
  bool one_identity(const ModelTask& task) const;
  long place_error(const ModelTask& task, bool leaving) const;
  long move(ModelTask& task, Place root, const std::string& os);
  void own_directories(ModelTask& task);
  void new_space(ModelTask& task);
  std::vector<int> remove(const std::vector<int>& places);

  std::map<int, int> covers_; /* mount namespace -> file systems over the farm there */
  int spaces_ = 1;            /* 0 and 1 exist from the start */
  int pid_spaces_ = 0;
  int user_spaces_ = 0;
  std::map<int, std::weak_ptr<Process>> inits_; /* PID namespace -> its first process */
};

}  // namespace chos::guest

#endif
