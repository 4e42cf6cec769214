// SPDX-License-Identifier: BSD-3-Clause
// A separate source file, because static programs must not link code that uses NSS.
#include "allowlist/groups.h"

#include <grp.h>

#include <cerrno>
#include <vector>

#include "basic/text.h"

namespace chos {

Result<gid_t> lookup_group(const std::string& name) {
  std::vector<char> buffer(4096);
  constexpr std::size_t largest = 16 * 1024 * 1024;  // a group of very many members
  struct group entry {};
  struct group* found = nullptr;
  for (;;) {
    const int rc = ::getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
    if (rc == EINTR) continue;
    if (rc == ERANGE && buffer.size() < largest) {
      buffer.resize(buffer.size() * 4);
      continue;
    }
    if (found != nullptr) return entry.gr_gid;
    // NSS says "no such group" in several ways: getgrnam(3), ERRORS.
    if (rc == 0 || rc == ENOENT || rc == ESRCH || rc == EBADF || rc == EPERM)
      return Error{"there is no group " + in_quotes(name), "", ENOENT};
    return system_error("cannot look up the group " + in_quotes(name), rc);
  }
}

}  // namespace chos
