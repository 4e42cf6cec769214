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

  /// Remembers how to undo a step that was just done; `what` names it for people ("binding /home").
  void done(std::string what, Undo undo);

  /// Takes over the steps of `other`, which were done after its own.
  void append(Transaction&& other);

  /// From now on nothing is undone.
  void commit() { steps_.clear(); }

  std::size_t size() const { return steps_.size(); }

  /// Undoes all steps, also when one of them fails, and returns how each went, in that order.
  struct Undone {
    std::string what;
    Status status;
  };
  std::vector<Undone> rollback() { return rollback_to(0); }

  /// The same, but the first `kept` steps stay done.
  std::vector<Undone> rollback_to(std::size_t kept);

 private:
  struct Step {
    std::string what;
    Undo undo;
  };
  std::vector<Step> steps_;
};

}  // namespace chos
