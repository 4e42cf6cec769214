// SPDX-License-Identifier: BSD-3-Clause
// What every action of chos looks at first: who asks, from where, and which OSs there are.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "chos/options.h"
#include "lib/accounts.h"
#include "lib/allowlist.h"
#include "lib/config.h"
#include "lib/environment.h"
#include "lib/kernel_link.h"
#include "lib/messages.h"
#include "lib/selection.h"

namespace chos::tool {

struct Context {
  Options options;
  Messages say{"chos"};
  KernelLink kernel;
  std::string current = "/";  ///< this process's OS as the module says; "/" without a module
  Accounts accounts;
  Environment environment;
  std::optional<Account> account;
  std::string home;  ///< $HOME, else the account's; may be empty
  std::vector<gid_t> gids;
  std::string allowlist_file;  ///< as read: inside an OS, the base's is under /local
  ParsedAllowlist parsed;
  Config config;

  explicit Context(const Options& given);

  /// Null if the list has errors.
  const Allowlist* list() const { return parsed.list ? &*parsed.list : nullptr; }

  /// Says on standard error what is wrong with /etc/chos or /etc/chos.conf, if anything.
  void report_files() const;

  Selection select() const;

 private:
  ParsedConfig parsed_config_;
};

}  // namespace chos::tool
