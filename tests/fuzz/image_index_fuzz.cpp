// SPDX-License-Identifier: BSD-3-Clause
// Reads any bytes as each of the JSON documents of a container image.
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "build/confined.h"
#include "build/image_documents.h"
#include "fuzz.h"

namespace chos {

// In this process: the parsers are what is tested here, not what holds them.
Result<std::string> run_confined(const Confinement& confinement, const ConfinedWork& work,
                                 const std::function<bool(std::uint64_t, std::uint64_t)>&) {
  return work(confinement.input, [](std::uint64_t, std::uint64_t) {});
}

}  // namespace chos

namespace {

void check(const chos::Descriptor& descriptor) {
  MUST(descriptor.digest.size() == 64);
  MUST(descriptor.digest.find_first_not_of("0123456789abcdef") == std::string::npos);
}

template <typename T>
bool read(const chos::Result<T>& result) {
  if (!result) MUST(!result.error().what.empty() && result.error().code == EINVAL);
  return result.ok();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const int fd = ::memfd_create("document", MFD_CLOEXEC);
  const auto document = [&] {
    MUST(::ftruncate(fd, 0) == 0);
    MUST(::pwrite(fd, data, size, 0) == static_cast<ssize_t>(size) && ::lseek(fd, 0, SEEK_SET) == 0);
    return chos::Document{fd, "input"};
  };
  if (const auto index = chos::read_index(document()); read(index))
    for (const auto& entry : *index) check(entry.image);
  if (const auto manifest = chos::read_manifest_document(document()); read(manifest))
    for (const auto& layer : manifest->layers) check(layer);
  (void)read(chos::read_diff_ids(document()));
  (void)read(chos::read_docker_images(document()));
  return 0;
}
