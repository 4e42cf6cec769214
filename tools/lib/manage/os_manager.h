// SPDX-License-Identifier: BSD-3-Clause
// Changes of the OSs of a node: adding, replacing, removing, closing.
//
// The commit point of each is the replacement of the allowlist's text.  What was made before it is
// taken back, and what remains after it is done, by the next run if this one was killed.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "allowlist/allowlist.h"
#include "basic/files.h"
#include "basic/progress.h"
#include "basic/work_progress.h"
#include "build/build.h"
#include "farm/node.h"
#include "store/source.h"
#include "store/store.h"

namespace chos {

struct Recipe {
  Source source;
  BuildOptions options;
};

class OsManager {
 public:
  /// `quiet` hears what `reload` does to a node that is up.
  OsManager(const Node& node, const Store& store, WorkProgress& progress, Progress& quiet)
      : node_(node), store_(store), progress_(progress), quiet_(quiet) {}

  /// Makes an OS of a source and lists it, with `options` of chos(5) such as "groups=hep,closed".
  Result<TreeRecord> add(const std::string& name, const Source& source, const BuildOptions& build_options,
                         const std::string& options);

  /// Makes a new tree; who enters from now on gets it, who is inside keeps the old one.
  Result<TreeRecord> replace(const std::string& name, const Source& source,
                             const BuildOptions& build_options);

  /// What the tree of an OS was made of, and how, to make it anew.  Code ENOENT: not by chosctl.
  Result<Recipe> recipe(const std::string& name) const;

  /// Goes back to the generation before.
  Result<TreeRecord> rollback(const std::string& name);

  /// Code EBUSY: processes are in it.  A tree that chosctl did not make stays where it is.
  Status remove(const std::string& name);

  /// "closed" or "suid"; false: it was so already.
  Result<bool> set_option(const std::string& name, const std::string& option, bool on);

  /// The site's default; "base" for none.
  Result<bool> set_default(const std::string& name);

  /// Finishes or takes back what runs that were killed have left.  Called before each change.  What
  /// fails is noted; it is an Error only for the OS that is `concerned`.
  Status recover(const std::string& concerned = "");

 private:
  using Edit = std::function<std::string(const std::string& text)>;
  struct Listed {
    OsEntry entry;
    std::string site_default;  ///< its path, "" if there is none
  };

  Result<Allowlist> list() const;
  Result<Listed> find(const std::string& name) const;
  std::string with_name_moved(const std::string& text, const std::string& name, const std::string& from,
                              const TreeRecord& to) const;
  Error edited_meanwhile(const std::string& name) const;
  /// False: the text was as wanted already.
  Result<bool> change_list(const Edit& edit);
  Status write_list(const std::string& text) const;
  Status apply();

  /// Takes the journal of an OS, with nothing left in it; what there is may be looked at then.
  Result<UniqueFd> begin(const std::string& name);
  Result<UniqueFd> take_in_time(const std::string& name);
  void end(const std::string& name);
  Status finish_interrupted(const std::string& name);
  Status clean_work(const std::string& name);
  Result<TreeRecord> make(const std::string& name, unsigned generation, const std::string& previous,
                          const Source& source, const BuildOptions& options);
  Status check_source(const Source& source) const;
  Status check_line(const std::string& name, const std::string& options) const;
  Status check(const std::string& name, const Built& built);
  Status make_mount_points(const std::string& root);
  Status place(const TreeRecord& record, const std::string& root, const std::string& manifest);
  Status take_back(const TreeRecord& record);
  Status discard(const TreeRecord& record);
  /// Whether processes are in one of the trees, whatever name they came in by, or came in by `name`.
  Result<bool> in_use(const std::string& name, const std::vector<TreeRecord>& trees) const;
  Result<unsigned long long> count_in(const std::string& name, const std::vector<TreeRecord>& trees) const;
  void prune(const std::string& name, const std::string& previous);
  /// `previous` is the path that the name has had, "" if it is new.
  Result<TreeRecord> publish(const std::string& name, unsigned generation, const std::string& previous,
                             const Source& source, const BuildOptions& options,
                             const std::function<Edit(const TreeRecord&)>& edit);

  const Node& node_;
  const Store& store_;
  WorkProgress& progress_;
  Progress& quiet_;
};

}  // namespace chos
