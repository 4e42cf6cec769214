// SPDX-License-Identifier: BSD-3-Clause
#include "farm/bind_directories.h"

#include "farm/layout.h"
#include "fileserver/servers.h"
#include "mount/mountinfo.h"
#include "mount/operations.h"
#include "mount/plan.h"

namespace chos {
namespace {

Status bind_directory(const FarmWork& work, const BindAction& action) {
  const auto& [source, target] = action.wish;
  if (action.kind == BindAction::Kind::rebind) {
    if (auto status = detach_all(target); !status) return status;
    work.progress.warning(target + " showed another directory than " + source + "; it is bound again");
  }
  auto mount = bind_tree(source, target);
  if (!mount) return mount.error();
  // Undoing a rebind would leave the OSs without the directory.
  if (action.kind == BindAction::Kind::rebind) return {};
  record_mount(std::move(*mount), "binding " + target, target, work.changes);
  return {};
}

}  // namespace

Status bind_directories(const FarmWork& work) {
  const auto table = MountTable::read();
  if (!table) return table.error();
  const Servers servers(*table);
  const Config& config = work.node.config;
  const auto binds = wanted_binds(config, wanted_layout(config, servers), servers);
  for (const auto& [source, target] : binds.silent)
    work.progress.warning(source + " of the base OS does not answer (is its server up?); " + target +
                          (table->at(target) != nullptr ? " stays as it is" : " is empty") +
                          " until chosctl reload when it does");
  const auto actions = plan_binds(*table, binds.wishes);
  for (const auto& action : actions)
    if (auto status = bind_directory(work, action); !status) return status;
  for (const auto& mount : without_propagation(*table, binds.wishes))
    work.progress.warning("the mount of " + mount +
                          " is private: what is mounted below it from now on "
                          "will not appear in the farm (to change it: mount --make-rshared /, then "
                          "chosctl down and up)");
  work.progress.step("directories", !actions.empty(), counted(actions.size(), binds.wishes.size()));
  return {};
}

}  // namespace chos
