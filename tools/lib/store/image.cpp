// SPDX-License-Identifier: BSD-3-Clause
#include "store/image.h"

#include <libmount.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "basic/files.h"
#include "basic/text.h"

namespace chos {
namespace {

std::uint64_t little_endian(const unsigned char* at, std::size_t bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes; i > 0; --i) value = value << 8 | at[i - 1];
  return value;
}

}  // namespace

Result<std::string> image_type(int fd, const std::string& file) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return system_error("cannot examine " + file, errno);
  std::array<unsigned char, 2048> start{};
  if (::pread(fd, start.data(), start.size(), 0) < 0) return system_error("cannot read " + file, errno);
  const auto size = static_cast<std::uint64_t>(info.st_size);
  std::uint64_t wanted = 0;
  std::string type;
  if (std::memcmp(start.data(), "hsqs", 4) == 0) {
    type = "squashfs";
    wanted = little_endian(start.data() + 40, 8);  // bytes_used
  } else if (little_endian(start.data() + 1024, 4) == 0xe0f5e1e2) {
    type = "erofs";
    const unsigned shift = start[1024 + 12];                                        // blkszbits
    wanted = shift < 32 ? little_endian(start.data() + 1024 + 36, 4) << shift : 0;  // blocks
  } else {
    return Error{file + " is neither a squashfs nor an erofs image",
                 "make one by mksquashfs(1) or mkfs.erofs(1); for an archive use tar: or oci:", EINVAL};
  }
  if (size < wanted)
    return Error{
        file + " is truncated: it has " + std::to_string(size) + " bytes of " + std::to_string(wanted),
        "get it anew and compare its checksum", EINVAL};
  return type;
}

Status mount_image(const std::string& file, const std::string& type, const std::string& target) {
  const std::unique_ptr<libmnt_context, void (*)(libmnt_context*)> context(::mnt_new_context(),
                                                                           ::mnt_free_context);
  if (!context) return system_error("cannot mount " + file, ENOMEM);
  ::mnt_context_set_source(context.get(), file.c_str());
  ::mnt_context_set_target(context.get(), target.c_str());
  ::mnt_context_set_fstype(context.get(), type.c_str());
  ::mnt_context_set_options(context.get(), "loop,ro,nosuid,nodev");
  ::mnt_context_disable_mtab(context.get(), 1);
  const int rc = ::mnt_context_mount(context.get());
  if (rc == 0 && ::mnt_context_get_status(context.get()) == 1) return {};
  char message[512] = "";
  ::mnt_context_get_excode(context.get(), rc, message, sizeof message);
  return Error{"cannot mount the " + type + " image " + file + " on " + target + ": " +
                   (message[0] != 0 ? message : std::strerror(rc < 0 ? -rc : errno)),
               "does the kernel have " + type + " and loop devices? See: modprobe " + type, EIO};
}

}  // namespace chos
