// SPDX-License-Identifier: BSD-3-Clause
#include "basic/transaction.h"

#include <utility>

namespace chos {

void Transaction::done(std::string what, Undo undo) { steps_.push_back({std::move(what), std::move(undo)}); }

void Transaction::append(Transaction&& other) {
  for (auto& step : other.steps_) steps_.push_back(std::move(step));
  other.steps_.clear();
}

std::vector<Transaction::Undone> Transaction::rollback_to(std::size_t kept) {
  std::vector<Undone> out;
  while (steps_.size() > kept) {
    const Step step = std::move(steps_.back());
    steps_.pop_back();
    out.push_back({step.what, step.undo()});
  }
  return out;
}

}  // namespace chos
