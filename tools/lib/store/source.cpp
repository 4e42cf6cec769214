// SPDX-License-Identifier: BSD-3-Clause
#include "store/source.h"

#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <map>

#include "basic/files.h"
#include "basic/text.h"

namespace chos {
namespace {

constexpr const char* forms =
    "expected debian:SUITE[/ARCH], rpm:REPOFILE[#PACKAGE...], tar:FILE, oci:ARCHIVE, "
    "oci:LAYOUT[:TAG], dir:PATH or image:FILE";

// A word that goes to mmdebstrap or dnf and must not be taken for an option or a list.
bool is_plain_word(std::string_view word) {
  return !word.empty() && word.front() != '-' &&
         word.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
             "0123456789._+-:@~^") == std::string_view::npos;
}

Error bad(const std::string& text, const std::string& problem) {
  return Error{"the source " + in_quotes(text) + ": " + problem, forms, EINVAL};
}

std::string absolute(const std::string& path) {
  std::error_code ignored;
  const auto whole = std::filesystem::absolute(path, ignored).lexically_normal().string();
  return whole.size() > 1 && whole.ends_with('/') ? whole.substr(0, whole.size() - 1) : whole;
}

Status expect(const Source& source, mode_t type, const char* wanted) {
  struct stat info {};
  if (::stat(source.path.c_str(), &info) != 0)
    return system_error("the source " + in_quotes(source.text) + ": cannot examine " + source.path, errno);
  if ((info.st_mode & S_IFMT) == type) return {};
  return Error{"the source " + in_quotes(source.text) + ": " + source.path + " is " +
                   std::string(file_kind(info.st_mode)) + "; expected " + wanted,
               "", EINVAL};
}

Status read_debian(Source& source, std::string_view rest) {
  const auto slash = rest.find('/');
  source.suite = rest.substr(0, slash);
  if (slash != std::string_view::npos) source.architecture = rest.substr(slash + 1);
  if (!is_plain_word(source.suite)) return bad(source.text, "it names no suite");
  if (slash != std::string_view::npos && !is_plain_word(source.architecture))
    return bad(source.text, "it names no architecture after the '/'");
  return {};
}

Status read_rpm(Source& source, std::string_view rest) {
  const auto hash = rest.find('#');
  source.path = absolute(std::string(rest.substr(0, hash)));
  if (hash != std::string_view::npos)
    for (const auto part : split(rest.substr(hash + 1), '#'))
      for (const auto word : split(part, ',')) {
        if (!is_plain_word(word)) return bad(source.text, "it names no package with " + in_quotes(word));
        source.packages.emplace_back(word);
      }
  return expect(source, S_IFREG, "a repository file (.repo)");
}

// A tag is what follows the last colon, unless that belongs to a path that is there.
Status read_oci(Source& source, std::string_view rest) {
  struct stat info {};
  source.path = absolute(std::string(rest));
  const auto colon = rest.rfind(':');
  if (::stat(source.path.c_str(), &info) != 0 && colon != std::string_view::npos) {
    source.path = absolute(std::string(rest.substr(0, colon)));
    source.tag = rest.substr(colon + 1);
    if (!is_plain_word(source.tag)) return bad(source.text, "it names no tag after the ':'");
  }
  if (::stat(source.path.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) {
    if (!source.tag.empty()) return expect(source, S_IFDIR, "an OCI layout, since it has a tag");
    return expect(source, S_IFREG, "an archive of an image, or an OCI layout");
  }
  if (::stat((source.path + "/oci-layout").c_str(), &info) != 0)
    return Error{"the source " + in_quotes(source.text) + ": " + source.path +
                     " is a directory without the file oci-layout, so it is no OCI layout",
                 "for a tree in a directory use dir:" + source.path, EINVAL};
  return {};
}

}  // namespace

const std::vector<std::string>& source_kinds() {
  static const std::vector<std::string> kinds{"debian", "rpm", "tar", "oci", "dir", "image"};
  return kinds;
}

Result<Source> parse_source(const std::string& text) {
  static const std::map<std::string_view, Source::Kind> kinds{
      {"debian", Source::Kind::debian}, {"rpm", Source::Kind::rpm}, {"tar", Source::Kind::tar},
      {"oci", Source::Kind::oci},       {"dir", Source::Kind::dir}, {"image", Source::Kind::image}};
  Source source;
  source.text = text;
  const auto colon = text.find(':');
  const auto kind = kinds.find(std::string_view(text).substr(0, colon));
  if (colon == std::string::npos || kind == kinds.end())
    return bad(text, "it begins with no known kind and a colon");
  source.kind = kind->second;
  const std::string rest = text.substr(colon + 1);
  if (rest.empty()) return bad(text, "nothing follows the colon");
  Status status;
  switch (source.kind) {
    case Source::Kind::debian: status = read_debian(source, rest); break;
    case Source::Kind::rpm: status = read_rpm(source, rest); break;
    case Source::Kind::oci: status = read_oci(source, rest); break;
    case Source::Kind::dir:
      source.path = absolute(rest);
      status = expect(source, S_IFDIR, "a directory");
      break;
    case Source::Kind::tar:
    case Source::Kind::image:
      source.path = absolute(rest);
      status = expect(source, S_IFREG, "a file");
      break;
  }
  if (!status) return status.error();
  // What is kept in the record means the same from any directory.
  if (!source.path.empty()) {
    source.text = std::string(kind->first) + ":" + source.path;
    if (!source.tag.empty()) source.text += ":" + source.tag;
    for (std::size_t i = 0; i < source.packages.size(); ++i)
      source.text += (i == 0 ? "#" : ",") + source.packages[i];
  }
  return source;
}

}  // namespace chos
