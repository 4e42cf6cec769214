// SPDX-License-Identifier: BSD-3-Clause
#include "kernel/proc_chos.h"

#include <chos/abi.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "allowlist/allowlist.h"
#include "allowlist/names.h"
#include "basic/files.h"
#include "basic/text.h"

namespace chos {
namespace {

// The largest file is `processes`: at most 4 million PIDs with 80 bytes each.
constexpr std::size_t read_limit = std::size_t{512} * 1024 * 1024;

constexpr const char* ask_up = "ask an administrator to run: chosctl up";

bool number(std::string_view text, unsigned long long& value) {
  const auto end = text.data() + text.size();
  const auto [rest, failed] = std::from_chars(text.data(), end, value);
  return failed == std::errc() && rest == end && !text.empty();
}

// Calls take(first word, rest of the line) for each line.  It returns false if the line is wrong.
template <typename Take>
Status each_line(const std::string& text, const std::string& name, Take take) {
  unsigned line_number = 0;
  for (const auto line : split(text, '\n')) {
    ++line_number;
    if (line.empty()) continue;
    const auto blank = line.find(' ');
    const bool good = blank != std::string_view::npos && take(line.substr(0, blank), line.substr(blank + 1));
    if (!good)
      return Error{name + ":" + std::to_string(line_number) + ": cannot read the line " + in_quotes(line),
                   "are the module and the tools of one version?", EINVAL};
  }
  return {};
}

// Asks for a switch by the ioctl, which a program whose privileges are lowered for a while needs, or by a
// write if the module is too old to have it.  Returns 0 or an errno.
int switch_by(int setchos, const std::string& name) {
  chos_switch request{};
  if (name.size() >= sizeof request.os) return ENAMETOOLONG;
  if (name.find('\0') != std::string::npos) return EINVAL;
  std::memcpy(request.os, name.data(), name.size());
  if (::ioctl(setchos, CHOS_SWITCH, &request) == 0) return 0;
  if (errno != ENOTTY) return errno;
  const auto written = write_once(setchos, name, "setchos");
  return written ? 0 : written.error().code;
}

}  // namespace

ProcChos::ProcChos(std::string directory) : directory_(std::move(directory)) {}

Error ProcChos::missing() const {
  struct stat info {};
  if (::stat(directory_.c_str(), &info) == 0)
    return Error{"the module chos is loaded, but its files are not mounted on " + directory_, ask_up, ENOENT};
  return Error{"the kernel module chos is not loaded (there is no " + directory_ + ")", ask_up, ENOENT};
}

Status ProcChos::present() const {
  struct stat info {};
  if (::stat(file("setchos").c_str(), &info) == 0) return {};
  return missing();
}

Result<std::string> ProcChos::read(const std::string& name) const {
  const UniqueFd fd(::open(file(name).c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd && errno == ENOENT) return missing();
  if (!fd) return system_error("cannot open " + file(name), errno);
  return read_all(fd.get(), read_limit, file(name));
}

Status ProcChos::write(const std::string& name, const std::string& text) const {
  const UniqueFd fd(::open(file(name).c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd && errno == ENOENT) return missing();
  if (!fd) return system_error("cannot open " + file(name), errno);
  return write_once(fd.get(), text, file(name));
}

Result<ModuleVersion> ProcChos::version() const {
  const auto text = read("version");
  if (!text) return text.error();
  return parse_version(*text);
}

Result<std::string> ProcChos::current() const {
  auto text = read("setchos");
  if (!text) return text.error();
  std::string name = *text;
  while (name.ends_with('\n')) name.pop_back();
  return name;
}

Status ProcChos::enter(const std::string& name) const {
  const UniqueFd fd(::open(file("setchos").c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd && errno == ENOENT) return missing();
  if (!fd) return system_error("cannot open " + file("setchos"), errno);
  const int failed = switch_by(fd.get(), name);
  return failed == 0 ? Status() : Status(enter_error(failed, name));
}

Result<std::string> ProcChos::valid() const { return read("valid"); }

Status ProcChos::write_valid(const std::string& text) const {
  const auto status = write("valid", text);
  if (status) return {};
  const std::string kept = "the kernel keeps the list it had";
  switch (status.error().code) {
    case EINVAL:
      return Error{"the kernel refuses a line of the allowlist; " + kept,
                   "its log says which: dmesg | grep chos", EINVAL};
    case EEXIST: return Error{"the kernel found a name twice; " + kept, "", EEXIST};
    case E2BIG:
      return Error{"the allowlist is too big for the kernel; " + kept,
                   "at most " + std::to_string(CHOS_VALID_MAX_ENTRIES) + " entries, " +
                       std::to_string(CHOS_VALID_MAX_BYTES) + " bytes, " + std::to_string(CHOS_GROUPS_MAX) +
                       " groups in an entry",
                   E2BIG};
    case ENOSPC:
      return Error{"the OSs of the allowlist and those that processes are in are more than " +
                       std::to_string(CHOS_OS_MAX) + "; " + kept,
                   "when processes in removed OSs have ended, try again; or reload the module: chosctl down "
                   "&& chosctl up",
                   ENOSPC};
    default: return Error{status.error().what + "; " + kept, status.error().remedy, status.error().code};
  }
}

Result<std::vector<OsProcess>> ProcChos::processes() const {
  const auto text = read("processes");
  if (!text) return text.error();
  return parse_processes(*text);
}

Result<std::vector<OsUsage>> ProcChos::usage() const {
  const auto text = read("usage");
  if (text) return parse_usage(*text);
  const Error& error = text.error();
  if (error.code == ENOENT && present())
    return Error{"the loaded module is too old: it has no " + file("usage"),
                 "when no process is in an OS, load the module of this version: chosctl down && chosctl up",
                 ENOSYS};
  if (error.code == EACCES || error.code == EPERM)
    return Error{error.what, "only root may read it", error.code};
  return error;
}

Result<std::vector<LayoutName>> ProcChos::layout() const {
  const auto text = read("layout");
  if (!text) return text.error();
  return parse_layout(*text);
}

Status ProcChos::write_layout(const std::vector<LayoutName>& names) const {
  const auto status = write("layout", render_layout(names));
  if (status) return {};
  switch (status.error().code) {
    case EEXIST:
      return Error{"the farm has one of the names with the other kind (link or dir)",
                   "the names live until the module is unloaded: chosctl down && chosctl up", EEXIST};
    case E2BIG:
      return Error{"the farm has room for " + std::to_string(CHOS_LAYOUT_MAX) + " names",
                   "shorten [farm] dirs or links in /etc/chos.conf", E2BIG};
    default: return status;
  }
}

Error enter_error(int code, const std::string& name) {
  const std::string what = "cannot enter " + in_quotes(name) + ": ";
  switch (code) {
    case ENOENT:
      return {what + "the kernel's list does not have it, or its tree is missing",
              "see what there is with: chos --list; an administrator sees more with: "
              "chosctl doctor",
              code};
    case ENOTDIR:
      return {what + "its path is not a directory", "ask an administrator to run: chosctl doctor", code};
    case EACCES:
      return {what + "it is closed, or for the members of other groups",
              "see what you may enter with: chos --list", code};
    case EXDEV:
      return {what +
                  "this process is in a container, another chroot or a user namespace, or "
                  "there is no farm where the module expects it",
              "enter from a login on the node itself; an administrator checks the farm with: "
              "chosctl status",
              code};
    case EBUSY:
      return {what +
                  "this process shares its root directory with another, or a thread of it "
                  "is starting a program",
              "try again", code};
    case EPERM:
      return {what + "/proc/chos/setchos was opened with other rights than those of this process",
              "open it and write to it in one process", code};
    case ENAMETOOLONG:
      return {what + "the name is longer than " + std::to_string(CHOS_PATH_MAX) + " bytes", "", code};
    case EINVAL: return {what + "the name is empty or holds a control character", "", code};
    default: return system_error("cannot enter " + in_quotes(name), code);
  }
}

Error no_tree_error(const std::string& name) {
  return {"cannot enter " + in_quotes(name) +
              ": it is closed at the moment, because its tree is not "
              "there (a server or a disk may be missing), or because the list of OSs was changed and "
              "not loaded yet",
          "try again later, or ask an administrator to run: chosctl doctor", EACCES};
}

Result<ModuleVersion> parse_version(const std::string& text) {
  ModuleVersion out;
  const auto status = each_line(text, "version", [&out](auto key, auto value) {
    unsigned long long n = 0;
    if (key == "version") out.version = value;
    else if (key == "fork_tracking") out.fork_tracking = value;
    else if (key == "abi" && number(value, n)) out.abi = static_cast<unsigned>(n);
    else if (key == "abi") return false;
    else if (number(value, n)) out.counters.emplace(key, n);
    return true;
  });
  if (!status) return status.error();
  if (out.version.empty() || out.abi == 0)
    return Error{"version: the lines 'version' and 'abi' are missing",
                 "are the module and the tools of one version?", EINVAL};
  return out;
}

Result<std::vector<OsProcess>> parse_processes(const std::string& text) {
  std::vector<OsProcess> out;
  const auto status = each_line(text, "processes", [&out](auto pid, auto name) {
    unsigned long long n = 0;
    if (!number(pid, n) || n == 0 || name.empty()) return false;
    out.push_back({static_cast<pid_t>(n), std::string(name)});
    return true;
  });
  if (!status) return status.error();
  return out;
}

Result<std::vector<OsUsage>> parse_usage(const std::string& text) {
  std::vector<OsUsage> out;
  const auto status = each_line(text, "usage", [&out](auto processes, auto rest) {
    const auto words = split(rest, ' ');
    OsUsage use;
    if (words.size() != 3 || !number(processes, use.processes) || !number(words[0], use.enters) ||
        words[1].empty() || words[2].empty())
      return false;
    use.name = words[1];
    use.path = words[2];
    out.push_back(std::move(use));
    return true;
  });
  if (!status) return status.error();
  return out;
}

Result<std::vector<LayoutName>> parse_layout(const std::string& text) {
  std::vector<LayoutName> out;
  const auto status = each_line(text, "layout", [&out](auto kind, auto name) {
    if ((kind != "link" && kind != "dir") || !layout_name_problem(name).empty()) return false;
    out.push_back({kind == "link", std::string(name)});
    return true;
  });
  if (!status) return status.error();
  return out;
}

std::string render_layout(const std::vector<LayoutName>& names) {
  std::string text;
  for (const auto& name : names) text += (name.link ? "link " : "dir ") + name.name + "\n";
  return text;
}

}  // namespace chos
