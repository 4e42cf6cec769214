// SPDX-License-Identifier: BSD-3-Clause
// Layers of container images: what they may hold, and what they hide of those below.
#include "manage/oci_fixture.h"

namespace chos::test {
namespace {

TEST_F(OciLayout, OneThatIsSound) {
  layers = {gzip(layers[0].bytes)};
  const auto added = add_layers();
  ASSERT_TRUE(added) << added.error().what;
  EXPECT_TRUE(in_tree("/bin/sh"));
  expect_tidy();
}

TEST_F(OciLayout, CompressionsAndAnEmptyLayer) {
  const std::string one = tar_of({{"etc/one", '0', "1"}});
  layers.push_back({through("zstd -qc", one), "tar+zstd", one});
  layers.push_back({std::string(1024, '\0')});
  layers.push_back(gzip(std::string(10240, '\0')));
  const auto added = add_layers();
  ASSERT_TRUE(added) << added.error().what;
  EXPECT_EQ(read_text(tree() + "/etc/one"), "1");
}

// What one parser takes for a plain archive, another for gzip: Go's ignores flags that are reserved.
std::string polyglot(const std::string& plain, const std::string& packed) {
  std::string head("\x1f\x8b\x08\x24\0\0\0\0\0\xff", 10);
  const std::size_t extra = 500 + plain.size();
  head += static_cast<char>(extra & 0xff);
  head += static_cast<char>(extra >> 8);
  return tar_header({head, '5'}, 0) + plain + packed.substr(10);
}

TEST_F(OciLayout, ALayerThatIsTwoThings) {
  const std::string hidden = tar_of({{"etc/tty", '3', "", 0666, 5, 0}, {"etc/hidden", '0', "x"}});
  const std::string both = polyglot(tar_of({{"etc/seen", '0', "x"}}), gzip(hidden).bytes);
  for (const std::string& plain : {hidden, both})
    for (const char* type : {"tar+gzip", "tar"}) {
      layers.resize(1);
      layers.push_back({both, type, plain});
      expect_refused(add_layers(), {"layer 2 of " + top + "/layout"});
    }
}

TEST_F(OciLayout, MediaTypeAndContentAgree) {
  const std::string plain = layers[0].bytes, packed = gzip(plain).bytes, zstd = through("zstd -qc", plain);
  const std::vector<OciLayer> bad{{packed, "tar", plain},
                                  {zstd, "tar", plain},
                                  {plain, "tar+gzip", plain},
                                  {zstd, "tar+gzip", plain},
                                  {packed, "tar+zstd", plain}};
  for (const auto& layer : bad) {
    layers = {layer};
    expect_refused(add_layers(), {"layer 1", "media type"});
  }
  for (const char* type : {"tar+xz", "tar+bzip2", "tar+gzip+encrypted", "squashfs"}) {
    layers = {{packed, type, plain}};
    expect_refused(add_layers(), {"media type", type});
  }
  // One compression, not two.
  layers = {{through("gzip -nc", packed), "tar+gzip", packed}};
  expect_refused(add_layers(), {"layer 1"});
}

TEST_F(OciLayout, DeviceNodes) {
  layers.push_back(gzip(tar_of({{"etc/odd", '3', "", 0666, 5, 1}, {"etc/even", '0', "x"}})));
  expect_refused(add_layers(), {"layer 2", "'etc/odd'", "device node"});
  options.drop_devices = true;
  // Where a device node stands for a removed file, that is removed too.
  layers.push_back({tar_of({{"etc/even", '3', "", 0, 0, 0}})});
  const auto added = add_layers();
  ASSERT_TRUE(added) << added.error().what;
  EXPECT_FALSE(in_tree("/etc/odd"));
  EXPECT_FALSE(in_tree("/etc/even"));
}

// The tree is examined as a whole, whichever layer a file comes from.
TEST_F(OciLayout, WhatOthersThanRootCouldChange) {
  layers.push_back(gzip(tar_of({{"bin/tool", '0', "x", 0757}})));
  expect_refused(add_layers(), {"others than root can change 1 file", "/bin/tool (everybody)"});
  // A later layer may take it away.
  layers.push_back({tar_of({{"bin/.wh.tool", '0', ""}})});
  const auto added = add_layers();
  EXPECT_TRUE(added) << added.error().what;
}

TEST_F(OciLayout, ANameThatLeadsOut) {
  layers.push_back({tar_of({{"../outside/file", '0', "x"}})});
  expect_refused(add_layers(), {"'../outside/file'", "'..'"});
  layers.back() = {tar_of({{top + "/outside/file", '0', "x"}})};
  expect_refused(add_layers(), {"absolute"});
}

TEST_F(OciLayout, AnEntryBehindALink) {
  make_directories(top + "/outside");
  const TarEntry link{"a", '2', top + "/outside"}, file{"a/file", '0', "x"};
  layers.push_back({tar_of({link, file})});
  expect_refused(add_layers(), {"'a/file'", "behind"});
  // Of a lower layer.
  layers.back() = {tar_of({link})};
  layers.push_back({tar_of({file})});
  expect_refused(add_layers(), {"layer 3", "'a/file'", "behind"});
  // What was a link is a directory by then.
  layers.back() = {tar_of({{"a/", '5'}, file})};
  const auto added = add_layers();
  ASSERT_TRUE(added) << added.error().what;
  EXPECT_FALSE(exists(top + "/outside/file"));
  EXPECT_EQ(read_text(tree() + "/a/file"), "x");
}

TEST_F(OciLayout, AHardLinkToWhatIsNoFileOfTheImage) {
  make_directories(top + "/outside");
  write_text(top + "/outside/program", "x", 0700);
  layers.push_back({tar_of({{"l", '2', top + "/outside/program"}})});
  layers.push_back({tar_of({{"h", '1', "l"}})});
  expect_refused(add_layers(), {"layer 3", "'h'", "no regular file"});
  layers.back() = {tar_of({{"h", '1', "etc/os-release"}})};
  const auto added = add_layers();
  ASSERT_TRUE(added) << added.error().what;
  EXPECT_EQ(read_text(tree() + "/h"), read_text(tree() + "/etc/os-release"));
}

TEST_F(OciLayout, ABomb) {
  options.max_size = 4 << 20;
  layers.push_back(gzip(tar_of({{"etc/zeros", '0', std::string(20 << 20, '\0')}})));
  expect_refused(add_layers(), {"layer 2", "'etc/zeros'", "--max-size"});
  // All layers together.
  const TarEntry big{"etc/big", '0', std::string(2 << 20, 'x')};
  layers.back() = {tar_of({big})};
  ASSERT_TRUE(add_layers());
  ASSERT_TRUE(remove("image"));
  layers.push_back({tar_of({big, {"etc/more", '0', std::string(1 << 20, 'y')}})});
  expect_refused(add_layers(), {"layer 3", "--max-size"});
  // It need not be in files.
  layers.resize(1);
  layers.push_back(gzip(tar_of({{"etc/x", '0', "x"}}) + std::string(50 << 20, '\0')));
  expect_refused(add_layers(), {"layer 2", "--max-size"});
}

TEST_F(OciLayout, OneThatIsCut) {
  const std::string plain = tar_of({{"etc/zz", '0', std::string(100000, 'z')}});
  layers.push_back({plain.substr(0, 60000)});
  expect_refused(add_layers(), {"layer 2", "etc/zz", "truncated"});
  layers.back() = gzip(plain);
  layers.back().bytes.resize(layers.back().bytes.size() - 20);
  expect_refused(add_layers(), {"layer 2", "truncated"});
  layers.back() = {"", "tar", ""};
  expect_refused(add_layers(), {"layer 2"});
}

TEST_F(OciLayout, WhiteoutsHideLowerLayers) {
  layers.push_back({tar_of({{"d/", '5'},
                            {"d/gone", '0', "x"},
                            {"d/kept", '0', "x"},
                            {"e/sub/", '5'},
                            {"e/sub/x", '0', "x"},
                            {"l", '2', "d"},
                            {"both", '0', "old"}})});
  layers.push_back({tar_of({{"d/.wh.gone"},
                            {".wh.e"},
                            {".wh.l"},
                            {".wh.never"},
                            {"nowhere/.wh.x"},
                            {"both", '0', "new"},
                            {".wh.both"}})});
  const auto added = add_layers();
  ASSERT_TRUE(added) << added.error().what;
  EXPECT_FALSE(in_tree("/d/gone"));
  EXPECT_TRUE(in_tree("/d/kept"));
  EXPECT_FALSE(in_tree("/e"));
  EXPECT_FALSE(in_tree("/l"));
  EXPECT_EQ(read_text(tree() + "/both"), "new");
  for (const auto& entry : fs::recursive_directory_iterator(tree()))
    EXPECT_FALSE(entry.path().filename().string().starts_with(".wh.")) << entry.path();
}

// Wherever it stands in the layer.
TEST_F(OciLayout, AnOpaqueDirectoryHidesOnlyLowerLayers) {
  const std::vector<TarEntry> all{{"d/", '5'}, {"d/own", '0', "3"}, {"d/s/own", '0', "3"}};
  const TarEntry opaque{"d/.wh..wh..opq"};
  for (std::size_t at = 0; at <= all.size(); ++at) {
    SCOPED_TRACE(at);
    auto upper = all;
    upper.insert(upper.begin() + static_cast<std::ptrdiff_t>(at), opaque);
    layers.resize(1);
    layers.push_back({tar_of({{"d/", '5'},
                              {"d/low", '0', "2"},
                              {"d/own", '0', "2"},
                              {"d/s/low", '0', "2"},
                              {"d/t/u/low", '0', "2"}})});
    layers.push_back({tar_of(upper)});
    layers.push_back({tar_of({{"none/.wh..wh..opq"}})});
    const auto added = add_layers();
    ASSERT_TRUE(added) << added.error().what;
    EXPECT_EQ(read_text(tree() + "/d/own"), "3");
    EXPECT_EQ(read_text(tree() + "/d/s/own"), "3");
    for (const char* hidden : {"/d/low", "/d/s/low", "/d/t"}) EXPECT_FALSE(in_tree(hidden)) << hidden;
    ASSERT_TRUE(remove("image"));
  }
}

TEST_F(OciLayout, AWhiteoutReachesNothingBehindALink) {
  make_directories(top + "/outside");
  write_text(top + "/outside/program", "x");
  layers.push_back({tar_of({{"way", '2', top + "/outside"}, {"in", '2', "etc"}})});
  layers.push_back({});
  for (const char* name : {"way/.wh.program", "way/.wh..wh..opq", "in/.wh.os-release", "in/.wh..wh..opq"}) {
    layers.back() = {tar_of({{name}})};
    expect_refused(add_layers(), {"layer 3", name, "behind the symbolic link"});
  }
  EXPECT_EQ(read_text(top + "/outside/program"), "x");
}

TEST_F(OciLayout, WhiteoutsOfNamesThatCannotBe) {
  layers.push_back({});
  for (const TarEntry& entry : std::vector<TarEntry>{{".wh."},
                                                     {".wh.."},
                                                     {".wh..."},
                                                     {"etc/.wh.."},
                                                     {"etc/.wh..."},
                                                     {"etc/.wh..wh.x"},
                                                     {"etc/.wh..wh..opq/x", '0', "x"},
                                                     {"etc/.wh.x/y", '0', "y"},
                                                     {".wh.x/", '5'},
                                                     {".wh.x", '2', "etc"},
                                                     {"../.wh.x"},
                                                     {"/.wh.x"}}) {
    layers.back() = {tar_of({entry})};
    expect_refused(add_layers(), {"layer 2", entry.name.ends_with('/') ? ".wh.x" : entry.name});
  }
  // What aufs kept for itself is left out, as others do.
  layers.back() = {tar_of({{".wh..wh.aufs"}, {".wh..wh.plnk/", '5'}, {".wh..wh.plnk/1.2", '0', "x"}})};
  const auto added = add_layers();
  ASSERT_TRUE(added) << added.error().what;
  EXPECT_FALSE(in_tree("/.wh..wh.plnk"));
}

TEST_F(OciLayout, ALayerPutsOneKindInPlaceOfAnother) {
  layers.push_back({tar_of({{"a/", '5'},
                            {"a/b/c", '0', "x"},
                            {"f", '0', "x"},
                            {"g", '0', "x"},
                            {"h", '1', "g"},
                            {"k", '2', "etc"}})});
  layers.push_back({tar_of(
      {{"a", '0', "file"}, {"f/", '5'}, {"f/x", '0', "x"}, {"g", '0', "other"}, {"k", '0', "file"}})});
  const auto added = add_layers();
  ASSERT_TRUE(added) << added.error().what;
  EXPECT_EQ(read_text(tree() + "/a"), "file");
  EXPECT_EQ(read_text(tree() + "/f/x"), "x");
  EXPECT_EQ(read_text(tree() + "/g"), "other");
  EXPECT_EQ(read_text(tree() + "/h"), "x");  // the name that it had in common with g is its own
  EXPECT_EQ(read_text(tree() + "/k"), "file");
  EXPECT_TRUE(in_tree("/etc/os-release"));
}

}  // namespace
}  // namespace chos::test
