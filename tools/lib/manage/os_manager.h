// SPDX-License-Identifier: BSD-3-Clause
// The changes that `chosctl os` makes: adding, replacing, removing, closing an OS.
//
// The commit point of each change is the replacement of the allowlist's text.  If a run is killed
// before it, the next run takes back what was made; if after it, the next run completes the rest.
#pragma once

#include <string>

#include "manage/context.h"
#include "store/source.h"

namespace chos {

struct Recipe {
  Source source;
  BuildOptions options;
};

class OsManager {
 public:
  /// `reload_progress` is told what a reload of the node does.
  OsManager(const Node& node, const Store& store, WorkProgress& progress, Progress& reload_progress)
      : context_{node, store, progress, reload_progress} {}

  /// Makes an OS from a source and lists it, with `options` of chos(5) such as "groups=hep,closed".
  Result<TreeRecord> add(const std::string& name, const Source& source, const BuildOptions& build_options,
                         const std::string& options);

  /// Makes a new tree.  New entries get it; running processes and their children keep the old one.
  Result<TreeRecord> replace(const std::string& name, const Source& source,
                             const BuildOptions& build_options);

  /// The source and the options that the tree of an OS was made with.  Code ENOENT: chosctl did not
  /// make the tree.
  Result<Recipe> recipe(const std::string& name) const;

  /// Returns to the generation before.
  Result<TreeRecord> rollback(const std::string& name);

  /// Takes an OS from the list and deletes its trees; a tree that chosctl did not make stays.  Code
  /// EBUSY: processes are in it.
  Status remove(const std::string& name);

  /// Sets or clears an option of chos(5) without a value, such as "closed".  False: it was so already.
  Result<bool> set_option(const std::string& name, const std::string& option, bool on);

  /// Sets the site's default; "base" for none.  False: it was so already.
  Result<bool> set_default(const std::string& name);

 private:
  const ManageContext context_;
};

}  // namespace chos
