// SPDX-License-Identifier: BSD-3-Clause
#include "basic/descriptor_limit.h"

#include <cstdlib>
#include <string>

#include "basic/files.h"

namespace chos {
namespace {

// The largest limit that a privileged process may set; 0 if it is not known.
rlim_t largest() {
  const auto text = read_file("/proc/sys/fs/nr_open", 64);
  return text ? std::strtoull(text->c_str(), nullptr, 10) : 0;
}

}  // namespace

MoreDescriptors::MoreDescriptors() {
  if (::getrlimit(RLIMIT_NOFILE, &before_) != 0) return;
  // Without CAP_SYS_RESOURCE the hard limit is the most.
  for (const rlim_t most : {largest(), before_.rlim_max}) {
    const rlimit wanted{most, most > before_.rlim_max ? most : before_.rlim_max};
    if (most <= before_.rlim_cur || ::setrlimit(RLIMIT_NOFILE, &wanted) != 0) continue;
    raised_ = true;
    return;
  }
}

MoreDescriptors::~MoreDescriptors() {
  if (raised_) ::setrlimit(RLIMIT_NOFILE, &before_);
}

}  // namespace chos
