// SPDX-License-Identifier: BSD-3-Clause
#include "build/archive.h"

#include <archive.h>
#include <fcntl.h>

#include <cerrno>
#include <memory>

#include "basic/files.h"
#include "basic/text.h"

namespace chos {
namespace {

constexpr std::size_t block = 1 << 16;

struct FreeReader {
  void operator()(archive* reader) const { ::archive_read_free(reader); }
};
using Reader = std::unique_ptr<archive, FreeReader>;

Reader make_reader() {
  Reader reader(::archive_read_new());
  // Not those for which libarchive would run a program: lrzip, lzop, grzip.
  for (const auto support : {::archive_read_support_filter_bzip2, ::archive_read_support_filter_compress,
                             ::archive_read_support_filter_gzip, ::archive_read_support_filter_lz4,
                             ::archive_read_support_filter_lzip, ::archive_read_support_filter_lzma,
                             ::archive_read_support_filter_xz, ::archive_read_support_filter_zstd})
    support(reader.get());
  ::archive_read_support_format_tar(reader.get());
  ::archive_read_support_format_gnutar(reader.get());
  return reader;
}

}  // namespace

Result<ArchiveNotes> unpack_archive(const std::string& file, const std::string& root,
                                    const ArchiveLimits& limits, const ArchiveProgress& progress) {
  const UniqueFd directory(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!directory) return system_error("cannot open " + root, errno);
  const auto input = open_regular(file);
  if (!input) return input.error();
  const auto work = [&](int own_input, const ConfinedReport& report) -> Result<std::string> {
    const auto reader = make_reader();
    Unpacked sum;
    Unpacker unpacker(Unpacker::Kind::tree, file, limits, report, sum);
    // Whether it is an archive shows with the first entry.
    (void)::archive_read_open_fd(reader.get(), own_input, block);
    if (auto status = unpacker.run(reader.get()); !status) return status.error();
    return unpacked_text(sum);
  };
  const auto text = run_confined({directory.get(), input->get(), limits.bytes}, work, progress);
  if (!text) return text.error();
  const auto sum = parse_unpacked(*text);
  if (!sum) return sum.error();
  return notes_of(*sum);
}

ArchiveNotes notes_of(const Unpacked& unpacked) {
  ArchiveNotes notes;
  for (const auto& [name, count] : unpacked.left_out)
    notes.push_back("the extended attribute " + in_quotes(name) + " was left out of " +
                    std::to_string(count) +
                    " entries: it belongs to the system that the archive was made on");
  return notes;
}

std::string unpacked_text(const Unpacked& unpacked) {
  std::string text = std::to_string(unpacked.bytes) + " " + std::to_string(unpacked.entries);
  for (const auto& [name, count] : unpacked.left_out)
    text += "\n" + std::to_string(count) + " " + printable(name, 80);
  return text;
}

Result<Unpacked> parse_unpacked(const std::string& text) {
  const Error bad{"the process that unpacks said something that is no result", "", EPROTO};
  Unpacked out;
  const auto lines = split(text, '\n');
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const auto blank = lines[i].find(' ');
    std::uint64_t first = 0;
    if (blank == std::string_view::npos || !parse_number(lines[i].substr(0, blank), first)) return bad;
    const auto rest = lines[i].substr(blank + 1);
    if (i > 0) out.left_out[std::string(rest)] = first;
    else if (parse_number(rest, out.entries)) out.bytes = first;
    else return bad;
  }
  return out;
}

}  // namespace chos
