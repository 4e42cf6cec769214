// SPDX-License-Identifier: BSD-3-Clause
#include "manage/os_manager.h"

#include <chos/abi.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "allowlist/allowlist.h"
#include "allowlist/edit.h"
#include "allowlist/names.h"
#include "basic/files.h"
#include "basic/text.h"
#include "farm/layout.h"
#include "store/mounts.h"

namespace chos {
namespace {

// A name that is no OS's own: `default` stands for another, `base` is the base OS.
Status check_name(const std::string& name) {
  if (const auto problem = name_problem(name); !problem.empty())
    return Error{problem, "choose another name", EINVAL};
  if (name == CHOS_DEFAULT_NAME || name == "base")
    return Error{"the name " + in_quotes(name) + " has a meaning of its own", "choose another name", EINVAL};
  return {};
}

unsigned next_generation(const std::vector<TreeRecord>& records, const OsEntry* entry) {
  unsigned last = entry != nullptr ? 1 : 0;
  for (const auto& record : records) last = std::max(last, record.generation);
  return last + 1;
}

// Where a rollback leads: forth again to the newest tree that was made after that of `path`, or back
// to the one before.  One that was given up may still be there, with processes in it.
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

// The paths, as in the farm, of the trees that an OS has or had and that have no record.
std::vector<std::string> made_by_hand(const std::vector<TreeRecord>& records, const std::string& path) {
  std::vector<std::string> out;
  if (find_record(records, path) == nullptr) out.push_back(path);
  for (const auto& record : records)
    if (record.generation == 2 && !record.previous.empty() && record.previous != path &&
        find_record(records, record.previous) == nullptr)
      out.push_back(record.previous);
  return out;
}

}  // namespace

Result<TreeRecord> OsManager::add(const std::string& name, const Source& source,
                                  const BuildOptions& build_options, const std::string& options) {
  if (auto status = check_name(name); !status) return status.error();
  const auto journal = begin(name);
  if (!journal) return journal.error();
  const auto refused = [&](const Error& error) {
    end(name);
    return error;
  };
  const auto before = list();
  if (!before) return refused(before.error());
  if (before->find_name(name) != nullptr)
    return refused({node_.allowlist_file + " has an OS " + in_quotes(name) + " already",
                    "to give it another tree: chosctl os replace " + name + " " + source.text, EEXIST});
  struct stat info {};
  const std::string place = store_.trees() + "/" + name;
  const bool in_place = source.kind == Source::Kind::dir && source.path == place;
  if (!in_place && ::lstat(place.c_str(), &info) == 0)
    return refused({place + " is there, though " + node_.allowlist_file + " has no OS " + in_quotes(name),
                    "to use that tree: chosctl os add " + name + " dir:" + place + "; else move it away",
                    EEXIST});
  if (auto status = check_source(source); !status) return refused(status.error());
  if (auto status = check_options(source, build_options); !status) return refused(status.error());
  if (auto status = check_line(name, options); !status) return refused(status.error());
  const std::string rest = options.empty() ? "" : ":" + options;
  return publish(name, 1, "", source, build_options, [&](const TreeRecord& record) -> Edit {
    // Programs of a 32-bit tree ask uname(2) what they run on.
    std::string all = rest;
    if (record.machine == "i386" && all.find("persona=") == std::string::npos)
      all += std::string(all.empty() ? ":" : ",") + "persona=linux32";
    return
        [line = name + ":" + record.path() + all](const std::string& text) { return with_entry(text, line); };
  });
}

Result<TreeRecord> OsManager::replace(const std::string& name, const Source& source,
                                      const BuildOptions& build_options) {
  const auto journal = begin(name);
  if (!journal) return journal.error();
  const auto found = find(name);
  const auto records = store_.records_of(name);
  if (!found || !records) {
    end(name);
    return found ? records.error() : found.error();
  }
  auto status = check_source(source);
  if (status) status = check_options(source, build_options);
  if (!status) {
    end(name);
    return status.error();
  }
  const std::string from = found->entry.path;
  return publish(name, next_generation(*records, &found->entry), from, source, build_options,
                 [&](const TreeRecord& record) -> Edit {
                   return [this, name, from, record](const std::string& text) {
                     return with_name_moved(text, name, from, record);
                   };
                 });
}

Result<Recipe> OsManager::recipe(const std::string& name) const {
  const auto found = find(name);
  if (!found) return found.error();
  const auto records = store_.records_of(name);
  if (!records) return records.error();
  const TreeRecord* record = find_record(*records, found->entry.path);
  if (record == nullptr)
    return Error{"chosctl did not make the tree of " + in_quotes(name) + ", so it is not known of what",
                 "say it: chosctl os replace " + name + " SOURCE", ENOENT};
  const auto source = parse_source(record->source);
  if (!source) return source.error();
  return Recipe{*source, record->options};
}

// A group that is not there is no reason to make a tree first.
Status OsManager::check_line(const std::string& name, const std::string& options) const {
  const auto parsed = parse_allowlist(name + ":/os/" + name + ":" + options, "", node_.groups);
  if (parsed.list || options.empty()) return {};
  return Error{parsed.errors.front().message, "nothing was changed; see --group and chos(5)", EINVAL};
}

// A directory in a tree that goes when its OS is removed or replaced is none to count on.  Looked at
// as directories, since a bind or a link leads there by another name.
Status OsManager::check_source(const Source& source) const {
  if (source.kind != Source::Kind::dir) return {};
  const auto records = store_.records();
  if (!records) return records.error();
  const auto refused = [&](const std::string& what) {
    return Error{"the source " + in_quotes(source.text) + " lies in " + what,
                 "copy it to a place of its own; for another name of an OS add a line to " +
                     node_.allowlist_file + ", see chos(5)",
                 EINVAL};
  };
  const std::filesystem::path path(source.path);
  std::error_code failed;
  const auto real = std::filesystem::canonical(path, failed);
  if (failed) return system_error("cannot examine " + source.path, failed.value());
  const auto trees = std::filesystem::weakly_canonical(store_.trees(), failed);
  for (auto at = real; at.has_relative_path(); at = at.parent_path()) {
    if (same_file(at.string(), store_.trees() + "/.chos")) return refused("what chosctl keeps for itself");
    for (const auto& record : *records) {
      // Two OSs may be of one directory elsewhere, so its own name is asked for.
      const bool inside = record.kind == TreeRecord::Kind::external
                              ? is_mounted_kind(store_, record) && at == trees / record.directory()
                              : same_file(at.string(), store_.tree(record));
      if (inside) return refused("the tree of the OS " + in_quotes(record.name));
    }
  }
  return {};
}

// Unchanged if the name has another path by now.
std::string OsManager::with_name_moved(const std::string& text, const std::string& name,
                                       const std::string& from, const TreeRecord& to) const {
  const auto parsed = parse_allowlist(text, node_.allowlist_file, node_.groups);
  const OsEntry* entry = parsed.list ? parsed.list->find_name(name) : nullptr;
  if (parsed.list && (entry == nullptr || entry->path != from)) return text;
  std::string out = with_moved_path(text, from, to.path());
  if (!parsed.list) return out;
  // The personality that came with a 32-bit tree goes with it; what somebody set for another stays.
  const auto records = store_.records_of(name);
  const TreeRecord* old = records ? find_record(*records, from) : nullptr;
  const bool was_32bit = old != nullptr && old->machine == "i386", is_32bit = to.machine == "i386";
  if (was_32bit == is_32bit) return out;
  for (const auto& one : parsed.list->entries())
    if (one.path == from && one.name != CHOS_DEFAULT_NAME && one.linux32 != is_32bit)
      out = with_option(out, one.name, "persona=linux32", is_32bit);
  return out;
}

Error OsManager::edited_meanwhile(const std::string& name) const {
  return Error{"the line of " + in_quotes(name) + " in " + node_.allowlist_file +
                   " was changed by somebody else meanwhile; nothing was changed",
               "see: chosctl os show " + name + "; then run this again", EAGAIN};
}

Result<TreeRecord> OsManager::publish(const std::string& name, unsigned generation,
                                      const std::string& previous, const Source& source,
                                      const BuildOptions& options,
                                      const std::function<Edit(const TreeRecord&)>& edit) {
  auto status = store_.write_journal(name, {JournalEntry::What::publish, generation});
  if (!status) {
    end(name);
    return status.error();
  }
  auto record = make(name, generation, previous, source, options);
  if (record) {
    progress_.stage("publishing " + name);
    auto changed = change_list(edit(*record));
    if (changed && !*changed) changed = edited_meanwhile(name);
    if (!changed) {
      // If the old list could not be put back, the tree is one that users may be in.
      const auto now = list();
      const bool listed = !now || now->find_path(record->path()) != nullptr;
      if (const auto undone = listed ? Status() : discard(*record); !undone)
        progress_.note(undone.error().what);
      record = changed.error();
    } else {
      prune(name, previous);  // while the journal is ours
    }
  }
  status = clean_work(name);
  if (status) status = store_.end_journal(name);
  if (!status) progress_.note(status.error().what);
  return record;
}

Result<TreeRecord> OsManager::rollback(const std::string& name) {
  const auto journal = begin(name);
  if (!journal) return journal.error();
  const auto found = find(name);
  const auto records = store_.records_of(name);
  Result<TreeRecord> result = Error{};
  if (!found || !records) {
    result = found ? records.error() : found.error();
  } else {
    const TreeRecord* target = other_tree(*records, found->entry.path);
    const TreeRecord* current = find_record(*records, found->entry.path);
    if (target == nullptr && current != nullptr && !current->previous.empty()) {
      result = Error{
          "the tree of " + in_quotes(name) + " before, " + current->previous + ", was not made by chosctl",
          "to go back to it put that path into the line of " + name + " in " + node_.allowlist_file +
              ", and run: chosctl reload",
          ENOENT};
    } else if (target == nullptr) {
      result = Error{"there is no other tree of " + in_quotes(name) + " to go back to",
                     "see: chosctl os show " + name, ENOENT};
    } else {
      const auto changed = change_list(
          [&](const std::string& text) { return with_name_moved(text, name, found->entry.path, *target); });
      if (changed && *changed) result = *target;
      else result = changed ? edited_meanwhile(name) : changed.error();
    }
  }
  end(name);
  return result;
}

Status OsManager::remove(const std::string& name) {
  const auto journal = begin(name);
  if (!journal) return journal.error();
  const auto finish = [&](Status status) {
    end(name);
    return status;
  };
  const auto found = find(name);
  if (!found) return finish(found.error());
  if (found->site_default == found->entry.path)
    return finish(Error{in_quotes(name) + " is the site's default",
                        "choose another first: chosctl os default OTHER, or: chosctl os default "
                        "base",
                        EBUSY});
  const auto records = store_.records_of(name);
  if (!records) return finish(records.error());
  const auto all = list();
  if (!all) return finish(all.error());
  // A name by hand for a tree of another one has no records, and only its line goes.
  for (const auto& other : all->entries())
    if (!records->empty() && other.name != name &&
        (other.path == found->entry.path || find_record(*records, other.path) != nullptr))
      return finish(Error{in_quotes(other.name) + " in " + node_.allowlist_file +
                              " is another name for a tree of " + in_quotes(name),
                          "take that line out first, and run: chosctl reload", EBUSY});
  const auto used_by = [&]() -> Status {
    const auto used = in_use(name, *records);
    if (!used) return used.error();
    if (!*used) return {};
    return Error{"processes are in " + in_quotes(name) + "; nothing was changed",
                 "see them: chosctl os show " + name + "; to let nobody else in: chosctl os close " + name,
                 EBUSY};
  };
  if (auto status = used_by(); !status) return finish(status);
  if (auto status = store_.write_journal(name, {JournalEntry::What::remove, 0}); !status)
    return finish(status);
  std::string before;
  const auto changed = change_list([&](const std::string& text) {
    before = text;
    return without_entry(text, name);
  });
  if (!changed) return finish(changed.error());
  // Whoever came in while the line was still there stays.
  if (auto status = used_by(); !status) {
    const auto restored = change_list([&](const std::string& text) {
      return text == without_entry(before, name) ? before : with_entry(text, render_entry(found->entry));
    });
    if (!restored) progress_.note(restored.error().what);
    return finish(status);
  }
  for (const auto& path : made_by_hand(*records, found->entry.path))
    if (const auto there = base_path(node_.config, path))
      progress_.note("chosctl did not make its tree at " + *there + ", so that stays");
  for (const auto& record : *records)
    if (auto status = discard(record); !status) return status;  // the journal stays: next time
  if (auto status = clean_work(name); !status) return status;
  return finish({});
}

Result<bool> OsManager::set_option(const std::string& name, const std::string& option, bool on) {
  if (auto status = recover(name); !status) return status.error();
  const auto found = find(name);
  if (!found) return found.error();
  // The site's default has the options of what it stands for; another name of the same path must
  // have the same.
  const auto all = list();
  if (!all) return all.error();
  return change_list([&](const std::string& text) {
    std::string out = text;
    for (const auto& entry : all->entries())
      if (entry.path == found->entry.path && entry.name != CHOS_DEFAULT_NAME)
        out = with_option(out, entry.name, option, on);
    return out;
  });
}

Result<bool> OsManager::set_default(const std::string& name) {
  if (auto status = recover(name); !status) return status.error();
  if (name == "base") return change_list([](const std::string& text) { return with_default(text, ""); });
  const auto found = find(name);
  if (!found) return found.error();
  return change_list([&](const std::string& text) {
    return found->site_default == found->entry.path ? text : with_default(text, found->entry.path);
  });
}

// Keeps what the list names and the tree before, also where a newer one is there, from which somebody
// has gone back.
void OsManager::prune(const std::string& name, const std::string& previous) {
  const auto all = list();
  const auto records = store_.records_of(name);
  if (!all || !records) return;
  for (const auto& record : *records) {
    if (record.path() == previous || all->find_path(record.path()) != nullptr) continue;
    const auto used = in_use("", {record});
    if (!used || *used) continue;  // a later run takes it away
    // Without fork tracking a count of none is not for good; asked after the count.
    const auto version = node_.kernel.version();
    if (version && version->fork_tracking != "on") return;
    if (auto status = discard(record); !status) progress_.note(status.error().what);
  }
}

}  // namespace chos
