// SPDX-License-Identifier: BSD-3-Clause
#include "manage/os_manager.h"

#include <chos/abi.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "allowlist/edit.h"
#include "basic/files.h"
#include "basic/text.h"
#include "farm/layout.h"
#include "manage/discard.h"
#include "manage/journal.h"
#include "manage/list.h"
#include "manage/preconditions.h"
#include "manage/publish.h"
#include "manage/usage.h"

namespace chos {
namespace {

// A tree that was made by hand counts as the first generation.
unsigned next_generation(const std::vector<TreeRecord>& records) {
  unsigned last = 1;
  for (const auto& record : records) last = std::max(last, record.generation);
  return last + 1;
}

// The tree that a rollback leads to: the newest one that replaced the tree of `path`, else the one that
// it replaced, else the newest other one.
const TreeRecord* other_tree(const std::vector<TreeRecord>& records, const std::string& path) {
  const TreeRecord* forth = nullptr;
  const TreeRecord* last = nullptr;
  for (const auto& record : records) {
    if (record.path() == path) continue;
    last = &record;
    if (record.previous == path) forth = &record;
  }
  if (forth != nullptr) return forth;
  const TreeRecord* current = find_record(records, path);
  const TreeRecord* back = current != nullptr ? find_record(records, current->previous) : nullptr;
  return back != nullptr ? back : last;
}

// Rejects what makes it impossible to add an OS, before a tree is made.
Status check_addition(const ManageContext& context, const std::string& name, const Source& source,
                      const BuildOptions& build_options, const std::string& options) {
  const Node& node = context.node;
  const auto list = read_list(context);
  if (!list) return list.error();
  if (list->find_name(name) != nullptr)
    return Error{node.allowlist_file + " has an OS " + in_quotes(name) + " already",
                 "to give it another tree: chosctl os replace " + name + " " + shell_quoted(source.text),
                 EEXIST};
  struct stat info {};
  const std::string place = context.store.trees() + "/" + name;
  const bool in_place = source.kind == Source::Kind::dir && source.path == place;
  if (!in_place && ::lstat(place.c_str(), &info) == 0)
    return Error{place + " exists, though " + node.allowlist_file + " has no OS " + in_quotes(name),
                 "to use that tree: chosctl os add " + name + " " + shell_quoted("dir:" + place) +
                     "; otherwise move it away",
                 EEXIST};
  if (auto status = check_source(context, source); !status) return status;
  if (auto status = check_options(source, build_options); !status) return status;
  return check_line(context, name, options);
}

// The line of a new OS.
std::string line_of(const TreeRecord& record, std::string options) {
  // Programs of a 32-bit tree ask uname(2) which machine they run on.
  if (record.machine == "i386" && options.find("persona=") == std::string::npos)
    options += std::string(options.empty() ? "" : ",") + "persona=linux32";
  return record.name + ":" + record.path() + (options.empty() ? "" : ":" + options);
}

// What `remove` deletes.
struct Removal {
  ListedOs os;
  std::vector<TreeRecord> records;
};

Result<Removal> check_removal(const ManageContext& context, const std::string& name) {
  const auto os = find_listed(context, name);
  if (!os) return os.error();
  if (os->site_default == os->entry.path)
    return Error{in_quotes(name) + " is the site's default",
                 "choose another first: chosctl os default OTHER, or: chosctl os default base", EBUSY};
  const auto records = context.store.records_of(name);
  if (!records) return records.error();
  const auto list = read_list(context);
  if (!list) return list.error();
  // A second name that was given to a tree by hand has no records; only its line is removed.
  for (const auto& other : list->entries())
    if (!records->empty() && other.name != name &&
        (other.path == os->entry.path || find_record(*records, other.path) != nullptr))
      return Error{in_quotes(other.name) + " in " + context.node.allowlist_file +
                       " is another name for a tree of " + in_quotes(name),
                   "take that line out first, and run: chosctl reload", EBUSY};
  return Removal{*os, *records};
}

Status check_unused(const ManageContext& context, const std::string& name,
                    const std::vector<TreeRecord>& records) {
  const auto used = trees_in_use(context, name, records);
  if (!used) return used.error();
  if (!*used) return {};
  return Error{"processes are in " + in_quotes(name) + "; nothing was changed",
               "see them: chosctl os show " + name + "; to let nobody else in: chosctl os close " + name,
               EBUSY};
}

// Takes an OS from the list; restores its line if a process entered while it was still there.
Status unlist(const ManageContext& context, const std::string& name, const Removal& removal) {
  if (auto status = check_unused(context, name, removal.records); !status) return status;
  if (auto status = context.store.write_journal(name, {JournalEntry::What::remove, 0}); !status)
    return status;
  std::string before;
  const auto changed = change_list(context, [&](const std::string& text) {
    before = text;
    return without_entry(text, name);
  });
  if (!changed) return changed.error();
  auto unused = check_unused(context, name, removal.records);
  if (unused) return {};
  const auto restored = change_list(context, [&](const std::string& text) {
    return text == without_entry(before, name) ? before : with_entry(text, render_entry(removal.os.entry));
  });
  if (!restored) context.progress.note(restored.error().what);
  return unused;
}

Result<TreeRecord> roll_back(const ManageContext& context, const std::string& name) {
  const auto os = find_listed(context, name);
  if (!os) return os.error();
  const auto records = context.store.records_of(name);
  if (!records) return records.error();
  const std::string& path = os->entry.path;
  const TreeRecord* target = other_tree(*records, path);
  const TreeRecord* current = find_record(*records, path);
  if (target == nullptr && current != nullptr && !current->previous.empty())
    return Error{
        "the tree of " + in_quotes(name) + " before, " + current->previous + ", was not made by chosctl",
        "to go back to it put that path into the line of " + name + " in " + context.node.allowlist_file +
            ", and run: chosctl reload",
        ENOENT};
  if (target == nullptr)
    return Error{"there is no other tree of " + in_quotes(name) + " to go back to",
                 "see: chosctl os show " + name, ENOENT};
  const auto changed = change_list(context, [&](const std::string& text) {
    return with_tree_replaced(context, text, name, path, *target);
  });
  if (!changed) return changed.error();
  if (!*changed) return edited_meanwhile(context, name);
  return *target;
}

}  // namespace

Result<TreeRecord> OsManager::add(const std::string& name, const Source& source,
                                  const BuildOptions& build_options, const std::string& options) {
  if (auto status = check_name(name); !status) return status.error();
  const auto journal = begin_change(context_, name);
  if (!journal) return journal.error();
  if (auto status = check_addition(context_, name, source, build_options, options); !status) {
    end_change(context_, name);
    return status.error();
  }
  return publish(context_, {name, 1, "", source, build_options}, [&](const TreeRecord& record) -> ListEdit {
    return [line = line_of(record, options)](const std::string& text) { return with_entry(text, line); };
  });
}

Result<TreeRecord> OsManager::replace(const std::string& name, const Source& source,
                                      const BuildOptions& build_options) {
  const auto journal = begin_change(context_, name);
  if (!journal) return journal.error();
  const auto os = find_listed(context_, name);
  const auto records = context_.store.records_of(name);
  Status status = os ? records ? Status() : Status(records.error()) : Status(os.error());
  if (status) status = check_source(context_, source);
  if (status) status = check_options(source, build_options);
  if (!status) {
    end_change(context_, name);
    return status.error();
  }
  const std::string from = os->entry.path;
  return publish(context_, {name, next_generation(*records), from, source, build_options},
                 [&](const TreeRecord& record) -> ListEdit {
                   return [this, name, from, record](const std::string& text) {
                     return with_tree_replaced(context_, text, name, from, record);
                   };
                 });
}

Result<Recipe> OsManager::recipe(const std::string& name) const {
  const auto os = find_listed(context_, name);
  if (!os) return os.error();
  const auto records = context_.store.records_of(name);
  if (!records) return records.error();
  const TreeRecord* record = find_record(*records, os->entry.path);
  if (record == nullptr)
    return Error{"chosctl did not make the tree of " + in_quotes(name) + ", so it is not known of what",
                 "say it: chosctl os replace " + name + " SOURCE", ENOENT};
  const auto source = parse_source(record->source);
  if (!source) return source.error();
  return Recipe{*source, record->options};
}

Result<TreeRecord> OsManager::rollback(const std::string& name) {
  const auto journal = begin_change(context_, name);
  if (!journal) return journal.error();
  auto result = roll_back(context_, name);
  end_change(context_, name);
  return result;
}

Status OsManager::remove(const std::string& name) {
  const auto journal = begin_change(context_, name);
  if (!journal) return journal.error();
  const auto removal = check_removal(context_, name);
  if (auto status = removal ? unlist(context_, name, *removal) : Status(removal.error()); !status) {
    end_change(context_, name);
    return status;
  }
  for (const auto& path : made_by_hand(removal->records, removal->os.entry.path))
    if (const auto there = base_path(context_.node.config, path))
      context_.progress.note("chosctl did not make its tree at " + *there + ", so that tree stays");
  clean_rubbish(context_);  // of earlier runs
  // After a failure the journal stays, and the next run deletes the rest.
  for (const auto& record : removal->records)
    if (auto status = discard_tree(context_, record); !status) return status;
  if (auto status = clean_work(context_, name); !status) return status;
  end_change(context_, name);
  return {};
}

Result<bool> OsManager::set_option(const std::string& name, const std::string& option, bool on) {
  if (auto status = recover(context_, name); !status) return status.error();
  const auto os = find_listed(context_, name);
  if (!os) return os.error();
  // All names of one path must have the same options; the site's default has those of its OS.
  const auto all = read_list(context_);
  if (!all) return all.error();
  return change_list(context_, [&](const std::string& text) {
    std::string out = text;
    for (const auto& entry : all->entries())
      if (entry.path == os->entry.path && entry.name != CHOS_DEFAULT_NAME)
        out = with_option(out, entry.name, option, on);
    return out;
  });
}

Result<bool> OsManager::set_default(const std::string& name) {
  if (auto status = recover(context_, name); !status) return status.error();
  if (name == "base")
    return change_list(context_, [](const std::string& text) { return with_default(text, ""); });
  const auto os = find_listed(context_, name);
  if (!os) return os.error();
  return change_list(context_, [&](const std::string& text) {
    return os->site_default == os->entry.path ? text : with_default(text, os->entry.path);
  });
}

}  // namespace chos
