// SPDX-License-Identifier: BSD-3-Clause
#include "build/confined.h"

#include <fcntl.h>
#include <iconv.h>
#include <langinfo.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <exception>
#include <vector>

#include "basic/digest.h"
#include "basic/files.h"
#include "basic/text.h"
#include "build/call_filter.h"

namespace chos {
namespace {

constexpr int own_input = 3, own_output = 4;  // descriptors of the child
#ifdef __SANITIZE_ADDRESS__
constexpr rlim_t most_memory = RLIM_INFINITY;  // it reserves 20 TiB of addresses
#else
constexpr rlim_t most_memory = rlim_t{4} << 30;
#endif
constexpr rlim_t most_seconds = rlim_t{2} * 60 * 60;

// One message on the pipe: a letter, the length of the text, a colon, the text.
//   p  progress: two numbers      r  what the work has returned      e  an Error: code, what, remedy
std::string message(char kind, const std::string& text) {
  return kind + std::to_string(text.size()) + ":" + text;
}

std::string error_text(const Error& error) {
  return std::to_string(error.code) + std::string(1, '\0') + error.what + std::string(1, '\0') + error.remedy;
}

Error error_from(std::string_view text) {
  const auto parts = split(text, '\0');
  Error error;
  if (parts.size() != 3)
    return Error{"the child that reads it said something that is no message", "", EPROTO};
  std::from_chars(parts[0].data(), parts[0].data() + parts[0].size(), error.code);
  error.what = parts[1];
  error.remedy = parts[2];
  return error;
}

Status limit(int what, rlim_t most, const char* name) {
  const rlimit both{most, most};
  if (::setrlimit(static_cast<__rlimit_resource>(what), &both) == 0) return {};
  return system_error(std::string("cannot limit ") + name, errno);
}

Status drop_capabilities() {
  std::uint64_t kept = 0;
  for (const int one : {CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID, CAP_SETFCAP})
    kept |= std::uint64_t{1} << one;
  for (int one = 0; ::prctl(PR_CAPBSET_READ, one, 0, 0, 0) >= 0; ++one)
    if ((kept >> one & 1) == 0 && ::prctl(PR_CAPBSET_DROP, one, 0, 0, 0) != 0)
      return system_error("cannot drop capabilities", errno);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  for (unsigned half = 0; half < 2; ++half)
    data[half].permitted = data[half].effective = static_cast<std::uint32_t>(kept >> (32 * half));
  if (::syscall(SYS_capset, &header, data) != 0) return system_error("cannot drop capabilities", errno);
  return {};
}

// Makes an empty file system that cannot be written the working directory.
Status go_to_nowhere() {
  constexpr const char* anywhere = "/dev";  // in a mount namespace of its own
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      ::mount("tmpfs", anywhere, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=4k") != 0 ||
      ::chdir(anywhere) != 0)
    return system_error("cannot make an empty root directory", errno);
  return {};
}

// The root is changed while the process may still do that; capabilities go after all that needs them.
Status confine(const Confinement& confinement, const std::vector<sock_filter>& code) {
  if (confinement.root < 0) {
    if (auto status = go_to_nowhere(); !status) return status;
  } else if (::fchdir(confinement.root) != 0) {
    return system_error("cannot change to the new root directory", errno);
  }
  if (::chroot(".") != 0 || ::chdir("/") != 0) return system_error("cannot change the root directory", errno);
  if (confinement.root >= 0) ::close(confinement.root);
  ::umask(022);  // an archive need not name the directories above its entries
  for (const auto& [what, most, name] :
       {std::tuple{RLIMIT_AS, most_memory, "memory"}, std::tuple{RLIMIT_CPU, most_seconds, "CPU time"},
        std::tuple{RLIMIT_FSIZE, static_cast<rlim_t>(confinement.largest_file), "the size of files"},
        std::tuple{RLIMIT_CORE, rlim_t{0}, "core files"}})
    if (auto status = limit(what, most, name); !status) return status;
  if (auto status = drop_capabilities(); !status) return status;
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return system_error("cannot set no_new_privs", errno);
  if (code.empty()) return {};
  sock_fprog program{static_cast<unsigned short>(code.size()), const_cast<sock_filter*>(code.data())};
  // A kernel without seccomp: everything else holds.
  if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0 && errno != EINVAL)
    return system_error("cannot install the seccomp filter", errno);
  return {};
}

// The child.  Its descriptors 0 to 2 are /dev/null, 3 is the input, 4 the pipe to the parent.  No exception
// leaves it: the callers of run_confined() would go on in the child, and undo what the parent is doing.
[[noreturn]] void be_the_child(const Confinement& confinement, const ConfinedWork& work, int pipe) noexcept {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  Confinement own = confinement;
  // All of them out of the way of the numbers that they get.
  const int null = ::fcntl(UniqueFd(::open("/dev/null", O_RDWR)).get(), F_DUPFD, 20);
  const int input = ::fcntl(confinement.input < 0 ? null : confinement.input, F_DUPFD, 20);
  const int output = ::fcntl(pipe, F_DUPFD, 20);
  const int root = confinement.root < 0 ? -1 : ::fcntl(confinement.root, F_DUPFD, 20);
  if (null < 0 || input < 0 || output < 0 || (root < 0 && confinement.root >= 0)) ::_exit(1);
  for (int number = 0; number < own_input; ++number) ::dup2(null, number);
  ::dup2(input, own_input);
  ::dup2(output, own_output);
  if (root >= 0) own.root = ::dup2(root, own_output + 1);
  close_descriptors(own_output + 1 + (root >= 0));
  Result<std::string> result = std::string();
  if (const auto status = confine(own, call_filter()); !status) {
    Error error = status.error();
    error.what += " of the process that reads it";
    result = error;
  } else try {
      auto last = std::chrono::steady_clock::now() - std::chrono::hours(1);
      result = work(own_input, [&last](std::uint64_t first, std::uint64_t second) {
        const auto now = std::chrono::steady_clock::now();
        if (now - last < std::chrono::milliseconds(100)) return;
        last = now;
        write_all(own_output, message('p', std::to_string(first) + " " + std::to_string(second)));
      });
    } catch (const std::exception& error) {
      result = Error{std::string("the process that reads it failed: ") + error.what(), "", ENOMEM};
    }
  const bool said =
      write_all(own_output, result ? message('r', *result) : message('e', error_text(result.error())));
  ::_exit(said ? 0 : 1);
}

// What the child says, taken apart.  The child may be hostile by now.
class Listener {
 public:
  explicit Listener(int pipe) : pipe_(pipe) {}

