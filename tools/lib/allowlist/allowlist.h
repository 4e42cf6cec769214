// SPDX-License-Identifier: BSD-3-Clause
// /etc/chos, the list of the OSs that users may enter: chos(5).
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "allowlist/groups.h"
#include "basic/result.h"

namespace chos {

inline constexpr const char* allowlist_path = "/etc/chos";

/// One line of the allowlist, as written.
struct OsEntry {
  std::string name;
  std::string path;  ///< as seen in the farm; "/" is the base OS
  bool closed = false;
  bool suid = false;
  bool linux32 = false;
  std::vector<gid_t> groups;             ///< rising, each once; empty: everybody
  std::vector<std::string> group_names;  ///< as written, for people
  unsigned line = 0;                     ///< counted from 1

  bool is_base() const { return path == "/"; }
};

class Allowlist {
 public:
  Allowlist() = default;
  explicit Allowlist(std::vector<OsEntry> entries) : entries_(std::move(entries)) {}

  const std::vector<OsEntry>& entries() const { return entries_; }

  /// The entry of that name ("default" stands for the entry that shares its path, if one does)
  /// or the first of that path; null if there is none.
  const OsEntry* find(std::string_view name_or_path) const;
  const OsEntry* find_name(std::string_view name) const;
  const OsEntry* find_path(std::string_view path) const;

  /// What `default` stands for; null if the list has no `default`.
  const OsEntry* site_default() const;

  /// False for a `default` that only points to another entry.
  bool stands_alone(const OsEntry& entry) const;

 private:
  std::vector<OsEntry> entries_;
};

/// Something about one line of a file.  line 0: about the file.
struct Complaint {
  std::string file;
  unsigned line = 0;
  std::string message;

  std::string text() const;  ///< "FILE:LINE: MESSAGE"
};

/// A list and no errors, or errors and no list.  Notes never matter to whether there is one.
struct ParsedAllowlist {
  std::optional<Allowlist> list;
  std::vector<Complaint> errors;
  std::vector<Complaint> notes;
  bool missing = false;  ///< the file is not there (that is an error too)

  /// The errors, a line each.
  std::string error_text() const;
};

/// What to do where the file is not there.
inline constexpr const char* no_allowlist_remedy =
    "run: chosctl os add NAME SOURCE; or write one line name:path for each OS into it, see chos(5); "
    "an empty file is a list of none";

/// Reads the lines of /etc/chos.  All errors are found, not the first alone.
ParsedAllowlist parse_allowlist(std::string_view text, const std::string& file, const GroupLookup& groups);

/// Reads the file, which must belong to `trusted` and be writable by nobody else.
ParsedAllowlist load_allowlist(const std::string& file, const GroupLookup& groups, uid_t trusted = 0);

/// What /proc/chos/valid takes: the lines without comments, gids for groups, in the same order.
/// Never empty: a list of nothing is a lone newline.
std::string render_for_kernel(const Allowlist& list);

/// One entry in the form of /proc/chos/valid, without newline.
std::string render_entry(const OsEntry& entry);

/// Whether somebody may enter.
enum class Access { allowed, closed, not_in_group };
Access access_of(const OsEntry& entry, const std::vector<gid_t>& gids);

/// "open", "closed", "groups a|b", with ", suid" and ", linux32".
std::string describe_state(const OsEntry& entry);

/// The same, with the words `access` in the place of "open" or "closed".
std::string describe_state(const OsEntry& entry, const std::string& access);

/// The entries that have a tree of their own, one for each path.
std::vector<const OsEntry*> trees_of(const Allowlist& list);

}  // namespace chos
