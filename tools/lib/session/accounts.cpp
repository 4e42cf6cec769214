// SPDX-License-Identifier: BSD-3-Clause
#include "session/accounts.h"

#include <grp.h>
#include <pwd.h>

#include <cerrno>
#include <cstdio>
#include <memory>

#include "basic/subprocess.h"
#include "basic/text.h"

namespace chos {
namespace {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

Account account_of(const struct passwd& entry) {
  const std::string shell = entry.pw_shell == nullptr ? "" : entry.pw_shell;
  return {entry.pw_name, entry.pw_dir, shell.empty() ? "/bin/sh" : shell, entry.pw_uid, entry.pw_gid};
}

// fgetpwent(3) reads lines in the format of /etc/passwd and does not use NSS.
std::optional<Account> find_account(std::FILE* file, uid_t uid) {
  while (const struct passwd* entry = ::fgetpwent(file))
    if (entry->pw_uid == uid) return account_of(*entry);
  return std::nullopt;
}

std::optional<gid_t> find_group(std::FILE* file, const std::string& name) {
  while (const struct group* entry = ::fgetgrent(file))
    if (entry->gr_name == name) return entry->gr_gid;
  return std::nullopt;
}

// The output of getent as a file; null if there is none.
File ask(const char* database, const std::string& key, std::string& text) {
  constexpr double longest = 60;  // seconds: a directory server may be down
  const auto ran = run_system_command({"getent", database, key}, longest);
  if (!ran || ran->status != 0 || ran->out.empty()) return nullptr;
  text = ran->out + "\n";
  return File(::fmemopen(text.data(), text.size(), "r"));
}

}  // namespace

std::optional<Account> Accounts::account(uid_t uid) const {
  if (const File file{std::fopen((root_ + "/etc/passwd").c_str(), "re")})
    if (auto found = find_account(file.get(), uid)) return found;
  std::string text;
  if (const File file = ask("passwd", std::to_string(uid), text)) return find_account(file.get(), uid);
  return std::nullopt;
}

Result<gid_t> Accounts::group(const std::string& name) const {
  if (const File file{std::fopen((root_ + "/etc/group").c_str(), "re")})
    if (const auto found = find_group(file.get(), name)) return *found;
  std::string text;
  if (const File file = ask("group", name, text))
    if (const auto found = find_group(file.get(), name)) return *found;
  return Error{"there is no group " + in_quotes(name), "", ENOENT};
}

std::string Accounts::user_name(uid_t uid) const {
  auto [at, is_new] = names_.emplace(uid, "");
  if (is_new) {
    const auto found = account(uid);
    at->second = found ? found->name : std::to_string(uid);
  }
  return at->second;
}

}  // namespace chos
