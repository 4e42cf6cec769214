// SPDX-License-Identifier: BSD-3-Clause
#include "tree/nsswitch.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <set>

#include "basic/files.h"
#include "scratch.h"

namespace chos::test {
namespace {

std::string filtered(const std::string& text, const std::set<std::string>& there) {
  return filter_nsswitch(text, [&there](const std::string& name) { return there.count(name) != 0; });
}

TEST(Nsswitch, MissingServicesAreDropped) {
  EXPECT_EQ(filtered("# all\n\npasswd:  files systemd sss # users\n  group:files\tsss\r\n"
                     "hosts: mdns dns\n",
                     {"files", "dns", "sss"}),
            "passwd: files sss\ngroup: files sss\nhosts: dns\n");
}

TEST(Nsswitch, ActionsAreDroppedWithTheirService) {
  const std::string hosts =
      "hosts: files mdns4_minimal [NOTFOUND=return] resolve[!UNAVAIL=return] "
      "dns [ SUCCESS=continue TRYAGAIN=return ] myhostname\n";
  EXPECT_EQ(filtered(hosts, {"files", "dns"}), "hosts: files dns [ SUCCESS=continue TRYAGAIN=return ]\n");
  EXPECT_EQ(filtered(hosts, {"files", "mdns4_minimal", "dns", "myhostname"}),
            "hosts: files mdns4_minimal [NOTFOUND=return] dns [ SUCCESS=continue TRYAGAIN=return ] "
            "myhostname\n");
  EXPECT_EQ(filtered(hosts, {"resolve"}), "hosts: resolve [!UNAVAIL=return]\n");
  EXPECT_EQ(filtered("group: [SUCCESS=merge] gone [NOTFOUND=return] [UNAVAIL=return] files "
                     "[SUCCESS=merge] x",
                     {"files"}),
            "group: files [SUCCESS=merge]\n");
  EXPECT_EQ(filtered("passwd: files [NOTFOUND=return", {"files"}), "passwd: files [NOTFOUND=return\n");
}

TEST(Nsswitch, EveryDatabaseKeepsAService) {
  EXPECT_EQ(filtered("netgroup: nis\nautomount:\nno colon\n", {}), "netgroup: files\nautomount: files\n");
  EXPECT_EQ(filtered("", {}), "");
}

class NssModules : public Scratch {};

TEST_F(NssModules, AreFoundWhereTheLoaderLooks) {
  std::filesystem::create_directories(path("usr/lib/x86_64-linux-gnu"));
  std::filesystem::create_directories(path("usr/lib64"));
  std::filesystem::create_directories(path("usr/lib/other"));
  ASSERT_EQ(::symlink("/usr/lib", path("lib").c_str()), 0);
  write("usr/lib/x86_64-linux-gnu/libnss_sss.so.2", "");
  write("usr/lib64/libnss_ldap.so.2", "");
  write("usr/lib/other/libnss_hidden.so.2", "");
  const UniqueFd tree(::open(directory().c_str(), O_PATH | O_DIRECTORY));
  for (const char* name : {"sss", "ldap", "files", "dns"})
    EXPECT_TRUE(has_nss_service(tree.get(), name)) << name;
  for (const char* name : {"hidden", "systemd", "x/../sss"})
    EXPECT_FALSE(has_nss_service(tree.get(), name)) << name;
}

}  // namespace
}  // namespace chos::test
