/* SPDX-License-Identifier: BSD-3-Clause */
/* What the cases of /proc/chos/usage share. */
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

/* The lines of a text in their order; fails the case when one is not as it should be. */
std::vector<Use> parse_usage(const std::string& text);
inline std::vector<Use> usage() { return parse_usage(get(CHOS_USAGE)); }

/* The processes in the OSs of a path, 0 if it has no line. */
unsigned long processes_in(const std::string& path);

/* Processes that sit where their code brought them until the case ends. */
class Sitting {
 public:
  /* Returns when the code, run in a child as `who`, is through. */
  pid_t add(const Who& who, const std::function<void()>& code);
  /* Ends them and waits for them. */
  void end();
  ~Sitting() { end(); }

 private:
  Shared<Event> there_, go_;
  std::vector<pid_t> pids_;
};

}  // namespace chos::guest

#endif
