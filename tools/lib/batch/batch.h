// SPDX-License-Identifier: BSD-3-Clause
// What `chosctl batch` needs of a batch system: the steps that make it start jobs in OSs, the steps
// that undo them, and its present state.
//
// A plan is made first and only reads; its steps then change the node one by one.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "basic/result.h"
#include "batch/node.h"

namespace chos {

/// The arguments of the command line.
struct BatchOptions {
  std::string directory;            ///< of the batch system's configuration; "": search the usual ones
  std::vector<std::string> queues;  ///< for Grid Engine and LSF
  bool force = false;               ///< replace a setting that does not come from chos
};

struct BatchStep {
  std::string name;  ///< what it is about: a file, a queue ...
  bool changes = false;
  std::string what;  ///< what the step does, or why there is nothing to do
  std::function<Status()> act;
};

struct BatchPlan {
  std::vector<BatchStep> steps;
  std::vector<std::string> warnings;
  std::vector<std::string> next;  ///< what the admin has to do after a change
};

struct BatchState {
  enum class What {
    absent,  ///< the node does not have this batch system
    not_enabled,
    partly,  ///< `problem` says what is missing
    enabled,
    other,    ///< a setting that does not come from chos is in the way
    unclear,  ///< the state cannot be determined; `problem` says why
  };
  What what = What::absent;
  bool by_hand = false;            ///< an admin made the setting, not chosctl
  std::vector<std::string> where;  ///< files with line numbers, queues
  std::string problem;
};
const char* state_key(BatchState::What what);

/// A path of the base OS that jobs need in their OS as well.
struct BatchPlace {
  std::string what;  ///< "SlurmdSpoolDir"
  std::string path;
};

class BatchSystem {
 public:
  /// `name`: "slurm", for the command line; `title`: "Slurm", for messages.
  BatchSystem(const char* name, const char* title, BatchNode node)
      : node_(std::move(node)), name_(name), title_(title) {}
  virtual ~BatchSystem() = default;

  const std::string& name() const { return name_; }
  const std::string& title() const { return title_; }

  /// An Error means that the change is impossible or not allowed; nothing has been changed then.
  virtual Result<BatchPlan> enable(const BatchOptions& options) = 0;
  virtual Result<BatchPlan> disable(const BatchOptions& options) = 0;
  virtual BatchState state(const BatchOptions& options) = 0;
  virtual std::vector<BatchPlace> places() { return {}; }
  /// Other settings because of which jobs would not get their OS, or would not start.
  virtual std::vector<std::string> traps() { return {}; }

 protected:
  const BatchNode node_;

 private:
  const std::string name_, title_;
};

}  // namespace chos
