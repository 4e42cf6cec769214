// SPDX-License-Identifier: BSD-3-Clause
// How the batch systems of a node are told to start jobs in OSs: `chosctl batch`.
//
// Each is asked for a plan first, which reads only; what it is to change is then done step by step.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "basic/result.h"
#include "batch/block.h"
#include "batch/file.h"

namespace chos {

struct BatchNode {
  std::string root;  ///< before every path of the node; "" but in tests
  std::string backups = "/var/lib/chos/batch";
  double patience = 30;  ///< seconds for one command of a batch system

  std::string path(const std::string& name) const { return root + name; }
};

/// What the command line says.
struct BatchWish {
  std::string directory;            ///< of the batch system's configuration; "": where it is found
  std::vector<std::string> queues;  ///< Grid Engine and LSF
  bool force = false;               ///< in the place of somebody else's
};

struct BatchStep {
  std::string name;  ///< a file, a queue ...
  bool changes = false;
  std::string what;  ///< in words; also if nothing changes
  std::function<Status()> act;
};

struct BatchPlan {
  std::vector<BatchStep> steps;
  std::vector<std::string> warnings;
  std::vector<std::string> next;  ///< what an admin has to do then, if anything was changed
};

struct BatchState {
  enum class What {
    absent,  ///< the node does not have this batch system
    not_enabled,
    partly,  ///< `problem` says what is missing
    enabled,
    other,    ///< something else is in the place
    unclear,  ///< `problem` says why it is not known
  };
  What what = What::absent;
  bool by_hand = false;
  std::vector<std::string> where;  ///< files with line numbers, queues
  std::string problem;
};
const char* state_key(BatchState::What what);

/// A place of the base OS that jobs need in their OS at the same path.
struct BatchPlace {
  std::string what;  ///< "SlurmdSpoolDir"
  std::string path;
};

class BatchSystem {
 public:
  explicit BatchSystem(BatchNode node) : node_(std::move(node)) {}
  virtual ~BatchSystem() = default;

  virtual std::string name() const = 0;   ///< "slurm", for the command line
  virtual std::string title() const = 0;  ///< "Slurm"
  /// An Error: it cannot or must not be done, and nothing is changed.
  virtual Result<BatchPlan> enable(const BatchWish& wish) = 0;
  virtual Result<BatchPlan> disable(const BatchWish& wish) = 0;
  virtual BatchState state(const BatchWish& wish) = 0;
  virtual std::vector<BatchPlace> places() { return {}; }
  /// What is set such that jobs will not get their OS, or not start.
  virtual std::vector<std::string> traps() { return {}; }

 protected:
  const BatchNode node_;
};

// For the systems themselves.

/// Where chos_jobstarter and its like are looked for: `own`, which chos was installed into, first.
std::vector<std::string> program_directories(const std::string& own);
/// Where one of them is.
Result<std::string> installed_program(const BatchNode& node, const std::string& name);

/// The step that puts `line` at the end of `path`, or says that it is there.  An Error if something
/// else is.
Result<BatchStep> put_line(const BatchNode& node, const std::string& system, const std::string& path,
                           const std::string& line, const Judge& judge);

/// The step that takes it out again; a file that is empty then is removed.
Result<BatchStep> drop_line(const BatchNode& node, const std::string& system, const std::string& path,
                            const Judge& judge);

/// The step that makes `path` a file of that content, or leaves one that is there and contains
/// `sign`: an admin has changed it.  An Error if something else is there.
Result<BatchStep> put_file(const BatchNode& node, const std::string& system, const std::string& path,
                           const std::string& content, const std::string& sign);

/// The step that takes it away; of one that was only added to, the addition stays.
Result<BatchStep> drop_file(const BatchNode& node, const std::string& system, const std::string& path,
                            const std::string& content);

/// What chos has installed for a batch system, by its name below DATADIR/chos.
Result<std::string> installed_file(const BatchNode& node, const std::string& name);

/// What was there before, kept for disable; "" if nothing was.
Status keep_word(const BatchNode& node, const std::string& name, const std::string& word);
std::string kept_word(const BatchNode& node, const std::string& name);
void forget_word(const BatchNode& node, const std::string& name);

/// Whether it is there.
BatchState line_state(const std::string& system, const std::string& path, const Judge& judge);

/// The step that gives `file` the text `text`.  `original`, what it is without anything of ours, is
/// kept before.
BatchStep change_text(const BatchNode& node, const std::string& system,
                      const std::shared_ptr<BatchFile>& file, const std::string& original,
                      const std::string& text, const std::string& what);

/// The words of a line up to a '#'.
std::vector<std::string> words_of(std::string_view line);

/// The value of KEY=value lines (any case, the last counts); "" if there is none.
std::string setting_of(const std::string& text, const std::string& key);

/// A regular file of the configuration, or "".
std::string text_of(const std::string& path);

bool is_directory(const std::string& path);
bool is_file(const std::string& path);

}  // namespace chos
