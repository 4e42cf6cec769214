/* SPDX-License-Identifier: BSD-3-Clause */
/* Helpers for the cases of /proc/chos/usage. */
#ifndef CHOS_GUEST_USAGE_H
#define CHOS_GUEST_USAGE_H

#include <string>
#include <vector>

#include "node.h"

namespace chos::guest {

struct Use {
  unsigned long processes = 0, enters = 0;
  std::string name, path;
};

/* Parses the content of the file, in the order of its lines; a malformed line fails the case. */
std::vector<Use> parse_usage(const std::string& text);
inline std::vector<Use> usage() { return parse_usage(get(CHOS_USAGE)); }

/* The number of processes in all OSs with that path; 0 if no line has it. */
unsigned long processes_in(const std::string& path);

}  // namespace chos::guest

#endif
