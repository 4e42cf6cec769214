// SPDX-License-Identifier: BSD-3-Clause
#include "build/layer_stream.h"

#include <archive.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "basic/text.h"

namespace chos {
namespace {

constexpr std::size_t buffer_size = 1 << 16;

struct Format {
  Compression compression;
  const char* name;
  std::string_view start;
};
// With those that no layer may have, for the message.
constexpr std::array formats{Format{Compression::gzip, "gzip", "\x1f\x8b"},
                             Format{Compression::zstd, "zstd", "\x28\xb5\x2f\xfd"},
                             Format{Compression::by_content, "xz",
                                    "\xfd"
                                    "7zXZ"},
                             Format{Compression::by_content, "bzip2", "BZh"}};

const char* name_of(Compression compression) {
  for (const auto& format : formats)
    if (format.compression == compression) return format.name;
  return "not compressed";
}

}  // namespace

void LayerStream::Free::operator()(archive* reader) const { ::archive_read_free(reader); }

LayerStream::LayerStream(int file, const LayerFacts& facts, std::function<std::uint64_t()> most)
    : file_(file),
      facts_(facts),
      most_(std::move(most)),
      compression_(facts.compression),
      file_buffer_(buffer_size),
      tar_buffer_(buffer_size) {}

Status LayerStream::check_start() {
  std::array<char, 8> start{};
  const auto got = ::pread(file_, start.data(), start.size(), 0);
  if (got < 0) return system_error("cannot read " + facts_.name, errno);
  const std::string_view text(start.data(), static_cast<std::size_t>(got));
  const Format* found = nullptr;
  for (const auto& format : formats)
    if (text.starts_with(format.start)) found = &format;
  if (found != nullptr && found->compression == Compression::by_content)
    return Error{
        facts_.name + " is compressed by " + found->name + ", which no media type of a layer stands for",
        "expected no compression, gzip or zstd", EINVAL};
  const auto actual = found == nullptr ? Compression::none : found->compression;
  if (compression_ == Compression::by_content) compression_ = actual;
  if (compression_ == actual) return {};
  return Error{facts_.name + ": by its media type it is " + name_of(compression_) + ", but its content is " +
                   (found == nullptr ? "something else" : found->name),
               "make the image anew", EINVAL};
}

// libarchive would decompress as often as it recognizes something, and take what it does not recognize as it
// is.  So that the content is what the image says, there is one reader for the compression, and another one
// for the archive.
Status LayerStream::open_decompressor() {
  decompressor_.reset(::archive_read_new());
  const int supported = compression_ == Compression::gzip
                            ? ::archive_read_support_filter_gzip(decompressor_.get())
                            : ::archive_read_support_filter_zstd(decompressor_.get());
  if (supported != ARCHIVE_OK)
    return Error{facts_.name + " is compressed by " + name_of(compression_) +
                     ", which libarchive on this node cannot read",
                 "install libarchive 3.4 or later, built with it", ENOSYS};
  ::archive_read_support_format_raw(decompressor_.get());
  ::archive_read_support_format_empty(decompressor_.get());
  const auto read = [](archive*, void* stream, const void** data) -> la_ssize_t {
    return static_cast<LayerStream*>(stream)->read_file(data);
  };
  archive_entry* entry = nullptr;
  const bool opened = ::archive_read_open(decompressor_.get(), this, nullptr, read, nullptr) == ARCHIVE_OK &&
                      ::archive_read_next_header(decompressor_.get(), &entry) >= ARCHIVE_WARN;
  const int wanted = compression_ == Compression::gzip ? ARCHIVE_FILTER_GZIP : ARCHIVE_FILTER_ZSTD;
  if (opened && ::archive_filter_code(decompressor_.get(), 0) == wanted) return {};
  const char* why = ::archive_error_string(decompressor_.get());
  return Error{facts_.name + " is no sound " + name_of(compression_) + " file" +
                   (why != nullptr ? ": " + std::string(why) : ""),
               "get it anew and compare its checksum", EINVAL};
}

Result<archive*> LayerStream::open() {
  if (auto status = check_start(); !status) return status.error();
  if (compression_ != Compression::none)
    if (auto status = open_decompressor(); !status) return status.error();
  tar_.reset(::archive_read_new());
  ::archive_read_support_format_tar(tar_.get());
  ::archive_read_support_format_gnutar(tar_.get());
  const auto read = [](archive*, void* stream, const void** data) -> la_ssize_t {
    return static_cast<LayerStream*>(stream)->read_tar(data);
  };
  // Whether it is an archive shows with the first entry.
  (void)::archive_read_open(tar_.get(), this, nullptr, read, nullptr);
  return tar_.get();
}

long LayerStream::read_file(const void** data) {
  ssize_t got = 0;
  do got = ::read(file_, file_buffer_.data(), file_buffer_.size());
  while (got < 0 && errno == EINTR);
  if (got < 0) {
    problem_ = system_error("cannot read " + facts_.name, errno);
    return ARCHIVE_FATAL;
  }
  packed_.add(file_buffer_.data(), static_cast<std::size_t>(got));
  *data = file_buffer_.data();
  return got;
}

long LayerStream::read_tar(const void** data) {
  long got = 0;
  if (!decompressor_) {
    got = read_file(data);
  } else {
    got = ::archive_read_data(decompressor_.get(), tar_buffer_.data(), tar_buffer_.size());
    *data = tar_buffer_.data();
    const char* why = ::archive_error_string(decompressor_.get());
    if (got < 0 && problem_)
      problem_ =
          Error{facts_.name + " is truncated or damaged: " + (why != nullptr ? why : "it cannot be read"),
                "get it anew and compare its checksum", EINVAL};
  }
  if (got < 0) return ARCHIVE_FATAL;
  plain_.add(*data, static_cast<std::size_t>(got));
  bytes_ += static_cast<std::uint64_t>(got);
  if (bytes_ <= most_()) return got;
  problem_ = Error{facts_.name + " has more in it than its files account for, and than --max-size allows",
                   "is it what it seems to be? It may be made to fill the disk or the memory", EFBIG};
  return ARCHIVE_FATAL;
}

Error LayerStream::differs(const std::string& what, const std::string& found,
                           const std::string& wanted) const {
  return Error{facts_.name + ": the digest of " + what + " is sha256:" + found +
                   ", but the image says sha256:" + wanted,
               "get it anew and compare its checksum", EINVAL};
}

Status LayerStream::finish() {
  const void* data = nullptr;
  for (;;) {
    const long got = read_tar(&data);
    if (got == 0) break;
    if (got < 0) return problem_ ? Status(Error{facts_.name + " cannot be read", "", EIO}) : problem_;
  }
  for (;;) {  // behind the compressed data
    const long got = read_file(&data);
    if (got == 0) break;
    if (got < 0) return problem_;
  }
  const auto packed = packed_.finish(), plain = plain_.finish();
  if (!facts_.digest.empty() && packed != facts_.digest) return differs("the file", packed, facts_.digest);
  if (plain != facts_.diff_id) return differs("the archive in it", plain, facts_.diff_id);
  return {};
}

}  // namespace chos
