// SPDX-License-Identifier: BSD-3-Clause
#include "inspect/writers.h"

#include <endian.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <sys/xattr.h>

#include <cstring>
#include <vector>

#include "basic/files.h"

namespace chos {
namespace {

constexpr const char* access_acl = "system.posix_acl_access";
constexpr const char* default_acl = "system.posix_acl_default";  // of what is made in a directory
constexpr unsigned first_user = 1000;
constexpr unsigned group_of_users = 100;  // of all users in some distributions

struct AclEntry {
  unsigned tag = 0, permissions = 0, id = 0;
};

// The entries of an ACL; none if the file has none.
std::vector<AclEntry> acl_of(int fd, const char* name) {
  std::vector<AclEntry> out;
  if (fd < 0) return out;
  const std::string file = by_fd(fd);
  if (::getxattr(file.c_str(), name, nullptr, 0) <= 0) return out;
  constexpr std::size_t largest = std::size_t{64} * 1024;  // of all attributes
  std::string value(largest, '\0');
  const ssize_t size = ::getxattr(file.c_str(), name, value.data(), value.size());
  posix_acl_xattr_entry entry{};
  for (std::size_t at = sizeof(posix_acl_xattr_header);
       size > 0 && at + sizeof entry <= static_cast<std::size_t>(size); at += sizeof entry) {
    std::memcpy(&entry, value.data() + at, sizeof entry);
    out.push_back({le16toh(entry.e_tag), le16toh(entry.e_perm), le32toh(entry.e_id)});
  }
  return out;
}

// What the mask, if there is one, leaves of the permissions of groups and named users.
unsigned mask_of(const std::vector<AclEntry>& acl) {
  for (const auto& entry : acl)
    if (entry.tag == ACL_MASK) return entry.permissions;
  return ACL_READ | ACL_WRITE | ACL_EXECUTE;
}

class Collector {
 public:
  void user(unsigned uid, const std::string& how = {}) {
    if (uid != 0) add("uid " + std::to_string(uid) + how, uid >= first_user);
  }
  void group(unsigned gid, const std::string& how = {}) {
    if (gid != 0) add("gid " + std::to_string(gid) + how, gid >= first_user || gid == group_of_users);
  }
  void everybody(const std::string& how = {}) { add("everybody" + how, true); }

  void by_acl(const std::vector<AclEntry>& acl, unsigned owning_group, const std::string& how) {
    const unsigned mask = mask_of(acl);
    for (const auto& [tag, permissions, id] : acl) {
      if ((permissions & ACL_WRITE) == 0) continue;
      if (tag == ACL_OTHER) everybody(how);
      if ((mask & ACL_WRITE) == 0) continue;
      if (tag == ACL_USER) user(id, how);
      if (tag == ACL_GROUP) group(id, how);
      if (tag == ACL_GROUP_OBJ) group(owning_group);
    }
  }

  Writers out;

 private:
  void add(const std::string& who, bool users) {
    out.text += (out.text.empty() ? "" : ", ") + who;
    (users ? out.users : out.services) = true;
  }
};

}  // namespace

Writers writers_of(int fd, const struct stat& info) {
  Collector writers;
  writers.user(info.st_uid);
  // With an ACL the bits of the group are its mask: without them it lets nobody write but everybody.
  if ((info.st_mode & S_IWGRP) != 0) {
    auto acl = acl_of(fd, access_acl);
    std::erase_if(acl, [](const AclEntry& entry) { return entry.tag == ACL_OTHER; });  // in the mode, too
    if (acl.empty()) writers.group(info.st_gid);
    else writers.by_acl(acl, info.st_gid, " by an ACL");
  }
  if ((info.st_mode & S_IWOTH) != 0) writers.everybody();
  if (S_ISDIR(info.st_mode)) {
    auto acl = acl_of(fd, default_acl);
    std::erase_if(acl,
                  [](const AclEntry& entry) { return entry.tag == ACL_GROUP_OBJ; });  // the maker's group
    writers.by_acl(acl, 0, " by a default ACL");
  }
  return std::move(writers.out);
}

bool shuts_users_out(int fd, const struct stat& info) {
  const bool by_group = (info.st_mode & S_IXGRP) != 0;
  if ((info.st_mode & S_IXOTH) != 0 || (by_group && info.st_gid != 0)) return false;
  if (info.st_uid != 0 && (info.st_mode & S_IXUSR) != 0) return false;
  if (!by_group) return true;
  const auto acl = acl_of(fd, access_acl);
  const unsigned mask = mask_of(acl);
  for (const auto& [tag, permissions, id] : acl)
    if ((tag == ACL_USER || tag == ACL_GROUP) && id != 0 && (permissions & mask & ACL_EXECUTE) != 0)
      return false;
  return true;
}

}  // namespace chos
