// SPDX-License-Identifier: BSD-3-Clause
// Steps that are undone, in reverse, when a later one fails.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "basic/result.h"

namespace chos {

class Transaction {
 public:
  using Undo = std::function<Status()>;

  /// Remembers how to undo what was just done; `what` says it to people ("bound /home").
  void done(std::string what, Undo undo);

  /// Nothing is to be undone any more.
  void commit() { steps_.clear(); }

  std::size_t size() const { return steps_.size(); }

  /// What became of each, in the order of undoing; it goes on when one cannot be undone.
  struct Undone {
    std::string what;
    Status status;
  };
  std::vector<Undone> rollback();

 private:
  struct Step {
    std::string what;
    Undo undo;
  };
  std::vector<Step> steps_;
};

}  // namespace chos
