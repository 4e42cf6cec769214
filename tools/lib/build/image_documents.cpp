// SPDX-License-Identifier: BSD-3-Clause
#include "build/image_documents.h"

#include <cerrno>
#include <functional>

#include "basic/digest.h"
#include "basic/files.h"
#include "basic/json.h"
#include "basic/text.h"
#include "build/confined.h"

namespace chos {
namespace {

constexpr std::size_t largest = 4 << 20;  // registries accept no more
constexpr std::size_t most_records = 10'000;

// What the child returns: records, of a fixed number of words each.
using Record = std::vector<std::string>;
constexpr char end_of_word = '\t', end_of_record = '\n';

Error not_as_expected(const Document& document, const std::string& why) {
  return Error{document.name + " is not as expected: " + why, "is the image complete?", EINVAL};
}

// In the child.  `wanted` is what the image says elsewhere.
Result<Json> parse(int file, const Document& document) {
  const auto text = read_all(file, largest, document.name);
  if (!text) return text.error();
  const auto& wanted = document.wanted;
  if (!wanted.digest.empty()) {
    Sha256 sum;
    sum.add(*text);
    const auto digest = sum.finish();
    if (digest != wanted.digest)
      return Error{document.name + ": the digest of the file is sha256:" + digest +
                       ", but the image says sha256:" + wanted.digest,
                   "get it anew and compare its checksum", EINVAL};
    if (text->size() != wanted.size && wanted.size != 0)
      return Error{document.name + " has " + std::to_string(text->size()) + " bytes, but the image says " +
                       std::to_string(wanted.size),
                   "make the image anew", EINVAL};
  }
  auto json = Json::parse(*text);
  if (!json) return Error{document.name + " is not JSON", "is the image complete?", EINVAL};
  return json;
}

// One document must not be a manifest for one reader and an index for another.
void check_form(const JsonView& view, const Document& document, const char* own, const char* others) {
  if (view.has(own) && view.has(others))
    throw JsonError(std::string("it has both ") + own + " and " + others);
  const auto type = view.value("mediaType", document.wanted.media_type);
  if (!document.wanted.media_type.empty() && type != document.wanted.media_type)
    throw JsonError("its media type is " + in_quotes(type) + ", but the image says " +
                    in_quotes(document.wanted.media_type));
}

std::string plain_digest(const std::string& digest) {
  constexpr std::string_view algorithm = "sha256:";
  if (!digest.starts_with(algorithm) || !is_sha256(digest.substr(algorithm.size())))
    throw JsonError(in_quotes(digest) + " is no digest of SHA-256 (sha256: and 64 digits)");
  return digest.substr(algorithm.size());
}

Record described(const JsonView& view) {
  return {view.at("mediaType").string(), plain_digest(view.at("digest").string()),
          std::to_string(view.at("size").number())};
}

std::vector<Record> index_records(const JsonView& view, const Document& document) {
  check_form(view, document, "manifests", "layers");
  std::vector<Record> out;
  for (const auto& entry : view.at("manifests").items()) {
    auto record = described(entry);
    const auto notes = entry.find("annotations"), platform = entry.find("platform");
    record.push_back(notes ? notes->value("org.opencontainers.image.ref.name", "") : "");
    record.push_back(platform ? platform->value("os", "") + "/" + platform->value("architecture", "") : "");
    out.push_back(std::move(record));
  }
  return out;
}

std::vector<Record> manifest_records(const JsonView& view, const Document& document) {
  check_form(view, document, "layers", "manifests");
  std::vector<Record> out{described(view.at("config"))};
  for (const auto& layer : view.at("layers").items()) out.push_back(described(layer));
  return out;
}

std::vector<Record> diff_id_records(const JsonView& view, const Document&) {
  std::vector<Record> out;
  for (const auto& one : view.at("rootfs").at("diff_ids").items())
    out.push_back({plain_digest(one.string())});
  return out;
}

// A record for each image, with the number of its layers; then one for each layer.
std::vector<Record> docker_records(const JsonView& view, const Document&) {
  std::vector<Record> out;
  for (const auto& image : view.items()) {
    const auto layers = image.at("Layers").items();
    out.push_back({image.at("Config").string(), std::to_string(layers.size())});
    for (const auto& layer : layers) out.push_back({layer.string(), "0"});
  }
  return out;
}

std::string records_text(const std::vector<Record>& records) {
  if (records.size() > most_records)
    throw JsonError("it has more than " + std::to_string(most_records) + " parts");
  std::string text;
  for (const auto& record : records)
    for (std::size_t i = 0; i < record.size(); ++i) {
      for (const char c : record[i])
        if (static_cast<unsigned char>(c) < ' ' || c == '\x7f')
          throw JsonError(in_quotes(record[i]) + " has a control character in it");
      text += record[i] + (i + 1 < record.size() ? end_of_word : end_of_record);
    }
  return text;
}

// Lets a child parse the document, and takes apart what it says.
Result<std::vector<Record>> read_records(
    const Document& document, std::size_t words,
    const std::function<std::vector<Record>(const JsonView&, const Document&)>& take) {
  const auto work = [&](int file, const ConfinedReport&) -> Result<std::string> {
    const auto json = parse(file, document);
    if (!json) return json.error();
    try {
      return records_text(take(json->view(), document));
    } catch (const JsonError& error) {
      return not_as_expected(document, error.what());
    }
  };
  const auto text = run_confined({-1, document.file, 0}, work, {});
  if (!text) return text.error();
  std::vector<Record> out;
  for (const auto line : split(*text, end_of_record)) {
    if (line.empty()) continue;
    Record record;
    for (const auto word : split(line, end_of_word)) record.emplace_back(word);
    if (record.size() != words) return not_as_expected(document, "its reader said something else");
    out.push_back(std::move(record));
  }
  return out;
}

// What the child has found to be a digest is examined once more: a path is made of it.
Result<Descriptor> descriptor_of(const Record& record, const Document& document) {
  Descriptor out{record[0], record[1], 0};
  if (!is_sha256(out.digest) || !parse_number(record[2], out.size))
    return not_as_expected(document, "its reader said something else");
  return out;
}

}  // namespace

Result<std::vector<IndexEntry>> read_index(const Document& document) {
  const auto records = read_records(document, 5, index_records);
  if (!records) return records.error();
  std::vector<IndexEntry> out;
  for (const auto& record : *records) {
    auto image = descriptor_of(record, document);
    if (!image) return image.error();
    out.push_back({std::move(*image), record[3], record[4]});
  }
  return out;
}

Result<ImageManifest> read_manifest_document(const Document& document) {
  const auto records = read_records(document, 3, manifest_records);
  if (!records) return records.error();
  std::vector<Descriptor> parts;
  for (const auto& record : *records) {
    auto one = descriptor_of(record, document);
    if (!one) return one.error();
    parts.push_back(std::move(*one));
  }
  if (parts.empty()) return not_as_expected(document, "it has no configuration");
  ImageManifest out{parts.front(), {}};
  out.layers.assign(parts.begin() + 1, parts.end());
  return out;
}

Result<std::vector<std::string>> read_diff_ids(const Document& document) {
  const auto records = read_records(document, 1, diff_id_records);
  if (!records) return records.error();
  std::vector<std::string> out;
  for (const auto& record : *records) {
    if (!is_sha256(record[0])) return not_as_expected(document, "its reader said something else");
    out.push_back(record[0]);
  }
  return out;
}

Result<std::vector<DockerImage>> read_docker_images(const Document& document) {
  const auto records = read_records(document, 2, docker_records);
  if (!records) return records.error();
  std::vector<DockerImage> out;
  for (std::size_t at = 0; at < records->size();) {
    DockerImage image{(*records)[at][0], {}};
    std::uint64_t layers = 0;
    if (!parse_number((*records)[at][1], layers) || layers >= records->size() - at)
      return not_as_expected(document, "its reader said something else");
    for (++at; layers > 0; --layers, ++at) image.layers.push_back((*records)[at][0]);
    out.push_back(std::move(image));
  }
  return out;
}

}  // namespace chos
