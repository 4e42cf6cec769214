/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Random system calls around the module, by tasks that share processes, directories and namespaces in every
 * combination, as several users, one after the other: each task must be in the OS in which the model has it.
 * CHOS_SEED=N begins with the run of that seed, and repeats it.
 */
#include <sched.h>

#include <cstdio>
#include <deque>

#include "calls_yard.h"

namespace chos::guest {
namespace {

constexpr int kCrowd = 18; /* so many tasks at most in the case with the model */
constexpr const char* kWords[] = {"trixie", "sl6", "/", "/os/sl6", "shut", "annas", "nope", "/os/alma9"};
constexpr Call kCalls[] = {
    Call::kEnter,     Call::kEnter,      Call::kEnter, Call::kEnter,  Call::kEnter,   Call::kEnter,
    Call::kEnter,     Call::kFork,       Call::kFork,  Call::kFork,   Call::kFork,    Call::kShareFork,
    Call::kShareFork, Call::kShareFork,  Call::kExec,  Call::kExec,   Call::kUnshare, Call::kUnshare,
    Call::kUnshare,   Call::kVforkOnce,  Call::kSetns, Call::kChroot, Call::kEscape,  Call::kChdir,
    Call::kCover,     Call::kTrace,      Call::kUser,  Call::kSend,   Call::kSend,    Call::kExit,
    Call::kExit,      Call::kExecRaised,
};
constexpr const char* kCallNames[] = {
    "nothing", "enter", "fork",  "clone",   "vfork", "exec",   "exec-setuid", "unshare", "setns", "chroot",
    "escape",  "chdir", "cover", "uncover", "trace", "setuid", "send",        "receive", "exit",  "roam"};
constexpr int kVforkPlace = -1; /* of the child of vfork(2) in the model */

/* One run with the model: a task, chosen at random, makes a call, chosen at random, and so on. */
class InOrder {
 public:
  InOrder(Yard& yard, uint64_t number) : yard_(yard), random_(number), number_(number) {
    for (const Who* who : {&kRoot, &kAnna, &kBert}) {
      const int place = yard_.free_place();
      yard_.add(place, *who);
      model_.add_first(place, who->uid);
    }
  }
  void run(int steps) {
    for (step_ = 1; step_ <= steps && !model_.tasks.empty(); ++step_) {
      const int place = one_of_all();
      Call call = kCalls[random_.below(std::size(kCalls))];
      const bool makes = call == Call::kFork || call == Call::kShareFork;
      if (makes && model_.tasks.size() >= kCrowd) call = Call::kExit;
      if (call == Call::kExit && model_.tasks.size() < 4) call = Call::kFork;
      make(place, call);
      if (model_.tasks.count(place)) check(place, yard_.task(place).sight);
      if (step_ % 4 == 0) check_all();
    }
    check_all();
  }

 private:
  int one_of_all() {
    auto chosen = model_.tasks.begin();
    std::advance(chosen, random_.below(static_cast<unsigned>(model_.tasks.size())));
    return chosen->first;
  }
  const char* word() { return kWords[random_.below(std::size(kWords))]; }

  /* The order is in the log before it is carried out, so that a run that hangs tells where. */
  void log(int place, const std::string& text) {
    log_.push_back(std::to_string(step_) + ": task " + std::to_string(place) + " " +
                   kCallNames[static_cast<int>(yard_.task(place).call)] + text);
    if (log_.size() > 25) log_.pop_front();
  }
  [[noreturn]] void wrong(const std::string& what) {
    for (const auto& line : log_) note(line);
    fail(__FILE__, __LINE__, what + "; seed of this run: " + std::to_string(number_));
  }
  void expect(bool right, const std::string& what) {
    if (!right) wrong(what);
  }

  void await_end(const std::vector<int>& places) {
    std::string text;
    for (const int place : places)
      text += " " + std::to_string(place) + "(" + std::to_string(yard_.thread_of(place)) + ")";
    expect(yard_.await_end(places), "one of these tasks should have ended:" + text);
  }

  /* Returns the result; or -ESRCH if the task has ended. */
  long order(int place, Call call, uint64_t flags = 0, long other = 0, const std::string& word = "") {
    Task& task = yard_.task(place);
    task.call = call;
    task.flags = flags;
    task.other = other;
    task.word[word.copy(task.word, sizeof task.word - 1)] = 0;
    char hex[32];
    snprintf(hex, sizeof hex, " %llx %ld ", static_cast<unsigned long long>(flags), other);
    log(place, hex + word);
    yard_.tell(place);
    const long result = yard_.answered(place) ? task.result : -ESRCH;
    log_.back() += " = " + show_result(result);
    return result;
  }

