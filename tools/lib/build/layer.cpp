// SPDX-License-Identifier: BSD-3-Clause
#include "build/layer.h"

#include <sys/stat.h>

#include <cerrno>

namespace chos {
namespace {

// What the headers of an entry may take, with extended attributes and names of any length, and what may
// follow the last one.
constexpr std::uint64_t most_around_entry = 64 << 10;

}  // namespace

Status unpack_layer(int file, const LayerFacts& facts, int root, const ArchiveLimits& limits, Unpacked& sum,
                    const ArchiveProgress& progress) {
  struct stat info {};
  if (::fstat(file, &info) != 0) return system_error("cannot examine " + facts.name, errno);
  if (facts.size && static_cast<std::uint64_t>(info.st_size) != *facts.size)
    return Error{facts.name + " has " + std::to_string(info.st_size) + " bytes, but the image says " +
                     std::to_string(*facts.size),
                 "get it anew and compare its checksum", EINVAL};
  const auto work = [&](int own_input, const ConfinedReport& report) -> Result<std::string> {
    Unpacked own = sum;
    LayerStream stream(own_input, facts, [&own, &limits] {
      const auto around = (own.entries + 16) * most_around_entry;
      return limits.bytes > UINT64_MAX - around ? UINT64_MAX : limits.bytes + around;
    });
    const auto reader = stream.open();
    if (!reader) return reader.error();
    Unpacker unpacker(Unpacker::Kind::layer, facts.name, limits, report, own);
    auto status = unpacker.run(*reader);
    if (!stream.problem()) return stream.problem().error();
    if (status) status = stream.finish();
    if (!status) return status.error();
    return unpacked_text(own);
  };
  const auto text = run_confined({root, file, limits.bytes}, work, progress);
  if (!text) return text.error();
  auto unpacked = parse_unpacked(*text);
  if (!unpacked) return unpacked.error();
  sum = std::move(*unpacked);
  return {};
}

}  // namespace chos
