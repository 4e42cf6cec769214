/* SPDX-License-Identifier: BSD-3-Clause */
#include "probe.h"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "calls.h"
#include "guest.h"
#include "node.h"
#include "sys.h"

namespace chos::guest {
namespace {

int expect(const std::string& name) {
  const std::string seen = view();
  if (seen == name) return 0;
  note("probe " + std::to_string(getpid()) + ": in " + seen + ", wanted " + name);
  return 1;
}

bool has_capability() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2]{};
  if (syscall(SYS_capget, &header, data) < 0) return false;
  return data[0].effective || data[1].effective || data[0].permitted || data[1].permitted;
}

/* Makes all permitted capabilities of this process effective, or none. */
void use_capabilities(bool all) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2]{};
  if (syscall(SYS_capget, &header, data) < 0) return;
  for (auto& half : data) half.effective = all ? half.permitted : 0;
  syscall(SYS_capset, &header, data);
}

/* What a setuid program does that writes a file for its user. */
int put_lowered(const std::string& file, const std::string& text) {
  const uid_t uid = geteuid();
  const gid_t gid = getegid();
  use_capabilities(false);
  if (setegid(getgid()) < 0 || seteuid(getuid()) < 0) return 98;
  const int result = file == "/dev/null" ? put_fd(STDOUT_FILENO, text) : put(file, text);
  if (seteuid(uid) < 0 || setegid(gid) < 0) return 98;
  use_capabilities(true);
  return -result;
}

}  // namespace

int probe(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  const std::string first = argc > 2 ? argv[2] : "";
  const std::string second = argc > 3 ? argv[3] : "";
  if (what == "view") return expect(first);
  if (what == "consistent") return view().find('!') == std::string::npos ? 0 : expect("agreement");
  if (what == "chain") {
    if (expect(second)) return 1;
    const int left = atoi(first.c_str()) - 1;
    if (left <= 0) return 0;
    return -exec({argv[0], "chain", std::to_string(left), second});
  }
  if (what == "euid") return geteuid() == static_cast<uid_t>(atoi(first.c_str())) ? 0 : 1;
  if (what == "egid") return getegid() == static_cast<gid_t>(atoi(first.c_str())) ? 0 : 1;
  if (what == "gained") return has_capability() ? 0 : 1;
  if (what == "put") return -put(first, second);
  if (what == "lowered") return put_lowered(first, second);
  if (what == "switch") return -switch_to(first);
  if (what == "out") return -put_fd(STDOUT_FILENO, first);
  if (what == "task") return live_again(atoi(first.c_str()));
  if (what == "spawn") {
    const pid_t pid = fork();
    if (pid < 0) return 1;
    const int seen = expect(first);
    if (pid == 0) _exit(seen);
    int status = 0;
    if (waitpid(pid, &status, 0) < 0) return 1;
    return seen || status ? 1 : 0;
  }
  fprintf(stderr, "probe: unknown command %s\n", what.c_str());
  return 99;
}

}  // namespace chos::guest
