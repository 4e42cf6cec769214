// SPDX-License-Identifier: BSD-3-Clause
// Reading /etc/chos: chos(5).
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "allowlist/allowlist.h"
#include "allowlist/groups.h"

namespace chos {

/// A message about one line of a file, or with line 0 about the whole file.
struct Complaint {
  std::string file;
  unsigned line = 0;
  std::string message;

  std::string text() const;  ///< "FILE:LINE: MESSAGE"; the message alone with line 0
};

/// An Error with all of the complaints, of which there is one at least.
Error error_of(const std::vector<Complaint>& complaints, const std::string& remedy, int code);

/// Either a list and no errors, or errors and no list.  Notes do not affect that.
struct ParsedAllowlist {
  std::optional<Allowlist> list;
  std::vector<Complaint> errors;
  std::vector<Complaint> notes;
  bool missing = false;  ///< the file does not exist (which is an error too)

  /// The errors, one per line.
  std::string error_text() const;
};

/// The remedy when the file does not exist.
inline constexpr const char* no_allowlist_remedy =
    "run: chosctl os add NAME SOURCE; or write one line name:path for each OS into it, see chos(5); "
    "an empty file is a list of none";

/// Parses the text of /etc/chos and reports all of its errors, not only the first.
ParsedAllowlist parse_allowlist(std::string_view text, const std::string& file, const GroupLookup& groups);

/// Reads and parses the file, which must belong to `trusted` and be writable by nobody else.
ParsedAllowlist load_allowlist(const std::string& file, const GroupLookup& groups, uid_t trusted = 0);

}  // namespace chos
