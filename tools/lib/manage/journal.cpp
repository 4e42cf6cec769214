// SPDX-License-Identifier: BSD-3-Clause
#include "manage/journal.h"

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "basic/text.h"
#include "manage/discard.h"
#include "manage/list.h"
#include "manage/usage.h"

namespace chos {
namespace {

constexpr auto longest_wait = std::chrono::seconds(5);

// The trees of an interrupted change that the allowlist does not name.
std::vector<TreeRecord> unlisted_trees(const JournalEntry& entry, const std::vector<TreeRecord>& records,
                                       const Allowlist& list) {
  const auto is_listed = [&](const TreeRecord& record) { return list.find_path(record.path()) != nullptr; };
  std::vector<TreeRecord> left;
  if (entry.what == JournalEntry::What::publish) {
    for (const auto& record : records)
      if (record.generation == entry.generation && !is_listed(record)) left.push_back(record);
  } else if (std::none_of(records.begin(), records.end(), is_listed)) {
    left = records;
  }
  return left;
}

// False: processes are in one of its trees, so it is left for a later run.
Result<bool> undo_or_finish(const ManageContext& context, const std::string& name, const JournalEntry& entry,
                            const std::vector<TreeRecord>& records) {
  {
    // A run that was killed after it wrote the list did not put it in force.
    const auto lock = context.store.lock_list();
    if (!lock) return lock.error();
    if (auto status = apply_list(context); !status) return status.error();
  }
  const auto list = read_list(context);
  if (!list) return list.error();
  const auto left = unlisted_trees(entry, records, *list);
  if (left.empty()) return true;
  const bool publishes = entry.what == JournalEntry::What::publish;
  const auto used = trees_in_use(context, publishes ? "" : name, left);
  if (!used) return used.error();
  if (*used) return false;
  context.progress.note("removing what an interrupted run left of " + in_quotes(name));
  for (const auto& record : left)
    if (auto status = publishes ? take_back(context, record) : discard_tree(context, record); !status)
      return status.error();
  return true;
}

Status finish_interrupted(const ManageContext& context, const std::string& name) {
  const Store& store = context.store;
  const auto lock = store.take(name);
  if (!lock && lock.error().code == EWOULDBLOCK) return {};  // another chosctl is at work on it
  if (!lock) return lock.error();
  const auto entry = store.journal(name);
  if (!entry) return entry.error();
  const auto records = store.records_of(name);
  if (!records) return records.error();
  if (*entry) {
    const auto finished = undo_or_finish(context, name, **entry, *records);
    if (!finished) return finished.error();
    if (!*finished) return {};
  }
  if (auto status = clean_work(context, name); !status) return status;
  return store.end_journal(name);
}

}  // namespace

Status recover(const ManageContext& context, const std::string& concerned) {
  for (const auto& name : context.store.unfinished()) {
    const auto status = finish_interrupted(context, name);
    if (status) continue;
    if (name == concerned) return status;
    context.progress.note("what an interrupted run left of " + in_quotes(name) +
                          " is still there: " + status.error().what);
  }
  return {};
}

Result<UniqueFd> begin_change(const ManageContext& context, const std::string& name) {
  // A second try, since the process that had the journal may have been killed before it was taken here.
  for (int tries = 0; tries < 2; ++tries) {
    if (auto status = recover(context, name); !status) return status.error();
    // The children of a chosctl that was killed take a moment to end, and hold its journal that long.
    auto journal = context.store.take(name, longest_wait, [&](const std::string& holders) {
      context.progress.stage("waiting for another chosctl that is at work on " + in_quotes(name) + ": " +
                             holders);
    });
    if (!journal) return journal;
    const auto left = context.store.journal(name);
    if (!left) return left.error();
    if (!*left) return journal;
  }
  return Error{
      "processes are in a tree that an interrupted run left of " + in_quotes(name) + "; nothing was changed",
      "wait until they have ended; see: chosctl status", EBUSY};
}

void end_change(const ManageContext& context, const std::string& name) {
  if (auto status = context.store.end_journal(name); !status) context.progress.note(status.error().what);
}

}  // namespace chos
