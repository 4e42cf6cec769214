// SPDX-License-Identifier: BSD-3-Clause
#include "manage/publish.h"

#include "manage/discard.h"
#include "manage/journal.h"
#include "manage/usage.h"

namespace chos {
namespace {

// Removes the generations of an OS that the list does not name, except the one before.  A newer one
// that a rollback left is removed too.
void prune(const ManageContext& context, const std::string& name, const std::string& previous) {
  const auto all = read_list(context);
  const auto records = context.store.records_of(name);
  if (!all || !records) return;
  for (const auto& record : *records) {
    if (record.path() == previous || all->find_path(record.path()) != nullptr) continue;
    const auto used = trees_in_use(context, "", {record});
    if (!used || *used) continue;  // a later run takes it away
    // Without fork tracking a count of 0 is not reliable.  Fork tracking is read after the count, since
    // it may have been lost meanwhile.
    const auto version = context.node.kernel.version();
    if (version && version->fork_tracking != "on") return;
    if (auto status = discard_tree(context, record); !status) context.progress.note(status.error().what);
  }
}

// Lists a tree that was made.
Status list_tree(const ManageContext& context, const TreeRecord& record, const ListEdit& edit) {
  context.progress.stage("publishing " + record.name);
  auto changed = change_list(context, edit);
  if (changed && !*changed) changed = edited_meanwhile(context, record.name);
  if (changed) return {};
  // If the old list could not be restored, users may be in the tree.
  const auto now = read_list(context);
  const bool listed = !now || now->find_path(record.path()) != nullptr;
  if (const auto undone = listed ? Status() : discard_tree(context, record); !undone)
    context.progress.note(undone.error().what);
  return changed.error();
}

}  // namespace

Result<TreeRecord> publish(const ManageContext& context, const NewTree& wanted,
                           const std::function<ListEdit(const TreeRecord&)>& edit) {
  if (auto status =
          context.store.write_journal(wanted.name, {JournalEntry::What::publish, wanted.generation});
      !status) {
    end_change(context, wanted.name);
    return status.error();
  }
  auto record = make_tree(context, wanted);
  if (record) {
    if (auto status = list_tree(context, *record, edit(*record)); !status) record = status.error();
    else prune(context, wanted.name, wanted.previous);  // while this process has the journal
  }
  // The journal of a working directory that can neither be deleted nor put aside stays for the next run.
  if (auto status = clean_work(context, wanted.name, Stop::never); !status)
    context.progress.note(status.error().what);
  else end_change(context, wanted.name);
  return record;
}

}  // namespace chos
