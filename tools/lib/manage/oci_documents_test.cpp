// SPDX-License-Identifier: BSD-3-Clause
// The digests and documents of container images, and archives of them.
#include "manage/oci_fixture.h"

namespace chos::test {
namespace {

TEST_F(OciLayout, BlobsThatAreNotWhatTheyAreCalled) {
  layers.push_back({tar_of({{"etc/x", '0', "x"}})});
  ASSERT_TRUE(add_layers());
  ASSERT_TRUE(remove("image"));
  const std::string other = tar_of({{"etc/y", '0', "x"}}), digest = digest_of(layers[1].bytes);
  write_text(blob_file(digest), other);
  expect_refused(add_layout(), {"layer 2", "digest"});
  write_text(blob_file(digest), layers[1].bytes + std::string(512, '\0'));
  expect_refused(add_layout(), {"layer 2", "bytes"});
  fs::remove(blob_file(digest));
  expect_refused(add_layout(), {digest});
  ASSERT_EQ(::mkfifo(blob_file(digest).c_str(), 0600), 0);
  expect_refused(add_layout(), {"FIFO"});
  fs::remove(blob_file(digest));
  write_text(top + "/elsewhere", layers[1].bytes);
  fs::create_symlink(top + "/elsewhere", blob_file(digest));
  expect_refused(add_layout(), {digest});
  // The manifest, and the configuration.
  write_index(index("{" + media_type("manifest.v1+json") + "," + blob(manifest(), digest_of("no")) + "}"));
  expect_refused(add_layout(), {digest_of("no"), "digest"});
  auto text = manifest();
  blob("{\"rootfs\":{\"diff_ids\":[]}}", digest_of(sound_config()));
  write_index(index(described_manifest(text)));
  expect_refused(add_layout(), {digest_of(sound_config())});
}

TEST_F(OciLayout, LayersThatAreNotThoseOfTheConfiguration) {
  layers.push_back(gzip(tar_of({{"etc/x", '0', "x"}})));
  layers.back().plain = "something else";
  expect_refused(add_layers(), {"layer 2", "digest"});
  const std::string text = manifest();
  const std::string sound = digest_of(sound_config()), cut = config("");
  auto changed = text;
  changed.replace(changed.find(sound), sound.size(), digest_of(cut));
  const auto size = "\"size\":" + std::to_string(sound_config().size());
  changed.replace(changed.find(size), size.size(), "\"size\":" + std::to_string(cut.size()));
  blob(cut);
  write_index(index(described_manifest(changed)));
  expect_refused(add_layout(), {"2 layers", "0"});
}

TEST_F(OciLayout, DigestsThatAreNone) {
  const std::string text = manifest(), digest = digest_of(layers[0].bytes);
  for (const std::string& bad :
       {std::string("sha256:../../../../../../etc/passwd"), "sha256:" + digest + "0", std::string("sha256:"),
        std::string("md5:") + digest, std::string(digest), "sha512:" + digest + digest,
        std::string("sha256:") + std::string(64, 'A')}) {
    auto changed = text;
    changed.replace(changed.find("sha256:" + digest), 7 + digest.size(), bad);
    write_index(index(described_manifest(changed)));
    expect_refused(add_layout(), {"digest"});
  }
}

TEST_F(OciLayout, DocumentsThatAreTooMuch) {
  write_index(index(described_manifest(manifest(), tag("t"))) + std::string(100 << 20, ' '));
  expect_refused(add_layout(), {"index.json", "bytes"});
  write_index(std::string(300000, '['));
  expect_refused(add_layout(), {"index.json"});
  write_index("{\"manifests\":" + std::string(100000, '[') + std::string(100000, ']') + "}");
  expect_refused(add_layout(), {"index.json"});
  write_index("[]");
  expect_refused(add_layout(), {"index.json"});
  write_index(index(""));
  expect_refused(add_layout(), {"no image"});
  fs::remove(top + "/layout/index.json");
  ASSERT_EQ(::mkfifo((top + "/layout/index.json").c_str(), 0600), 0);
  expect_refused(add_layout(), {"index.json", "FIFO"});
  // Each layer costs a process.
  const std::string one = "{" + media_type("layer.v1.tar") + "," + blob(layers[0].bytes) + "}";
  auto text = manifest();
  std::string many;
  for (int i = 0; i < 2000; ++i) many += one + ",";
  text.insert(text.find(one), many);
  fs::remove(top + "/layout/index.json");
  write_index(index(described_manifest(text)));
  expect_refused(add_layout(), {"2001 layers"});
}

TEST_F(OciLayout, AnIndexOfIndexes) {
  const auto nested = [&](const std::string& described, const std::string& more = "") {
    return "{" + media_type("index.v1+json") + "," + blob(index(described)) + more + "}";
  };
  const std::string image = described_manifest(manifest());
  write_index(index(nested(image)));
  const auto added = add_layout();
  ASSERT_TRUE(added) << added.error().what;
  ASSERT_TRUE(remove("image"));
  // As a builder writes it: for several machines, with a statement about how it was built.
  const auto platform = [](const std::string& machine, const std::string& os) {
    return ",\"platform\":{\"architecture\":\"" + machine + "\",\"os\":\"" + os + "\"}";
  };
  const std::string other = "{" + media_type("manifest.v1+json") + "," + blob("{}");
  write_index(index(nested(other + platform("s390x", "linux") + "}," +
                           described_manifest(manifest(), platform("amd64", "linux")) + "," + other +
                           platform("unknown", "unknown") + "}")));
  const auto chosen = add_layout();
  ASSERT_TRUE(chosen) << chosen.error().what;
  ASSERT_TRUE(remove("image"));
  write_index(
      index(nested(other + platform("s390x", "linux") + "}," + other + platform("arm64", "linux") + "}")));
  expect_refused(add_layout(), {"linux/amd64"});
  // One that leads to itself: the digest lies.
  const std::string self = digest_of("self");
  std::string circle =
      index("{" + media_type("index.v1+json") + ",\"digest\":\"sha256:" + self + "\",\"size\":200}");
  circle.resize(200, ' ');
  blob(circle, self);
  write_index(circle);
  expect_refused(add_layout(), {self, "digest"});
  auto deep = image;
  for (int i = 0; i < 20; ++i) deep = nested(deep);
  write_index(index(deep));
  expect_refused(add_layout(), {"index"});
}

TEST_F(OciLayout, AManifestThatIsTwoThings) {
  auto text = manifest();
  text.insert(1, "\"manifests\":[],");
  write_index(index(described_manifest(text)));
  expect_refused(add_layout(), {"manifests", "layers"});
  text = manifest();
  text.replace(text.find("manifest.v1"), 11, "index.v1");
  write_index(index(described_manifest(text)));
  expect_refused(add_layout(), {"media type"});
}

TEST_F(OciLayout, Tags) {
  const std::string image = manifest();
  write_index(index(described_manifest(image, tag("a")) + "," + described_manifest(image, tag("b"))));
  expect_refused(add_layout(), {"has 2 images; expected a tag"});
  expect_refused(add_source("oci:" + top + "/layout:c"), {"no image 'c'"});
  const auto added = add_source("oci:" + top + "/layout:b");
  EXPECT_TRUE(added) << added.error().what;
}

// Archives of images; `docker save` writes a list of its own.
class OciArchive : public OciLayout {
 protected:
  std::string archived(const std::string& command) {
    const std::string file = top + "/image.tar";
    EXPECT_EQ(std::system(("cd " + top + "/layout && rm -f " + file + " && { " + command + "; } >" + top +
                           "/log 2>&1")
                              .c_str()),
              0)
        << read_text(top + "/log");
    return "oci:" + file;
  }
  // As Docker wrote it before it wrote layouts, with a link for a layer that comes twice.
  void make_docker_files() {
    layers.push_back({tar_of({{"etc/two", '0', "2"}})});
    layers.push_back(layers.back());
    const auto text = sound_config();
    make_directories(top + "/layout/a");
    make_directories(top + "/layout/b");
    write_text(top + "/layout/a/layer.tar", layers[0].bytes);
    write_text(top + "/layout/b/layer.tar", layers[1].bytes);
    fs::create_symlink("../b/layer.tar", top + "/layout/a/again.tar");
    write_text(top + "/layout/" + digest_of(text) + ".json", text);
    write_manifest(digest_of(text) + ".json");
    fs::remove(top + "/layout/oci-layout");
    fs::remove_all(top + "/layout/blobs");
  }
  void write_manifest(const std::string& config_file, const std::string& layer = "a/again.tar") {
    image_ = "{\"Config\":\"" + config_file + "\",\"RepoTags\":[\"t:1\"],\"Layers\":[\"a/layer.tar\"," +
             "\"b/layer.tar\",\"" + layer + "\"]}";
    write_text(top + "/layout/manifest.json", "[" + image_ + "]");
  }
  std::string image_;
};

TEST_F(OciArchive, OfALayout) {
  write_index(index(described_manifest(manifest())));
  for (const char* command :
       {"tar -cf ../image.tar .", "tar -cf ../image.tar *", "tar -czf ../image.tar *"}) {
    const auto added = add_source(archived(command));
    ASSERT_TRUE(added) << command << ": " << added.error().what;
    EXPECT_TRUE(in_tree("/bin/sh"));
    ASSERT_TRUE(remove("image"));
    expect_tidy();
  }
  expect_refused(add_source(archived("tar -cf ../image.tar index.json")),
                 {"neither manifest.json nor oci-layout"});
  expect_refused(add_source(archived("head -c 1000 /dev/urandom > ../image.tar")), {"no archive"});
  expect_refused(add_source(archived("mknod null c 1 3 && tar -cf ../image.tar *")),
                 {"'null'", "device node"});
}

TEST_F(OciArchive, OfDocker) {
  make_docker_files();
  for (const char* command :
       {"tar -cf ../image.tar *",
        "gzip a/layer.tar && mv a/layer.tar.gz a/layer.tar && tar -cf ../image.tar *"}) {
    const auto added = add_source(archived(command));
    ASSERT_TRUE(added) << added.error().what;
    EXPECT_EQ(read_text(tree() + "/etc/two"), "2");
    ASSERT_TRUE(remove("image"));
  }
}

TEST_F(OciArchive, OfDockerWithTwoImages) {
  make_docker_files();
  write_text(top + "/layout/manifest.json", "[" + image_ + "," + image_ + "]");
  expect_refused(add_source(archived("tar -cf ../image.tar *")),
                 {top + "/image.tar has more than one image"});
}

TEST_F(OciArchive, OfDockerThatLies) {
  make_docker_files();
  const auto name = digest_of(sound_config()) + ".json";
  make_directories(top + "/outside");
  write_text(top + "/outside/layer.tar", layers[1].bytes);
  for (const std::string layer : {"../outside/layer.tar", "/etc/passwd", "a", "none", ""}) {
    write_manifest(name, layer);
    expect_refused(add_source(archived("tar -cf ../image.tar *")), {top + "/image.tar"});
  }
  write_manifest(name, "c.tar");
  fs::create_symlink(top + "/outside/layer.tar", top + "/layout/c.tar");
  expect_refused(add_source(archived("tar -cf ../image.tar *")), {"c.tar"});
  write_manifest(name, "a/layer.tar");
  expect_refused(add_source(archived("tar -cf ../image.tar *")), {"layer 3", "digest"});
  write_manifest(name);
  write_text(top + "/layout/" + name, sound_config() + " ");
  expect_refused(add_source(archived("tar -cf ../image.tar *")), {name.substr(0, 64), "digest"});
}

}  // namespace
}  // namespace chos::test
