/* SPDX-License-Identifier: BSD-3-Clause */
#include "node.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

namespace chos::guest {

namespace {

constexpr const char* kLinks[] = {"bin", "sbin", "usr", "etc", "lib", "lib64"};
constexpr const char* kShared[] = {"proc", "dev", "tmp", "home"};

}  // namespace

int load_module(const std::string& parameters) {
  const Fd file = open_file(kModuleFile, O_RDONLY);
  if (!file) return file.get();
  return static_cast<int>(sys(syscall(SYS_finit_module, file.get(), parameters.c_str(), 0)));
}

int unload_module() { return static_cast<int>(sys(syscall(SYS_delete_module, "chos", O_NONBLOCK))); }

bool module_loaded() { return exists("/sys/module/chos/refcnt"); }

void make_base() {
  umask(022);
  for (const char* directory : {"/usr/bin", "/etc", "/home", "/var/lib/chos/os", "/srv"}) {
    make_dirs(directory);
  }
  make_dirs("/tmp");
  CHECK_OK(sys(chmod("/tmp", 01777)));
  make_file("/usr/id", "base");
  /* udev makes it on a real node.  execveat(2) of a descriptor needs it in kernels with TOMOYO. */
  if (!exists("/dev/fd")) make_link("/proc/self/fd", "/dev/fd");
  for (const Who& who : {kAnna, kBert}) {
    const std::string home = "/home/" + std::to_string(who.uid);
    make_dirs(home);
    CHECK_OK(sys(chown(home.c_str(), who.uid, who.gid)));
  }
  if (!exists("/usr/bin/probe")) install_probe("/usr/bin/probe", 0, 0, 0755);
}

void make_tree(const std::string& name) {
  const std::string tree = std::string(kTrees) + "/" + name;
  make_dirs(tree + "/usr/bin");
  make_dirs(tree + "/etc");
  make_file(tree + "/usr/id", name);
  make_file(tree + "/etc/os-release", "NAME=" + name + "\n");
  make_link("usr/bin", tree + "/bin");
  if (!exists(tree + "/usr/bin/probe")) {
    /* A hard link, to save memory in the case with a hundred trees. */
    CHECK_OK(sys(link("/usr/bin/probe", (tree + "/usr/bin/probe").c_str())));
  }
}

void mount_shared(const std::string& farm) {
  for (const char* name : kShared) {
    const std::string at = farm + "/" + name;
    CHECK_OK(bind_mount(std::string("/") + name, at, MS_REC));
    CHECK_OK(set_mount(at, MS_SLAVE | MS_REC));
  }
  CHECK_OK(bind_mount(kTrees, farm + "/os"));
  CHECK_OK(set_mount(farm + "/os", MS_PRIVATE));
  CHECK_OK(set_mount(farm + "/os", MS_REMOUNT | MS_BIND | MS_NOSUID | MS_NODEV));
  CHECK_OK(bind_mount("/", farm + "/local"));
  CHECK_OK(set_mount(farm + "/local", MS_SLAVE));
  CHECK_OK(set_mount(farm + "/local", MS_REMOUNT | MS_BIND | MS_NOSUID));
}

void mount_suid_tree(const std::string& farm, const std::string& name) {
  CHECK_OK(bind_mount(std::string(kTrees) + "/" + name, farm + "/os/" + name));
  CHECK_OK(set_mount(farm + "/os/" + name, MS_PRIVATE));
  CHECK_OK(set_mount(farm + "/os/" + name, MS_REMOUNT | MS_BIND | MS_NODEV));
}

Node::Node(const NodeOptions& options) : options_(options) {
  std::string parameters = options_.parameters;
  if (options_.path != CHOS_FARM_DEFAULT) parameters += " farm=" + options_.path;
  CHECK_OK(load_module(parameters));
  for (const char* name : {"trixie", "sl6", "alma9"}) make_tree(name);
  if (options_.farm != Farm::kNone) make_farm();
  if (!options_.list.empty()) CHECK_OK(allow(options_.list));
}

void Node::make_farm() {
  const std::string& farm = options_.path;
  make_dirs(farm);
  if (options_.farm == Farm::kModule) {
    std::string layout;
    for (const char* name : kLinks) layout += std::string("link ") + name + "\n";
    for (const char* name : kShared) layout += std::string("dir ") + name + "\n";
    CHECK_OK(put(CHOS_LAYOUT, layout + "dir local\ndir os\n"));
    CHECK_OK(bind_mount(CHOS_FARM, farm));
    CHECK_OK(set_mount(farm, MS_PRIVATE));
  } else {
    for (const char* name : kLinks) {
      make_link(std::string(CHOS_LINK) + "/" + name, farm + "/" + name);
    }
    for (const char* name : kShared) make_dirs(farm + "/" + name);
    make_dirs(farm + "/local");
    make_dirs(farm + "/os");
  }
  mount_shared(farm);
}

std::string clean_up(const std::string& farm) {
  if (!module_loaded()) return "";
  /* In reverse order of mounting. */
  auto points = mount_points();
  for (auto at = points.rbegin(); at != points.rend(); ++at) {
    const bool of_farm = *at == farm || at->rfind(farm + "/", 0) == 0;
    if (of_farm || *at == CHOS_MOUNT) umount_lazily(*at);
  }
  /*
   * A kernel worker may drop the last reference to a mount a moment later.  No event reports that,
   * so try repeatedly for a while.
   */
  const int tries = 500;
  int result = 0;
  for (int i = 0; i < tries; ++i) {
    result = unload_module();
    if (result != -EAGAIN && result != -EBUSY) break;
    const timespec moment{0, 10'000'000};
    nanosleep(&moment, nullptr);
  }
  return result < 0 ? "delete_module gave " + show_result(result) : "";
}

std::string Node::try_down() {
  if (!up_) return "";
  up_ = false;
  return clean_up(options_.path);
}

void Node::down() {
  const std::string trouble = try_down();
  if (!trouble.empty()) fail(__FILE__, __LINE__, trouble);
}

Node::~Node() {
  const std::string trouble = try_down();
  if (!trouble.empty()) mark_failed("the module cannot be unloaded: " + trouble);
}

int switch_fd(int setchos, std::string_view name) {
  chos_switch request{};
  CHECK(name.size() < sizeof request.os);
  name.copy(request.os, name.size());
  return static_cast<int>(sys(ioctl(setchos, CHOS_SWITCH, &request)));
}

int switch_to(std::string_view name) {
  const Fd file = open_file(CHOS_SETCHOS, O_WRONLY);
  return file ? switch_fd(file.get(), name) : file.get();
}

std::string link_view() {
  const std::string target = link_of(CHOS_LINK);
  return target.rfind("/os/", 0) == 0 ? target.substr(4) : target;
}

bool raw_link_is(const char* want) {
  char target[64] = {};
  raw(SYS_readlink, reinterpret_cast<long>(CHOS_LINK), reinterpret_cast<long>(target), sizeof target - 1);
  const char* seen = target;
  while (*seen && *seen == *want) ++seen, ++want;
  return *seen == *want;
}

pid_t ParkedProcesses::add(const Who& who, const std::function<void()>& code) {
  const pid_t pid = start(who, [&] {
    code();
    parked_->add();
    end_->wait();
  });
  pids_.push_back(pid);
  parked_->wait(static_cast<int>(pids_.size()));
  return pid;
}

void ParkedProcesses::end() {
  end_->add();
  for (const pid_t pid : pids_) wait_status(pid);
  pids_.clear();
}

std::string view() {
  int error = 0;
  std::string name = get(CHOS_SETCHOS, &error);
  if (error < 0) return "!setchos " + show_result(error);
  if (name.empty() || name.back() != '\n') return "!setchos reads " + show(name);
  name.pop_back();
  const std::string linked = link_view();
  const std::string id = get("/usr/id", &error);
  const bool in_farm = exists("/os"); /* the base has no such directory */
  const bool base = name == "/";
  if (linked == name && id == (base ? "base" : name) && in_farm == !base) return name;
  return "!setchos " + name + ", link " + linked + ", tree " + (error < 0 ? show_result(error) : id) +
         (in_farm ? ", root: farm" : ", root: not the farm");
}

}  // namespace chos::guest
