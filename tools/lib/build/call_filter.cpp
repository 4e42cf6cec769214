// SPDX-License-Identifier: BSD-3-Clause
#include "build/call_filter.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace chos {
namespace {

// System calls that fail with EPERM: what reads an archive and writes a tree has no use for them.
constexpr auto denied_calls = std::to_array<unsigned>(
    {// programs and processes
     __NR_execve, __NR_execveat, __NR_ptrace, __NR_process_vm_readv, __NR_process_vm_writev, __NR_kcmp,
     __NR_pidfd_open, __NR_pidfd_getfd, __NR_pidfd_send_signal, __NR_kill, __NR_tgkill, __NR_tkill,
#ifdef __NR_fork
     __NR_fork, __NR_vfork,
#endif
     // other roots, mounts and namespaces
     __NR_chroot, __NR_pivot_root, __NR_mount, __NR_umount2, __NR_open_tree, __NR_move_mount, __NR_fsopen,
     __NR_fsmount, __NR_fspick, __NR_unshare, __NR_setns, __NR_name_to_handle_at, __NR_open_by_handle_at,
     // the network
     __NR_socket, __NR_socketpair, __NR_connect, __NR_bind, __NR_listen, __NR_accept, __NR_accept4,
     // parts of the kernel that were open to attack
     __NR_bpf, __NR_perf_event_open, __NR_userfaultfd, __NR_io_uring_setup, __NR_keyctl, __NR_add_key,
     __NR_request_key, __NR_init_module, __NR_finit_module, __NR_delete_module, __NR_kexec_load,
     // the node
     __NR_reboot, __NR_swapon, __NR_swapoff, __NR_sethostname, __NR_setdomainname, __NR_settimeofday,
     __NR_clock_settime, __NR_quotactl, __NR_acct, __NR_syslog, __NR_personality});

#if defined(__x86_64__)
constexpr unsigned own_architecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr unsigned own_architecture = AUDIT_ARCH_AARCH64;
#else
constexpr unsigned own_architecture = 0;
#endif

constexpr unsigned at_number = offsetof(seccomp_data, nr);
constexpr unsigned at_architecture = offsetof(seccomp_data, arch);
// The low halves of arguments: both architectures are little-endian.
constexpr unsigned at_first_argument = offsetof(seccomp_data, args);
constexpr unsigned at_third_argument = offsetof(seccomp_data, args) + 2 * sizeof(std::uint64_t);
#ifdef __NR_mknod
constexpr unsigned at_second_argument = offsetof(seccomp_data, args) + sizeof(std::uint64_t);
#endif
constexpr unsigned fail_with_eperm = SECCOMP_RET_ERRNO | EPERM;
constexpr unsigned first_foreign_call = 0x40000000;  // of the x32 ABI

}  // namespace

std::vector<sock_filter> call_filter() {
  std::vector<sock_filter> code;
  if (own_architecture == 0) return code;
  const auto add = [&code](unsigned op, unsigned value, unsigned char yes = 0, unsigned char no = 0) {
    code.push_back({static_cast<unsigned short>(op), yes, no, value});
  };
  const auto answer = [&add](unsigned call, unsigned result) {
    add(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1);
    add(BPF_RET | BPF_K, result);
  };
  add(BPF_LD | BPF_W | BPF_ABS, at_architecture);
  add(BPF_JMP | BPF_JEQ | BPF_K, own_architecture, 1, 0);
  add(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
  add(BPF_LD | BPF_W | BPF_ABS, at_number);
  add(BPF_JMP | BPF_JGE | BPF_K, first_foreign_call, 0, 1);
  add(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
  for (const unsigned call : denied_calls) answer(call, fail_with_eperm);
  // Its flags lie in memory, where a filter cannot look.  libc then calls clone(2).
  answer(__NR_clone3, SECCOMP_RET_ERRNO | ENOSYS);
  // No code is loaded: a library that a character set or a compression asks for would be the tree's.
  for (const unsigned call : {__NR_mmap, __NR_mprotect, __NR_pkey_mprotect}) {
    add(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 4);
    add(BPF_LD | BPF_W | BPF_ABS, at_third_argument);
    add(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1);
    add(BPF_RET | BPF_K, fail_with_eperm);
    add(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  }
  // No device, which would lead out of the tree.  Archives with devices are refused, or those are left out.
  const auto allow_no_device = [&add](unsigned call, unsigned at_mode) {
    add(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 7);
    add(BPF_LD | BPF_W | BPF_ABS, at_mode);
    add(BPF_ALU | BPF_AND | BPF_K, S_IFMT);
    add(BPF_JMP | BPF_JEQ | BPF_K, S_IFIFO, 3, 0);
    add(BPF_JMP | BPF_JEQ | BPF_K, S_IFSOCK, 2, 0);
    add(BPF_JMP | BPF_JEQ | BPF_K, S_IFREG, 1, 0);
    add(BPF_RET | BPF_K, fail_with_eperm);
    add(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  };
#ifdef __NR_mknod
  allow_no_device(__NR_mknod, at_second_argument);
#endif
  allow_no_device(__NR_mknodat, at_third_argument);
  // Threads only: libraries of decompressors may start some.
  add(BPF_JMP | BPF_JEQ | BPF_K, __NR_clone, 0, 3);
  add(BPF_LD | BPF_W | BPF_ABS, at_first_argument);
  add(BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 1, 0);
  add(BPF_RET | BPF_K, fail_with_eperm);
  add(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  return code;
}

}  // namespace chos
