/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A node with the module loaded and a farm of some kind, as chosctl would set it up.
 */
#ifndef CHOS_GUEST_NODE_H
#define CHOS_GUEST_NODE_H

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "chos/abi.h"
#include "guest.h"
#include "sys.h"

namespace chos::guest {

inline constexpr const char* kModuleFile = "/lib/chos/chos.ko";
inline constexpr const char* kTrees = "/var/lib/chos/os";
inline constexpr const char* kList =
    "base:/\n"
    "trixie:/os/trixie\n"
    "sl6:/os/sl6\n"
    "alma9:/os/alma9\n";

enum class Farm {
  kNone,      /* the module alone */
  kModule,    /* /proc/chos/farm bound to the farm's path */
  kHandMade,  /* a plain directory with links through /proc/chos/link */
};

struct NodeOptions {
  Farm farm = Farm::kModule;
  std::string path = CHOS_FARM_DEFAULT; /* where the farm is */
  std::string parameters = "";          /* of the module; farm= is added for another path */
  std::string list = kList;
};

/*
 * Loads the module, makes the farm, binds what OSs share, makes the trees trixie, sl6 and alma9
 * and writes the allowlist.  The destructor takes all of it down and marks the case as
 * failed if the module cannot be unloaded then.
 */
class Node {
 public:
  explicit Node(const NodeOptions& options = {});
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  /* Unmounts and unloads now; fails the case if that is refused. */
  void down();
  const std::string& farm() const { return options_.path; }

 private:
  void make_farm();
  std::string try_down();
  NodeOptions options_;
  bool up_ = true;
};

/* Directories and marker files of the base that the cases look at. */
void make_base();
/* A tree under kTrees: etc/os-release, usr/id (the name), usr/bin/probe, bin -> usr/bin. */
void make_tree(const std::string& name);
/* A mount of its own, without nosuid, for an OS that is marked suid. */
void mount_suid_tree(const std::string& farm, const std::string& name);
/* Binds what OSs share onto directories of a farm that has them. */
void mount_shared(const std::string& farm);

/* Unmounts all that belongs to a farm or the module and unloads it: "" or what went wrong. */
std::string clean_up(const std::string& farm);

/* Writes the allowlist; -errno. */
inline int allow(std::string_view list) { return put(CHOS_VALID, list); }
/* Writes to setchos; -errno. */
inline int enter(std::string_view name) { return put(CHOS_SETCHOS, name); }

/*
 * What the caller sees: "trixie", "/" for the base, or a description of the contradiction if
 * link, setchos and the tree behind /usr do not say the same.
 */
std::string view();
#define CHECK_VIEW(name) CHECK_EQ(chos::guest::view(), std::string(name))
/* Only the link, as an OS's name. */
std::string link_view();

}  // namespace chos::guest

#endif