  void check(int place, const Sight& sight) {
    const ModelTask& task = model_.tasks.at(place);
    const std::string seen = std::string(sight.name) + " " + sight.link + " " + yard_.root_seen(sight);
    const std::string& os = task.process->os;
    const std::string want = os + " " + path_of(os) + " " + Yard::name_of(task.directories->root.root);
    expect(seen == want, "task " + std::to_string(place) + " is in " + seen + ", wanted " + want);
  }
  void check_now(int place) {
    order(place, Call::kNothing);
    log_.pop_back();
    check(place, yard_.task(place).sight);
  }
  void check_all() {
    std::set<std::string> inside;
    for (const auto& [place, task] : model_.tasks) {
      check_now(place);
      if (task.process->os == "/") continue;
      inside.insert(std::to_string(yard_.process_of(place)) + " " + task.process->os);
    }
    const auto listed = Yard::processes();
    if (listed == inside) return;
    std::string text = CHOS_PROCESSES " has:";
    for (const auto& line : listed) text += " " + line + ";";
    text += " wanted:";
    for (const auto& line : inside) text += " " + line + ";";
    wrong(text);
  }

  void make(int place, Call call);
  void enter(int place);
  void fork(int place);
  void share_fork(int place);
  void vfork_once(int place);
  void exec(int place);
  void exec_raised(int place);
  void unshare(int place);
  void setns(int place);
  void escape(int place);
  void chdir(int place);
  void cover(int place);
  void trace(int place);
  void user(int place);
  void send(int place);
  void exit(int place);

