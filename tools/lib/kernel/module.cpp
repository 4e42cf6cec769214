// SPDX-License-Identifier: BSD-3-Clause
#include "kernel/module.h"

#include <chos/abi.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "basic/files.h"
#include "basic/spawn.h"

namespace chos {
namespace {

constexpr const char* parameters = "/sys/module/chos/parameters";

}  // namespace

Status run_program(const std::vector<std::string>& arguments) {
  const auto ran = run_captured(arguments, 2);
  if (!ran) return Error{ran.error().what, "install it (kmod)", ran.error().code};
  if (ran->status == 0) return {};
  return Error{arguments.front() + " failed" + (ran->output.empty() ? "" : ": " + ran->output), "", EIO};
}

bool KernelModule::loaded() const {
  struct stat info {};
  if (::stat("/sys/module/chos", &info) == 0) return true;
  return ::stat(CHOS_MOUNT, &info) == 0;  // without sysfs
}

std::string KernelModule::farm() const {
  auto text = read_file(std::string(parameters) + "/farm", 4096);
  if (!text) return {};
  while (text->ends_with('\n')) text->pop_back();
  return *text;
}

Status KernelModule::load(const std::string& farm) {
  std::vector<std::string> arguments = file_.empty() ? std::vector<std::string>{"modprobe", "chos"}
                                                     : std::vector<std::string>{"insmod", file_};
  if (farm != CHOS_FARM_DEFAULT) arguments.push_back("farm=" + farm);
  auto status = run_program(arguments);
  if (status) return {};
  Error error = status.error();
  if (error.remedy.empty())
    error.remedy = file_.empty() ? "is the module built for this kernel? See: modinfo chos; dkms status; or "
                                   "name the file with --module FILE"
                                 : "the kernel's log says more: dmesg | tail";
  return error;
}

Status KernelModule::unload() {
  if (::syscall(SYS_delete_module, "chos", O_NONBLOCK) == 0) return {};
  if (errno == ENOENT) return {};
  return system_error("cannot unload the module chos", errno);
}

}  // namespace chos
