// SPDX-License-Identifier: BSD-3-Clause
// Loading and unloading the kernel module.
#pragma once

#include <string>
#include <vector>

#include "basic/result.h"

namespace chos {

/// What up and down need of the module; tests have their own.
class ModuleControl {
 public:
  virtual ~ModuleControl() = default;
  virtual bool loaded() const = 0;
  /// The parameter farm= of the loaded module; empty if it cannot be read.
  virtual std::string farm() const = 0;
  virtual Status load(const std::string& farm) = 0;
  /// Code EBUSY or EAGAIN: it is in use.
  virtual Status unload() = 0;
};

/// The real one: modprobe(8), or insmod(8) of `file` if that is not empty.
class KernelModule : public ModuleControl {
 public:
  explicit KernelModule(std::string file = {}) : file_(std::move(file)) {}
  bool loaded() const override;
  std::string farm() const override;
  Status load(const std::string& farm) override;
  Status unload() override;

 private:
  std::string file_;
};

}  // namespace chos
