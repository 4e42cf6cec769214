// SPDX-License-Identifier: BSD-3-Clause
#include "build/unpacker.h"

#include <archive.h>
#include <archive_entry.h>

#include <cerrno>

#include "basic/text.h"
#include "build/entry.h"

namespace chos {

Unpacker::Unpacker(Kind kind, std::string file, const ArchiveLimits& limits, const ConfinedReport& report,
                   Unpacked& sum)
    : kind_(kind), file_(std::move(file)), limits_(limits), report_(report), sum_(sum), writer_(file_) {}

Status Unpacker::run(archive* reader) {
  reader_ = reader;
  archive_entry* entry = nullptr;
  std::string last;
  const auto before = sum_.entries;
  for (;;) {
    const int rc = ::archive_read_next_header(reader_, &entry);
    if (rc == ARCHIVE_EOF) break;
    if (rc < ARCHIVE_WARN) return unreadable(last);
    const char* name = ::archive_entry_pathname(entry);
    if (name == nullptr) return refused("?", "has a name that cannot be read");
    last = name;
    if (const auto problem = placement_problem(last); !problem.empty()) return refused(last, problem);
    if (auto status = kind_ == Kind::layer ? add_to_layer(entry, last) : add(entry, last); !status)
      return status;
  }
  if (kind_ == Kind::tree && sum_.entries == before)
    return Error{file_ + " is empty, or no tar archive", "", EINVAL};
  return writer_.close(last);
}

Status Unpacker::add(archive_entry* entry, const std::string& name) {
  if (const auto problem = entry_problem(entry, name); !problem.empty()) return refused(name, problem);
  if (auto status = count(entry, name); !status) return status;
  const bool directory =
      ::archive_entry_filetype(entry) == AE_IFDIR && ::archive_entry_hardlink(entry) == nullptr;
  // A layer may have a directory in the place of a link.
  if (auto status = writer_.check_parents(name, directory && kind_ == Kind::tree); !status) return status;
  // Overlay images represent a removed file by a device node.
  const bool dropped = is_device(entry);
  if (dropped && !limits_.drop_devices)
    return refused(name,
                   "is a device node (an OS shows the node's own /dev; --drop-devices leaves them out)");
  if (kind_ == Kind::layer) {
    if (auto status = writer_.make_way(name, directory); !status) return status;
    if (!dropped) layer_.add(tree_path(name));
  }
  return dropped ? skip(name) : write(entry, name);
}

Status Unpacker::add_to_layer(archive_entry* entry, const std::string& name) {
  const auto whiteout = whiteout_of(name);
  if (!whiteout.problem.empty()) return refused(name, whiteout.problem);
  if (whiteout.kind == Whiteout::Kind::none) return add(entry, name);
  if (auto status = count(entry, name); !status) return status;
  if (whiteout.kind == Whiteout::Kind::ignored) return skip(name);
  // Some archives have all of them as links to one file.
  if (::archive_entry_hardlink(entry) == nullptr && ::archive_entry_filetype(entry) != AE_IFREG)
    return refused(name, "is a whiteout, but no file");
  if (auto status = writer_.check_parents(name); !status) return status;
  auto status =
      whiteout.kind == Whiteout::Kind::name ? layer_.hide(whiteout.path) : layer_.hide_content(whiteout.path);
  return status ? skip(name) : status;
}

Status Unpacker::count(archive_entry* entry, const std::string& name) {
  ++sum_.entries;
  // An entry for another hard link may contain the content again.
  const bool content =
      ::archive_entry_hardlink(entry) != nullptr || ::archive_entry_filetype(entry) == AE_IFREG;
  const auto size = static_cast<std::uint64_t>(
      content && ::archive_entry_size(entry) > 0 ? ::archive_entry_size(entry) : 0);
  if (size > limits_.bytes || sum_.bytes > limits_.bytes - size)
    return refused(name,
                   "makes it more than " + std::to_string(limits_.bytes) + " bytes unpacked; see --max-size");
  if (sum_.entries > limits_.entries)
    return refused(name, "is one more than the " + std::to_string(limits_.entries) + " that are accepted");
  sum_.bytes += size;
  report_(sum_.entries, sum_.bytes);
  return {};
}

Status Unpacker::write(archive_entry* entry, const std::string& name) {
  drop_attributes(entry, sum_.left_out);
  return writer_.write(entry, name, reader_, [this] { report_(sum_.entries, sum_.bytes); });
}

Status Unpacker::skip(const std::string& name) {
  if (::archive_read_data_skip(reader_) == ARCHIVE_OK) return {};
  return writer_.unreadable(name, reader_);
}

Error Unpacker::unreadable(const std::string& last) const {
  const char* why = ::archive_error_string(reader_);
  // libarchive reports an unknown format by this text only.
  if (sum_.entries == 0 && why != nullptr && std::string_view(why) == "Unrecognized archive format")
    return Error{
        file_ + " is no archive that can be read",
        kind_ == Kind::layer
            ? "get it anew and compare its checksum"
            : "for an image of a file system use image:, for a container image oci:; else get it anew",
        EINVAL};
  return writer_.unreadable(last, reader_);
}

Error Unpacker::refused(const std::string& name, const std::string& problem) const {
  return refused_entry(file_, name, problem);
}

}  // namespace chos
