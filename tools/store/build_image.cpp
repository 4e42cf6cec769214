// SPDX-License-Identifier: BSD-3-Clause
// Images of file systems, squashfs and erofs: copied into the store and mounted once.
#include <fcntl.h>
#include <libmount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "lib/files.h"
#include "lib/names.h"
#include "store/build_parts.h"

namespace chos {
namespace {

constexpr std::size_t chunk = 8 << 20;

std::uint64_t little_endian(const unsigned char* at, std::size_t bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes; i > 0; --i) value = value << 8 | at[i - 1];
  return value;
}

Status copy_file(const BuildContext& context, const std::string& to) {
  const auto from = open_regular(context.source.path);
  if (!from) return from.error();
  const UniqueFd out(::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!out) return system_error("cannot make " + to, errno);
  struct stat info {};
  if (::fstat(from->get(), &info) != 0)
    return system_error("cannot examine " + context.source.path, errno);
  std::uint64_t done = 0;
  for (;;) {
    const ssize_t got = ::copy_file_range(from->get(), nullptr, out.get(), nullptr, chunk, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && (errno == EXDEV || errno == EINVAL || errno == EOPNOTSUPP) && done == 0) break;
    if (got < 0) return system_error("cannot copy " + context.source.path + " to " + to, errno);
    if (got == 0) break;
    done += static_cast<std::uint64_t>(got);
    if (!context.progress.tick(size_text(done))) return Error{"interrupted", "", EINTR};
  }
  // Between some file systems older kernels copy nothing by themselves.
  std::string buffer(done == 0 ? chunk : 0, '\0');
  while (done < static_cast<std::uint64_t>(info.st_size)) {
    const ssize_t got = ::read(from->get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error("cannot read " + context.source.path, errno);
    if (got == 0) break;
    const auto size = static_cast<std::size_t>(got);
    for (std::size_t at = 0; at < size;) {
      const ssize_t put = ::write(out.get(), buffer.data() + at, size - at);
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) return system_error("cannot write " + to, errno);
      at += static_cast<std::size_t>(put);
    }
    done += size;
    if (!context.progress.tick(size_text(done))) return Error{"interrupted", "", EINTR};
  }
  if (::fsync(out.get()) != 0) return system_error("cannot write " + to, errno);
  return {};
}

}  // namespace

Result<std::string> image_type(const std::string& file) {
  const auto fd = open_regular(file);
  if (!fd) return fd.error();
  struct stat info {};
  if (::fstat(fd->get(), &info) != 0) return system_error("cannot examine " + file, errno);
  std::array<unsigned char, 2048> start{};
  if (::pread(fd->get(), start.data(), start.size(), 0) < 0)
    return system_error("cannot read " + file, errno);
  const auto size = static_cast<std::uint64_t>(info.st_size);
  std::uint64_t wanted = 0;
  std::string type;
  if (std::memcmp(start.data(), "hsqs", 4) == 0) {
    type = "squashfs";
    wanted = little_endian(start.data() + 40, 8);  // bytes_used
  } else if (little_endian(start.data() + 1024, 4) == 0xe0f5e1e2) {
    type = "erofs";
    const unsigned shift = start[1024 + 12];                              // blkszbits
    wanted = shift < 32 ? little_endian(start.data() + 1024 + 36, 4) << shift : 0;  // blocks
  } else {
    return Error{file + " is neither a squashfs nor an erofs image",
                 "make one by mksquashfs(1) or mkfs.erofs(1); for an archive use tar: or oci:",
                 EINVAL};
  }
  if (size < wanted)
    return Error{file + " is truncated: it has " + std::to_string(size) + " bytes of " +
                     std::to_string(wanted), "get it anew and compare its checksum", EINVAL};
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

Result<Built> build_image(const BuildContext& context) {
  const auto type = image_type(context.source.path);
  if (!type) return type.error();
  struct stat info {};
  if (::stat(context.source.path.c_str(), &info) == 0 &&
      static_cast<std::uint64_t>(info.st_size) > context.options.max_size)
    return Error{context.source.path + " has more than " +
                     std::to_string(context.options.max_size) + " bytes; see --max-size", "",
                 EFBIG};
  const std::string image = context.work + "/image", target = context.work + "/mount";
  context.progress.stage("copying " + context.source.path);
  if (auto status = copy_file(context, image); !status) return status.error();
  if (::mkdir(target.c_str(), 0755) != 0)
    return system_error("cannot make the directory " + target, errno);
  if (auto status = mount_image(image, *type, target); !status) return status.error();
  return Built{TreeRecord::Kind::image, target, *type};
}

}  // namespace chos
