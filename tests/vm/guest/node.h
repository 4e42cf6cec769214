/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A node with the module loaded and a farm, set up as chosctl does it.
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
  kNone,     /* the module alone */
  kModule,   /* /proc/chos/farm bound to the farm's path */
  kHandMade, /* a plain directory with links through /proc/chos/link */
};

struct NodeOptions {
  Farm farm = Farm::kModule;
  std::string path = CHOS_FARM_DEFAULT; /* where the farm is */
  std::string parameters = "";          /* of the module; farm= is added unless `path` is the default */
  std::string list = kList;
};

/*
 * Loads the module, makes the farm, binds the directories that OSs share, makes the trees trixie,
 * sl6 and alma9, and writes the allowlist.  The destructor undoes all of it, and marks the case as
 * failed if the module cannot be unloaded.
 */
class Node {
 public:
  explicit Node(const NodeOptions& options = {});
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  /* Unmounts everything and unloads the module now; fails the case if that is refused. */
  void down();
  const std::string& farm() const { return options_.path; }

 private:
  void make_farm();
  std::string try_down();
  NodeOptions options_;
  bool up_ = true;
};

/* Makes the directories and marker files of the base OS that the cases look at. */
void make_base();
/* Makes a tree in kTrees: etc/os-release, usr/id (holds the name), usr/bin/probe, bin -> usr/bin. */
void make_tree(const std::string& name);
/* Gives a tree in the farm its own mount without nosuid, as an OS marked suid has it. */
void mount_suid_tree(const std::string& farm, const std::string& name);
/* Binds the directories that OSs share onto the directories of that name in a farm. */
void mount_shared(const std::string& farm);

/* Unmounts a farm and chosfs, and unloads the module.  Returns "" or a description of the failure. */
std::string clean_up(const std::string& farm);

/* Writes the allowlist.  Returns 0 or -errno. */
inline int allow(std::string_view list) { return put(CHOS_VALID, list); }
/* Writes to setchos.  Returns 0 or -errno. */
inline int enter(std::string_view name) { return put(CHOS_SETCHOS, name); }
/* Switches by the ioctl of setchos.  Each returns 0 or -errno. */
int switch_fd(int setchos, std::string_view name);
int switch_to(std::string_view name);

/*
 * The OS that the caller is in: "trixie", or "/" for the base.  If the link, setchos and the tree
 * behind /usr do not agree, a text that begins with "!" and describes what each of them shows.
 */
std::string view();
#define CHECK_VIEW(name) CHECK_EQ(chos::guest::view(), std::string(name))
/* The OS that the link alone shows, by the name of its directory in /os. */
std::string link_view();
/* Whether the link's target is `want`.  Uses raw() only, for children that share memory. */
bool raw_link_is(const char* want);

/* Processes that do what they were told and then wait, until they are told to end. */
class ParkedProcesses {
 public:
  /* Runs the code in a child as `who`; returns the child's PID when the code has finished. */
  pid_t add(const Who& who, const std::function<void()>& code);
  /* Ends the processes and waits for them. */
  void end();
  ~ParkedProcesses() { end(); }

 private:
  Shared<Event> parked_, end_;
  std::vector<pid_t> pids_;
};

}  // namespace chos::guest

#endif
