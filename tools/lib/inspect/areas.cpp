// SPDX-License-Identifier: BSD-3-Clause
#include "inspect/areas.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "basic/text.h"

namespace chos {
namespace {

using Parts = std::vector<std::string_view>;

Parts parts_of(std::string_view path) {
  auto parts = split(path, '/');
  std::erase_if(parts, [](std::string_view part) { return part.empty(); });
  return parts;
}

template <std::size_t count>
bool is_one_of(std::string_view name, const std::array<std::string_view, count>& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

template <std::size_t count>
bool starts_as_one_of(std::string_view name, const std::array<std::string_view, count>& starts) {
  return std::any_of(starts.begin(), starts.end(),
                     [name](std::string_view start) { return name.starts_with(start); });
}

bool holds_code(std::string_view top) {
  constexpr std::array<std::string_view, 7> names{"bin", "sbin", "usr", "etc", "opt", "boot", "root"};
  return is_one_of(top, names) || top.starts_with("lib");
}

// Directories of /etc that programs of everybody or of root read, by the start of their names.
bool is_read_by_all(std::string_view name) {
  constexpr std::array<std::string_view, 61> starts{
      "X11",   "alternatives", "apparmor", "apt",      "audit",     "bash", "binfmt",   "ca-cert", "cron",
      "csh",   "dbus",         "default",  "depmod",   "dnf",       "dpkg", "dracut",   "emacs",   "env",
      "fish",  "fonts",        "gdb",      "glvnd",    "gss",       "init", "java",     "kernel",  "krb5",
      "ld.so", "lmod",         "locale",   "login",    "logrotate", "lua",  "modprobe", "module",  "network",
      "opt",   "pam",          "perl",     "php",      "pkcs11",    "pki",  "profile",  "python",  "rc",
      "rpm",   "rsyslog",      "ruby",     "security", "selinux",   "skel", "ssh",      "ssl",     "sudo",
      "sysc",  "systemd",      "terminfo", "tmpfiles", "udev",      "xdg",  "zsh"};
  return starts_as_one_of(name, starts);
}

// What distributions give to accounts of services outside of /etc/SERVICE.
bool is_known_exception(std::string_view path) {
  return path == "/etc/tcsd.conf" || path == "/usr/share/polkit-1/rules.d";
}

// The directories of /var that lead to what root's programs execute.
Area area_in_var(const Parts& parts, std::string_view path) {
  if (parts.size() == 1 || path == "/var/lib") return Area::code;
  constexpr std::array<std::string_view, 4> code{"/var/lib/dpkg", "/var/lib/rpm", "/var/lib/alternatives",
                                                 "/var/lib/pam"};
  for (const auto& directory : code)
    if (path.starts_with(directory) && (path.size() == directory.size() || path[directory.size()] == '/'))
      return Area::code;
  return Area::other;
}

}  // namespace

Area area_of(std::string_view path, bool is_directory) {
  const auto parts = parts_of(path);
  if (parts.empty()) return Area::code;
  if (parts[0] == "var") return area_in_var(parts, path);
  if (!holds_code(parts[0])) return Area::other;
  if (is_known_exception(path)) return Area::service;
  // Files in /etc itself are everybody's.
  const bool in_etc = parts[0] == "etc" && parts.size() >= (is_directory ? 2 : 3);
  return in_etc && !is_read_by_all(parts[1]) ? Area::service : Area::code;
}

bool is_on_the_way(std::string_view path) {
  constexpr std::array<std::string_view, 11> names{"/",        "/bin",       "/etc",      "/lib",
                                                   "/lib32",   "/lib64",     "/usr",      "/usr/bin",
                                                   "/usr/lib", "/usr/lib32", "/usr/lib64"};
  if (is_one_of(path, names)) return true;
  const auto parts = parts_of(path);
  // "/usr/lib/x86_64-linux-gnu"
  return (path.starts_with("/lib/") || path.starts_with("/usr/lib/")) &&
         parts.back().find("-linux-") != parts.back().npos && parts.size() == (parts[0] == "usr" ? 3 : 2);
}

bool is_critical(std::string_view directory) {
  const auto parts = parts_of(directory);
  if (parts.empty()) return true;
  const auto& top = parts[0];
  if (top == "etc") return parts.size() <= 3;
  if (top == "var") return parts.size() == 1;
  if (top == "bin" || top == "sbin") return true;
  if (top == "opt" || top == "root" || top == "boot") return parts.size() == 1;
  if (top.starts_with("lib")) return parts.size() <= 3;
  if (top != "usr") return false;
  if (parts.size() == 1) return true;
  if (parts[1] == "local") return parts.size() <= 4;
  if (parts[1].starts_with("lib")) return parts.size() <= 4;
  return parts.size() == 2 && parts[1] != "src" && parts[1] != "include";
}

bool is_local_of_debian(std::string_view path) {
  return path == "/usr/local" || path.starts_with("/usr/local/");
}

}  // namespace chos
