// SPDX-License-Identifier: BSD-3-Clause
// Reads any bytes as a layer of an image, in each compression, and looks at each entry as the unpacker does.
#include <archive.h>
#include <archive_entry.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <map>

#include "build/entry.h"
#include "build/layer_stream.h"
#include "fuzz.h"

namespace {

constexpr std::uint64_t most = 1 << 20;

void look_at(archive_entry* entry) {
  const char* raw = ::archive_entry_pathname(entry);
  const std::string name = raw == nullptr ? "" : raw;
  std::map<std::string, std::uint64_t> left_out;
  chos::drop_attributes(entry, left_out);
  if (!chos::placement_problem(name).empty()) return;
  const auto path = chos::tree_path(name);
  MUST(path.front() == '/' && (path + "/").find("/../") == std::string::npos);
  MUST(chos::depth_of(name) <= name.size());
  if (!chos::entry_problem(entry, name).empty()) return;
  const char* target = ::archive_entry_symlink(entry);
  if (target != nullptr) MUST(chos::link_problem(name, target).empty());
}

void read_layer(int fd, chos::Compression compression) {
  chos::LayerFacts facts{"input", compression, "", std::string(64, '0')};
  chos::LayerStream stream(fd, facts, [] { return most; });
  const auto reader = stream.open();
  if (!reader) {
    MUST(!reader.error().what.empty());
    return;
  }
  archive_entry* entry = nullptr;
  int result = ARCHIVE_OK;
  while ((result = ::archive_read_next_header(*reader, &entry)) >= ARCHIVE_WARN && result != ARCHIVE_EOF) {
    look_at(entry);
    const void* data = nullptr;
    std::size_t size = 0;
    la_int64_t offset = 0;
    while (::archive_read_data_block(*reader, &data, &size, &offset) == ARCHIVE_OK) {}
  }
  if (result == ARCHIVE_EOF) MUST(!stream.finish());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const int fd = ::memfd_create("layer", MFD_CLOEXEC);
  MUST(::ftruncate(fd, 0) == 0);
  MUST(::pwrite(fd, data, size, 0) == static_cast<ssize_t>(size));
  for (const auto compression : {chos::Compression::by_content, chos::Compression::none}) {
    MUST(::lseek(fd, 0, SEEK_SET) == 0);
    read_layer(fd, compression);
  }
  return 0;
}