  Yard& yard_;
  Random random_;
  uint64_t number_;
  Model model_;
  int step_ = 0;
  std::deque<std::string> log_;
};

void InOrder::make(int place, Call call) {
  switch (call) {
    case Call::kEnter: return enter(place);
    case Call::kFork: return fork(place);
    case Call::kShareFork: return share_fork(place);
    case Call::kVforkOnce: return vfork_once(place);
    case Call::kExec: return exec(place);
    case Call::kExecRaised: return exec_raised(place);
    case Call::kUnshare: return unshare(place);
    case Call::kSetns: return setns(place);
    case Call::kChroot:
      if (order(place, call) == 0)
        model_.chroot(place, {model_.tasks.at(place).directories->root.space, Place::kJail});
      return;
    case Call::kEscape: return escape(place);
    case Call::kChdir: return chdir(place);
    case Call::kCover: return cover(place);
    case Call::kTrace: return trace(place);
    case Call::kUser: return user(place);
    case Call::kSend: return send(place);
    default: return exit(place);
  }
}

void InOrder::enter(int place) {
  const std::string what = word();
  const long have = order(place, Call::kEnter, 0, 0, what);
  const long want = model_.write(place, what, model_.tasks.at(place).rights);
  expect(have == want, "writing " + what + " gave " + show_result(have) + ", wanted " + show_result(want));
}

void InOrder::fork(int place) {
  constexpr uint64_t kFlags[] = {CLONE_FS,     CLONE_FILES,   CLONE_PARENT, CLONE_PIDFD,  CLONE_IO,
                                 CLONE_NEWNS,  CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWUTS, CLONE_SYSVSEM,
                                 CLONE_NEWNET, CLONE_NEWIPC,  CLONE_FS};
  uint64_t flags = 0;
  for (unsigned n = random_.below(4); n; --n) flags |= kFlags[random_.below(std::size(kFlags))];
  /* One level of PID namespaces, to know what ends with their first processes. */
  if (model_.tasks.at(place).process->pid_space) flags &= ~static_cast<uint64_t>(CLONE_NEWPID);
  const int child = yard_.free_place();
  if (order(place, Call::kFork, flags, child) < 0) {
    yard_.give_back(child);
    return;
  }
  yard_.await_birth(child);
  model_.fork(place, child, flags);
  check(child, yard_.task(child).sight);
}

void InOrder::share_fork(int place) {
  constexpr uint64_t kThread = CLONE_THREAD | CLONE_SIGHAND;
  constexpr uint64_t kKinds[] = {
      0,       CLONE_FS,           CLONE_SIGHAND | CLONE_FILES,
      kThread, kThread | CLONE_FS, kThread | CLONE_FS | CLONE_FILES | CLONE_SYSVSEM};
  const uint64_t flags = kKinds[random_.below(std::size(kKinds))];
  const int child = yard_.free_place();
  if (order(place, Call::kShareFork, flags, child) < 0) {
    yard_.give_back(child);
    return;
  }
  yard_.await_birth(child);
  if (flags & CLONE_THREAD) {
    model_.thread(place, child, flags);
  } else {
    model_.fork(place, child, flags);
  }
  check(child, yard_.task(child).sight);
}

void InOrder::vfork_once(int place) {
  const std::string what = word();
  const uint64_t flags = random_.below(2) ? CLONE_FS : 0;
  if (order(place, Call::kVforkOnce, flags, 0, what) < 0) return;
  model_.fork(place, kVforkPlace, flags);
  const long have = yard_.task(place).child_result;
  const long want = model_.write(kVforkPlace, what, model_.tasks.at(place).rights);
  expect(have == want, "the child's writing gave " + show_result(have) + ", wanted " + show_result(want));
  check(kVforkPlace, yard_.task(place).child);
  model_.tasks.erase(kVforkPlace);
}

void InOrder::exec(int place) {
  expect(order(place, Call::kExec) == 0, "execve(2) failed");
  await_end(model_.exec(place));
}

void InOrder::exec_raised(int place) {
  const bool gains = model_.would_gain(place), inside = model_.is_inside(place);
  const Rights rights = model_.tasks.at(place).rights;
  const uid_t uid = rights.uid;
  const long result = order(place, Call::kExecRaised);
  if (result == -ESRCH) {
    expect(inside && uid, "a process outside an OS was killed");
    return await_end(model_.kill(place));
  }
  expect(result == 0, "execveat(2) failed");
  expect(!(gains && inside), "a setuid program runs inside an OS");
  const uid_t euid = yard_.task(place).child.euid;
  if (gains) expect(euid == 0, "a setuid program gained nothing outside an OS");
  /* The tasks' user namespaces map nobody, so every user has the overflow ID in them. */
  const uid_t own = rights.user_space ? 65534 : uid;
  if (inside && uid) expect(euid == own, "a process gained rights inside an OS");
  await_end(model_.exec(place));
}

void InOrder::unshare(int place) {
  constexpr uint64_t kFlags[] = {CLONE_FS,    CLONE_FS,      CLONE_NEWNS,
                                 CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWUSER | CLONE_NEWNS,
                                 CLONE_FILES, CLONE_NEWUTS};
  const uint64_t flags = kFlags[random_.below(std::size(kFlags))];
  if (order(place, Call::kUnshare, flags) == 0) model_.unshare(place, flags);
}

void InOrder::setns(int place) {
  const int space = static_cast<int>(random_.below(2));
  if (order(place, Call::kSetns, 0, space) == 0) model_.setns(place, space);
}

void InOrder::escape(int place) {
  const long result = order(place, Call::kEscape);
  model_.fchdir_base(place);
  if (result == 0) model_.chroot(place, Place{});
}

void InOrder::chdir(int place) {
  constexpr const char* kPaths[] = {"/", "/home", "/proc", "/chos/home"};
  const std::string path = kPaths[random_.below(std::size(kPaths))];
  if (order(place, Call::kChdir, 0, 0, path) == 0) model_.chdir(place, path);
}

void InOrder::cover(int place) {
  if (!model_.may_cover(place)) return enter(place);
  const bool away = model_.covers(place) > 0 && random_.below(2);
  if (order(place, away ? Call::kUncover : Call::kCover) == 0) model_.cover(place, away ? -1 : 1);
}

void InOrder::trace(int place) {
  const int other = one_of_all();
  /* PIDs have other numbers in a PID namespace. */
  if (model_.tasks.at(place).process->pid_space || other == place) return enter(place);
  order(place, Call::kTrace, 0, yard_.thread_of(other));
}

void InOrder::user(int place) {
  const uid_t uid = random_.below(2) ? kAnna.uid : kBert.uid;
  if (model_.tasks.at(place).rights != Rights{}) return enter(place);
  if (order(place, Call::kUser, 0, uid) == 0) model_.user(place, uid);
}

void InOrder::send(int place) {
  const int other = one_of_all();
  const std::string what = word();
  const Rights opener = model_.tasks.at(place).rights;
  if (order(place, Call::kSend) < 0) wrong("the descriptor cannot be sent");
  const long have = order(other, Call::kReceive, 0, 0, what);
  const long received = yard_.task(other).child_result;
  expect(received == 1, "receiving the descriptor gave " + show_result(received));
  const long want = model_.write(other, what, opener);
  expect(have == want, "writing " + what + " to another's descriptor gave " + show_result(have) +
                           ", wanted " + show_result(want));
  check(other, yard_.task(other).sight);
  check_now(place); /* another thread of its process may have moved it */
}

void InOrder::exit(int place) {
  const bool leader = yard_.process_of(place) == yard_.thread_of(place);
  order(place, Call::kExit);
  await_end(model_.exit(place, leader));
}

}  // namespace

CHOS_CASE(calls_in_order, load(30, 600)) {
  for_seconds(load(3, 500), [](Yard& yard, uint64_t number) { InOrder(yard, number).run(200); });
}

}  // namespace chos::guest
