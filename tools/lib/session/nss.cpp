// SPDX-License-Identifier: BSD-3-Clause
// A separate source file, because static programs must not link code that uses NSS.
#include "session/nss.h"

#include <grp.h>
#include <pwd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

namespace chos {

namespace {

// `ask` is getpwuid_r(3) or getpwnam_r(3) without its key.
template <typename Ask>
std::optional<Account> ask_account(Ask ask) {
  std::vector<char> buffer(4096);
  constexpr std::size_t largest = 1024 * 1024;
  struct passwd entry {};
  struct passwd* found = nullptr;
  for (;;) {
    const int rc = ask(&entry, buffer.data(), buffer.size(), &found);
    if (rc == EINTR) continue;
    if (rc != ERANGE || buffer.size() >= largest) break;
    buffer.resize(buffer.size() * 4);
  }
  if (found == nullptr) return std::nullopt;
  const std::string shell = entry.pw_shell == nullptr ? "" : entry.pw_shell;
  const char* home = entry.pw_dir == nullptr ? "" : entry.pw_dir;
  return Account{entry.pw_name, home, shell.empty() ? "/bin/sh" : shell, entry.pw_uid, entry.pw_gid};
}

}  // namespace

std::optional<Account> lookup_account(uid_t uid) {
  return ask_account([uid](auto... rest) { return ::getpwuid_r(uid, rest...); });
}

std::optional<Account> lookup_account(const std::string& name) {
  return ask_account([&name](auto... rest) { return ::getpwnam_r(name.c_str(), rest...); });
}

std::vector<gid_t> lookup_gids(const Account& account) {
  constexpr std::size_t largest = 65536;  // NGROUPS_MAX: a process can have no more
  std::vector<gid_t> gids(32);
  for (;;) {
    int count = static_cast<int>(gids.size());
    const int rc = ::getgrouplist(account.name.c_str(), account.gid, gids.data(), &count);
    const auto needed = static_cast<std::size_t>(count);
    // getgrouplist(3) also fails without memory, and then `needed` does not grow.
    if (rc >= 0 || gids.size() >= largest) {
      gids.resize(std::min(needed, gids.size()));
      return gids;
    }
    gids.resize(std::max(needed, gids.size() * 2));
  }
}

}  // namespace chos
