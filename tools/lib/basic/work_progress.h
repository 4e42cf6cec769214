// SPDX-License-Identifier: BSD-3-Clause
// Reports while a tree is made, which takes minutes.
#pragma once

#include <string>

namespace chos {

class WorkProgress {
 public:
  virtual ~WorkProgress() = default;
  /// A part of the work begins: "unpacking /srv/el9.tar".
  virtual void stage(const std::string& what) = 0;
  /// It goes on: a number, or the last line of a program.  Returns false if it is to stop (a signal came).
  virtual bool tick(const std::string& detail) = 0;
  /// Something to know that is not a failure.
  virtual void note(const std::string& text) = 0;
};

}  // namespace chos
