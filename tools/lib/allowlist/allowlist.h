// SPDX-License-Identifier: BSD-3-Clause
// /etc/chos, the list of the OSs that users may enter: chos(5).
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chos {

inline constexpr const char* allowlist_path = "/etc/chos";

/// One line of the allowlist, as written.
struct OsEntry {
  std::string name;
  std::string path;  ///< as seen in the farm; "/" is the base OS
  bool closed = false;
  bool suid = false;
  bool linux32 = false;
  std::vector<gid_t> groups;             ///< ascending, each once; empty: everybody
  std::vector<std::string> group_names;  ///< as written, for messages
  unsigned line = 0;                     ///< counted from 1

  bool is_base() const { return path == "/"; }
};

class Allowlist {
 public:
  Allowlist() = default;
  explicit Allowlist(std::vector<OsEntry> entries) : entries_(std::move(entries)) {}

  const std::vector<OsEntry>& entries() const { return entries_; }

  /// Finds an entry by name or path; null if there is none.  `default` finds the entry that shares its path,
  /// if there is one, and a path finds the first entry that has it.
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

/// The text for /proc/chos/valid: the entries in order, with gids instead of group names.  Never empty: an
/// empty list gives a single newline.
std::string render_for_kernel(const Allowlist& list);

/// One entry in the form of /proc/chos/valid, without newline.
std::string render_entry(const OsEntry& entry);

/// Whether a user with these gids may enter an OS.
enum class Access { allowed, closed, not_in_group };
Access access_of(const OsEntry& entry, const std::vector<gid_t>& gids);

/// "open", "closed", "groups a|b", with ", suid" and ", linux32".
std::string describe_state(const OsEntry& entry);

/// The same, with the words `access` in the place of "open" or "closed".
std::string describe_state(const OsEntry& entry, const std::string& access);

/// The entries that have a tree of their own, one for each path.
std::vector<const OsEntry*> trees_of(const Allowlist& list);

}  // namespace chos
