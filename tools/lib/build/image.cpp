// SPDX-License-Identifier: BSD-3-Clause
#include "build/image.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "basic/files.h"
#include "build/confined.h"
#include "store/image.h"

namespace chos {
namespace {

constexpr std::size_t chunk = 8 << 20;

Status copy_file(const BuildContext& context, const std::string& to) {
  const auto from = open_regular(context.source.path);
  if (!from) return from.error();
  const UniqueFd out(::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!out) return system_error("cannot make " + to, errno);
  struct stat info {};
  if (::fstat(from->get(), &info) != 0) return system_error("cannot examine " + context.source.path, errno);
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
  // Older kernels do not support copy_file_range(2) between some file systems.
  std::string buffer(done == 0 ? chunk : 0, '\0');
  while (done < static_cast<std::uint64_t>(info.st_size)) {
    const ssize_t got = ::read(from->get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error("cannot read " + context.source.path, errno);
    if (got == 0) break;
    const auto size = static_cast<std::size_t>(got);
    if (!write_all(out.get(), std::string_view(buffer).substr(0, size)))
      return system_error("cannot write " + to, errno);
    done += size;
    if (!context.progress.tick(size_text(done))) return Error{"interrupted", "", EINTR};
  }
  if (::fsync(out.get()) != 0) return system_error("cannot write " + to, errno);
  return {};
}

// Read by a process that can reach nothing else.
Result<std::string> confined_type(const std::string& file) {
  const auto fd = open_regular(file);
  if (!fd) return fd.error();
  return run_confined({-1, fd->get(), 0},
                      [&file](int input, const ConfinedReport&) { return image_type(input, file); }, {});
}

}  // namespace

Result<Built> build_image(const BuildContext& context) {
  const auto type = confined_type(context.source.path);
  if (!type) return type.error();
  struct stat info {};
  if (::stat(context.source.path.c_str(), &info) == 0 &&
      static_cast<std::uint64_t>(info.st_size) > context.options.max_size)
    return Error{context.source.path + " has more than " + std::to_string(context.options.max_size) +
                     " bytes; see --max-size",
                 "", EFBIG};
  const std::string image = context.work + "/image", target = context.work + "/mount";
  context.progress.stage("copying " + context.source.path);
  if (auto status = copy_file(context, image); !status) return status.error();
  // The copy is what is mounted, and its source may have changed.
  const auto copied = confined_type(image);
  if (!copied) return copied.error();
  if (::mkdir(target.c_str(), 0755) != 0) return system_error("cannot make the directory " + target, errno);
  if (auto status = mount_image(image, *copied, target); !status) return status.error();
  return Built{TreeRecord::Kind::image, target, *copied};
}

}  // namespace chos