  // Reads what there is.  False at the end.
  bool read() {
    char part[4096];
    const ssize_t got = ::read(pipe_, part, sizeof part);
    if (got < 0 && errno == EINTR) return true;
    if (got <= 0) return false;
    text_.append(part, static_cast<std::size_t>(got));
    while (take_message()) continue;
    return text_.size() <= longest;
  }

  std::uint64_t first = 0, second = 0;
  std::optional<Result<std::string>> result;

 private:
  static constexpr std::size_t longest = 1 << 20;

  bool take_message() {
    const auto colon = text_.find(':');
    if (colon == std::string::npos || colon < 2) return false;
    std::size_t size = 0;
    const auto [end, error] = std::from_chars(text_.data() + 1, text_.data() + colon, size);
    if (error != std::errc() || end != text_.data() + colon || size > longest ||
        text_.size() < colon + 1 + size)
      return false;
    const std::string text = text_.substr(colon + 1, size);
    const char kind = text_[0];
    text_.erase(0, colon + 1 + size);
    if (kind == 'r') result = text;
    else if (kind == 'e') result = error_from(text);
    else if (kind == 'p') take_progress(text);
    return true;
  }

  void take_progress(const std::string& text) {
    const auto blank = text.find(' ');
    if (blank == std::string::npos) return;
    std::from_chars(text.data(), text.data() + blank, first);
    std::from_chars(text.data() + blank + 1, text.data() + text.size(), second);
  }

  int pipe_;
  std::string text_;
};

Error killed(int status) {
  return Error{"the process that reads it was ended" +
                   (WIFSIGNALED(status) ? " by signal " + std::to_string(WTERMSIG(status)) : std::string()) +
                   ": it has 4 GiB of memory and 2 hours of CPU time",
               "does the node lack memory? See: dmesg", ECHILD};
}

// Libraries read files when they are first used: the C library its conversions between character sets,
// libcrypto its configuration.  In the child, those would be files of the tree, written by a stranger.
void use_libraries() {
  Sha256().finish();
  const iconv_t conversion = ::iconv_open(::nl_langinfo(CODESET), "UTF-8");
  if (reinterpret_cast<std::intptr_t>(conversion) != -1) ::iconv_close(conversion);
}

}  // namespace

Result<std::string> run_confined(const Confinement& confinement, const ConfinedWork& work,
                                 const std::function<bool(std::uint64_t, std::uint64_t)>& progress) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return system_error("cannot make a pipe", errno);
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  use_libraries();
  constexpr unsigned long flags =
      CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | SIGCHLD;
  // clone(2) without a stack is fork(2) with flags.
  const auto child = static_cast<pid_t>(::syscall(SYS_clone, flags, nullptr, nullptr, nullptr, nullptr));
  if (child < 0)
    return system_error("cannot start a process with namespaces of its own", errno, "run this as root");
  if (child == 0) be_the_child(confinement, work, writer.get());
  writer.reset();

  Listener listener(reader.get());
  bool stopped = false;
  for (;;) {
    pollfd wait{reader.get(), POLLIN, 0};
    const int ready = ::poll(&wait, 1, 200);
    if (ready < 0 && errno != EINTR) break;
    if (ready > 0 && !listener.read()) break;
    if (progress && !progress(listener.first, listener.second)) {
      stopped = true;
      break;
    }
  }
  // After the end of the pipe there is nothing more to wait for, and it need not end by itself.
  ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  if (stopped) return Error{"interrupted", "", EINTR};
  if (!listener.result) return killed(status);
  return *listener.result;
}

}  // namespace chos
