// SPDX-License-Identifier: BSD-3-Clause
// Container images made by hand, sound and hostile.
#pragma once

#include "basic/digest.h"
#include "manage/os_manager_fixture.h"
#include "tar_file.h"

namespace chos::test {

struct OciLayer {
  std::string bytes;
  std::string type = "tar";  // what follows "application/vnd.oci.image.layer.v1."
  std::string plain = {};    // the same without compression; empty: `bytes`
};

class OciLayout : public OsManagerTest {
 protected:
  BuildOptions options;
  std::vector<OciLayer> layers;

  void SetUp() override {
    OsManagerTest::SetUp();
    if (IsSkipped()) return;
    make_directories(top + "/layout/blobs/sha256");
    write_text(top + "/layout/oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}");
    layers.push_back({read_text(archive("one"))});
  }

  static std::string digest_of(const std::string& bytes) {
    Sha256 sum;
    sum.add(bytes);
    return sum.finish();
  }
  std::string blob_file(const std::string& digest) const { return top + "/layout/blobs/sha256/" + digest; }
  // Members of a descriptor; `digest` is another one than that of the bytes, to lie.
  std::string blob(const std::string& bytes, std::string digest = "") {
    if (digest.empty()) digest = digest_of(bytes);
    write_text(blob_file(digest), bytes);
    return "\"digest\":\"sha256:" + digest + "\",\"size\":" + std::to_string(bytes.size());
  }
  static std::string media_type(const std::string& rest) {
    return "\"mediaType\":\"application/vnd.oci.image." + rest + "\"";
  }
  // What a program makes of the bytes: "gzip -nc".
  std::string through(const std::string& program, const std::string& bytes) {
    write_text(top + "/in", bytes);
    EXPECT_EQ(std::system((program + " < " + top + "/in > " + top + "/packed").c_str()), 0) << program;
    return read_text(top + "/packed");
  }
  OciLayer gzip(const std::string& plain) { return {through("gzip -nc", plain), "tar+gzip", plain}; }

  std::string config(const std::string& diff_ids) {
    return "{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[" +
           diff_ids + "]}}";
  }
  std::string sound_config() {
    std::string ids;
    for (const auto& layer : layers)
      ids += (ids.empty() ? "\"sha256:" : ",\"sha256:") +
             digest_of(layer.plain.empty() ? layer.bytes : layer.plain) + "\"";
    return config(ids);
  }
  std::string manifest() {
    std::string described;
    for (const auto& layer : layers)
      described += (described.empty() ? "{" : ",{") + media_type("layer.v1." + layer.type) + "," +
                   blob(layer.bytes) + "}";
    return "{\"schemaVersion\":2," + media_type("manifest.v1+json") + ",\"config\":{" +
           media_type("config.v1+json") + "," + blob(sound_config()) + "},\"layers\":[" + described + "]}";
  }
  // An element of "manifests" of an index.
  std::string described_manifest(const std::string& text, const std::string& more = "") {
    return "{" + media_type("manifest.v1+json") + "," + blob(text) + more + "}";
  }
  static std::string index(const std::string& manifests) {
    return "{\"schemaVersion\":2,\"manifests\":[" + manifests + "]}";
  }
  static std::string tag(const std::string& name) {
    return ",\"annotations\":{\"org.opencontainers.image.ref.name\":\"" + name + "\"}";
  }
  void write_index(const std::string& text) { write_text(top + "/layout/index.json", text); }

  Result<TreeRecord> add_source(const std::string& text) {
    const auto source = parse_source(text);
    if (!source) return source.error();
    return keep([&](OsManager& k) { return k.add("image", *source, options, ""); });
  }
  Result<TreeRecord> add_layout() { return add_source("oci:" + top + "/layout"); }
  Result<TreeRecord> add_layers() {
    write_index(index(described_manifest(manifest(), tag("t"))));
    return add_layout();
  }
  std::string tree() const { return node.config.trees + "/image"; }
  bool in_tree(const std::string& path) const { return fs::exists(fs::symlink_status(tree() + path)); }

  void expect_refused(const Result<TreeRecord>& added, const std::vector<std::string>& words) {
    ASSERT_FALSE(added) << words.front();
    for (const auto& word : words)
      EXPECT_NE(added.error().what.find(word), std::string::npos) << word << " in: " << added.error().what;
    EXPECT_EQ(trees(), Names{});
    EXPECT_EQ(list(), "# ours\n");
    EXPECT_FALSE(exists(top + "/outside/file"));
    expect_tidy();
  }
};

}  // namespace chos::test
