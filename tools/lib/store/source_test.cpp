// SPDX-License-Identifier: BSD-3-Clause
#include "store/source.h"

#include "scratch.h"

namespace chos::test {
namespace {

class StoreSource : public Scratch {};

TEST_F(StoreSource, Reads) {
  write("a.tar", "");
  write("x.repo", "");
  std::filesystem::create_directory(path("layout"));
  write("layout/oci-layout", "{}");
  const auto debian = parse_source("debian:trixie/i386");
  ASSERT_TRUE(debian);
  EXPECT_EQ(debian->suite, "trixie");
  EXPECT_EQ(debian->architecture, "i386");
  EXPECT_EQ(parse_source("debian:sid")->architecture, "");
  const auto rpm = parse_source("rpm:" + path("x.repo") + "#bash,gcc#vim");
  ASSERT_TRUE(rpm);
  EXPECT_EQ(rpm->packages, (std::vector<std::string>{"bash", "gcc", "vim"}));
  EXPECT_EQ(rpm->path, path("x.repo"));
  const auto oci = parse_source("oci:" + path("layout") + ":v1.2");
  ASSERT_TRUE(oci) << oci.error().what;
  EXPECT_EQ(oci->tag, "v1.2");
  EXPECT_EQ(oci->path, path("layout"));
  EXPECT_EQ(parse_source("oci:" + path("layout"))->tag, "");
  EXPECT_EQ(parse_source("dir:" + directory() + "/layout/")->path, path("layout"));
  EXPECT_TRUE(parse_source("dir:" + directory())->is_mounted());
  EXPECT_FALSE(parse_source("tar:" + path("a.tar"))->is_mounted());
  EXPECT_EQ(parse_source("tar:" + directory() + "/./a.tar")->text, "tar:" + path("a.tar"));
}

TEST_F(StoreSource, Refuses) {
  write("file", "");
  for (const std::string text :
       {"", ":", "trixie", "docker:x", "debian:", "debian:/amd64", "debian:trixie/", "debian:-x",
        "debian:a b", "tar:", "tar:/no/such/file", "image:/tmp", "dir:/no/such", "oci:/tmp", "rpm:/tmp"})
    EXPECT_FALSE(parse_source(text)) << text;
  EXPECT_FALSE(parse_source("rpm:" + path("file") + "#--nogpgcheck"));
  EXPECT_FALSE(parse_source("rpm:" + path("file") + "#"));
  EXPECT_FALSE(parse_source("dir:" + path("file")));
  EXPECT_FALSE(parse_source("oci:" + path("file") + ":tag"));
  const auto refused = parse_source("docker:x");
  EXPECT_NE(refused.error().remedy.find("debian:SUITE"), std::string::npos);
}

}  // namespace
}  // namespace chos::test
