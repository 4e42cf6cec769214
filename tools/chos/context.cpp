// SPDX-License-Identifier: BSD-3-Clause
#include "chos/context.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

namespace chos::tool {
namespace {

// Inside an OS /etc is that OS's, and the base's is /local/etc.
std::string base_root(const std::string& current) {
  const std::string local = std::string("/") + farm_local;
  struct stat info {};
  return current != "/" && ::stat((local + "/etc").c_str(), &info) == 0 ? local : std::string();
}

}  // namespace

Context::Context(const Options& given) : options(given), kernel(given.proc) {
  if (const auto now = kernel.current()) current = *now;
  const std::string root = base_root(current);
  accounts = Accounts(root);
  environment = own_environment();
  account = accounts.account(::geteuid());
  const std::string* variable = find_variable(environment, "HOME");
  if (variable != nullptr && variable->starts_with('/')) home = *variable;
  else if (account) home = account->home;
  gids = own_gids();

  allowlist_file = root + options.allowlist;
  parsed = load_allowlist(allowlist_file,
                          [this](const std::string& name) { return accounts.group(name); });
  if (parsed.missing) {
    // No list is a list of nothing: the node has no OS but its own.
    parsed.list = Allowlist();
    parsed.errors.clear();
  }
  parsed_config_ = load_config(root + options.config);
  if (parsed_config_.ok()) config = parsed_config_.config;
}

void Context::report_files() const {
  if (!parsed.errors.empty()) {
    say.warning(parsed.error_text());
    say.hint(allowlist_file + " cannot be used; an administrator finds more with: chosctl doctor");
  }
  if (!parsed_config_.ok()) {
    say.warning(parsed_config_.error_text());
    say.hint("going on with the defaults");
  }
}

Selection Context::select() const {
  SelectionInput input;
  input.option = options.os;
  if (const auto* variable = find_variable(environment, "CHOS")) input.environment = *variable;
  if (!home.empty())
    input.user_file = [this] { return read_user_file(user_file_path(home)); };
  input.allowlist = list();
  input.gids = gids;
  return select_os(input, order_of_chos());
}

}  // namespace chos::tool
