/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The framework of the kernel cases: registration, checks, and child processes that run a part of
 * the case as another user.
 *
 * A case is a function.  It passes when it returns, fails when a CHECK throws, and is skipped when
 * it calls skip().  Checks work in children too: a child made with start() exits with status 1
 * after a failed check, and finish() then fails in the parent.
 */
#ifndef CHOS_GUEST_H
#define CHOS_GUEST_H

#include <sys/types.h>

#include <cerrno>
#include <functional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace chos::guest {

struct Failure {};
struct Skip {
  std::string why;
};

using Body = void (*)();

/* Adds a case to the list; `seconds` is its time limit on a machine with KVM. */
struct Registration {
  Registration(const char* name, int seconds, Body body);
  const char* name;
  int seconds;
  Body body;
};
const std::vector<const Registration*>& all_cases();

#define CHOS_CASE(id, seconds)                                        \
  static void id();                                                   \
  static const chos::guest::Registration case_##id{#id, seconds, id}; \
  static void id()

[[noreturn]] void fail(const char* file, int line, const std::string& what);
[[noreturn]] void skip(const std::string& why);
/* Prints a line on the console that helps to understand a failure or a measurement. */
void note(const std::string& text);

/* True if the environment has CHOS_LONG=1, which asks for larger loads. */
bool long_run();
/* Number of rounds, processes and the like: `normal`, or `large` with CHOS_LONG=1. */
inline int load(int normal, int large) { return long_run() ? large : normal; }
/* The factor in CHOS_TIME_SCALE by which time limits grow on this machine; 1 with KVM. */
double time_scale();

/* -------- formatting of values in messages */

std::string show(std::string_view text);
inline std::string show(const char* text) { return show(std::string_view(text)); }
inline std::string show(const std::string& text) { return show(std::string_view(text)); }
template <typename T>
std::string show(const T& value) {
  std::ostringstream out;
  out << value;
  return out.str();
}
/* Formats a result that is -errno when negative: "ok 3" or "EXDEV". */
std::string show_result(long result);

/* -------- checks */

#define CHECK(condition) \
  ((condition) ? void() : chos::guest::fail(__FILE__, __LINE__, "not true: " #condition))

#define CHECK_SAY(condition, message) \
  ((condition)                        \
       ? void()                       \
       : chos::guest::fail(__FILE__, __LINE__, std::string("not true: " #condition ": ") + (message)))

#define CHECK_EQ(have, want) chos::guest::check_eq(__FILE__, __LINE__, #have, #want, (have), (want))

/* For results that are -errno when negative. */
#define CHECK_OK(result) chos::guest::check_ok(__FILE__, __LINE__, #result, (result))
#define CHECK_ERR(result, error) chos::guest::check_err(__FILE__, __LINE__, #result, (result), (error))

template <typename A, typename B>
void check_eq(const char* file, int line, const char* a_text, const char* b_text, const A& a, const B& b) {
  if (!(a == b)) {
    fail(file, line, std::string(a_text) + " is " + show(a) + ", wanted " + b_text + " = " + show(b));
  }
}
long check_ok(const char* file, int line, const char* text, long result);
void check_err(const char* file, int line, const char* text, long result, int error);

/* -------- users and child processes */

struct Who {
  uid_t uid;
  gid_t gid;
  std::vector<gid_t> groups;
};
inline const Who kRoot{0, 0, {}};
inline const Who kAnna{1000, 1000, {}};
inline const Who kBert{1001, 1001, {}};

/* Switches this process to that user permanently: groups, gid, uid, and no capabilities. */
void become(const Who& who);

/*
 * Runs `code` in a forked child as `who`.  The child exits with status 0, or 1 after a failed
 * check.  It is killed when its parent exits.
 */
pid_t start(const Who& who, const std::function<void()>& code);
/* Waits for a child made with start(); fails the case unless its exit status is 0. */
#define FINISH(pid) chos::guest::finish(__FILE__, __LINE__, (pid))
void finish(const char* file, int line, pid_t pid);
/* start() followed by finish(). */
#define AS(who, ...) FINISH(chos::guest::start((who), __VA_ARGS__))

/* Waits for a child and returns its wait status; retries after EINTR. */
int wait_status(pid_t pid);
/* Kills a child of this process and reaps it. */
void end_child(pid_t pid);

/*
 * Runs a program as a child and returns its wait status.  `how` is called in the child
 * before the exec, e.g. to drop rights or to redirect output.
 */
int run_program(const std::vector<std::string>& arguments, const std::function<void()>& how = nullptr);
/* A null-terminated argv whose pointers are valid as long as `arguments` is. */
std::vector<char*> argv_of(const std::vector<std::string>& arguments);
/* execv(2) with strings; returns -errno if it fails. */
int exec(const std::vector<std::string>& arguments);

/* Wraps code with checks for a thread: a failed check ends the whole process with status 1. */
std::function<void()> checked(std::function<void()> code);

/* Marks the case as failed without throwing, for destructors. */
void mark_failed(const std::string& why);
bool marked_failed();

/* The message of the first failed check in any process of the case; "" if none has failed. */
std::string first_failure();
/* Allocates the shared memory for that message; call it before the case is forked. */
void prepare_failures();

}  // namespace chos::guest

#endif
