// SPDX-License-Identifier: BSD-3-Clause
// Parses any bytes as /etc/chos.  A list that is accepted must be the same after it is rendered for the
// kernel and parsed again.
#include <chos/abi.h>

#include <cerrno>
#include <cstdint>
#include <string_view>

#include "allowlist/allowlist.h"
#include "allowlist/names.h"
#include "allowlist/parse.h"
#include "basic/text.h"
#include "fuzz.h"
#include "session/selection.h"

namespace {

using chos::Allowlist;
using chos::OsEntry;

// Short names are groups, long names are not, and the lookup of "?" fails.
chos::Result<gid_t> group(const std::string& name) {
  if (name == "?") return chos::Error{"the server does not answer", "", EIO};
  if (name.size() > 8) return chos::Error{"there is no group " + chos::in_quotes(name), "", ENOENT};
  gid_t gid = 1;
  for (const char c : name) gid = gid * 31 + static_cast<unsigned char>(c);
  return gid % 100000;
}

void same(const OsEntry& a, const OsEntry& b) {
  MUST(a.name == b.name && a.path == b.path);
  MUST(a.closed == b.closed && a.suid == b.suid && a.linux32 == b.linux32);
  MUST(a.groups == b.groups);
}

void check(const Allowlist& list) {
  const std::string rendered = chos::render_for_kernel(list);
  MUST(!rendered.empty() && rendered.back() == '\n');
  MUST(rendered.size() <= CHOS_VALID_MAX_BYTES || list.entries().empty());
  MUST(list.entries().size() <= CHOS_VALID_MAX_ENTRIES);
  const auto again = chos::parse_allowlist(rendered, "again", group);
  MUST(again.list && again.errors.empty());
  MUST(again.list->entries().size() == list.entries().size());
  for (std::size_t i = 0; i < list.entries().size(); ++i) {
    const OsEntry& entry = list.entries()[i];
    same(entry, again.list->entries()[i]);
    MUST(chos::name_problem(entry.name).empty() && chos::path_problem(entry.path).empty());
    MUST(list.find(entry.name) != nullptr && list.find(entry.path) != nullptr);
    MUST(list.find(entry.name)->path == entry.path);
    // All names of a path have the same options.
    MUST(list.find(entry.path)->closed == list.find(entry.name)->closed);
    MUST(list.find(entry.path)->groups == list.find(entry.name)->groups);
    MUST(!chos::describe_state(entry).empty());
  }
  chos::SelectionInput input;
  input.allowlist = &list;
  input.gids = {1000};
  const auto chosen = chos::select_os(input, chos::order_of_login());
  MUST(chosen.ok() || chosen.refusal);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parsed = chos::parse_allowlist(text, "/etc/chos", group);
  MUST(parsed.list.has_value() == parsed.errors.empty());
  for (const auto& complaint : parsed.errors) {
    MUST(!complaint.message.empty());
    for (const char c : complaint.text()) MUST(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
  }
  if (parsed.list) check(*parsed.list);
  return 0;
}
