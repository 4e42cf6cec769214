// SPDX-License-Identifier: BSD-3-Clause
#include "session/caller.h"

#include <sys/stat.h>
#include <unistd.h>

#include "allowlist/farm_names.h"
#include "session/user_file.h"

namespace chos {
namespace {

std::string root_of_base(const std::string& current) {
  const std::string local = std::string("/") + farm_local;
  struct stat info {};
  return current != "/" && ::stat((local + "/etc").c_str(), &info) == 0 ? local : std::string();
}

// The effective gid and the supplementary ones of this process.
std::vector<gid_t> own_gids() {
  std::vector<gid_t> gids;
  const int count = ::getgroups(0, nullptr);
  if (count > 0) {
    gids.resize(static_cast<std::size_t>(count));
    const int got = ::getgroups(count, gids.data());
    gids.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
  }
  gids.push_back(::getegid());
  return gids;
}

}  // namespace

Place::Place(const Paths& paths) : kernel(paths.proc) {
  if (const auto now = kernel.current()) current = *now;
  base_root = root_of_base(current);
  accounts = Accounts(base_root);
  gids = own_gids();
  allowlist_file = base_root + paths.allowlist;
  parsed = load_allowlist(allowlist_file, [this](const std::string& name) { return accounts.group(name); });
  if (parsed.missing) {
    // A missing list is an empty list: the node offers only the base OS.
    parsed.list = Allowlist();
    parsed.errors.clear();
  }
}

Caller::Caller(const Paths& paths) : Place(paths) {
  environment = own_environment();
  account = accounts.account(::geteuid());
  const std::string* variable = find_variable(environment, "HOME");
  if (variable != nullptr && variable->starts_with('/')) home = *variable;
  else if (account) home = account->home;
}

Selection Caller::select(const std::optional<std::string>& option, const Order& order) const {
  SelectionInput input;
  input.option = option;
  if (const auto* variable = find_variable(environment, "CHOS")) input.environment = *variable;
  if (!home.empty()) input.user_file = [this] { return read_user_file(user_file_path(home)); };
  input.allowlist = list();
  input.gids = gids;
  return select_os(input, order);
}

}  // namespace chos
