// SPDX-License-Identifier: BSD-3-Clause
#include "kernel/module.h"

#include <chos/abi.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "basic/files.h"
#include "basic/subprocess.h"

namespace chos {
namespace {

constexpr const char* parameters = "/sys/module/chos/parameters";

// Its initialisation waits for mount(8).
constexpr double longest_load = 120;  // seconds

}  // namespace

bool KernelModule::loaded() const {
  struct stat info {};
  if (::stat("/sys/module/chos", &info) == 0) return true;
  return ::stat(CHOS_MOUNT, &info) == 0;  // where there is no sysfs
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
  const auto ran = run_system_command(arguments, longest_load);
  if (!ran)
    return Error{ran.error().what, ran.error().code == ENOENT ? "install it (kmod)" : "", ran.error().code};
  if (ran->status == 0) return {};
  const std::string said = ran->said();
  return Error{arguments.front() + " failed" + (said.empty() ? "" : ": " + said),
               file_.empty() ? "is the module built for this kernel? See: modinfo chos; dkms status; or "
                               "name the file with --module FILE"
                             : "the kernel's log says more: dmesg | tail",
               EIO};
}

Status KernelModule::unload() {
  if (::syscall(SYS_delete_module, "chos", O_NONBLOCK) == 0) return {};
  if (errno == ENOENT) return {};
  return system_error("cannot unload the module chos", errno);
}

}  // namespace chos
