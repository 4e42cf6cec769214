// SPDX-License-Identifier: BSD-3-Clause
#include "tree/nsswitch.h"

#include <dirent.h>

#include <algorithm>
#include <vector>

#include "basic/files.h"
#include "basic/text.h"
#include "mount/operations.h"

namespace chos {
namespace {

constexpr std::string_view blanks = " \t\r";

// "files", "[NOTFOUND=return]" ...: words, and what stands in brackets as one.
std::vector<std::string> parts_of(std::string_view text) {
  std::vector<std::string> parts;
  while (true) {
    const auto begin = text.find_first_not_of(blanks);
    if (begin == std::string_view::npos) return parts;
    text.remove_prefix(begin);
    std::size_t end = 0;
    if (text.front() == '[') {
      end = text.find(']');
      end = end == std::string_view::npos ? text.size() : end + 1;
    } else {
      end = std::min(text.find_first_of(" \t\r["), text.size());
    }
    parts.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
}

std::string filter_services(std::string_view services, const HasService& has) {
  std::string out;
  bool kept = false;
  for (const auto& part : parts_of(services)) {
    if (part.front() != '[') kept = has(part);
    // An action before any service means nothing; so does one whose service is gone.
    if (kept) out += " " + part;
  }
  return out.empty() ? " files" : out;
}

bool holds(int tree, const std::string& directory, const std::string& name) {
  return open_in_tree(tree, directory + "/" + name, Last::follow).ok();
}

}  // namespace

std::string filter_nsswitch(std::string_view text, const HasService& has) {
  std::string out;
  for (auto line : split(text, '\n')) {
    line = trimmed(line.substr(0, line.find('#')));
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    out += std::string(trimmed(line.substr(0, colon))) + ":" + filter_services(line.substr(colon + 1), has) +
           "\n";
  }
  return out;
}

bool has_nss_service(int tree, const std::string& service) {
  if (service == "files" || service == "dns") return true;
  // A name, no path.
  if (service.find('/') != std::string::npos) return false;
  const std::string name = "libnss_" + service + ".so.2";
  for (const char* directory : {"/lib64", "/usr/lib64", "/lib", "/usr/lib"}) {
    if (holds(tree, directory, name)) return true;
    // Debian's: /usr/lib/x86_64-linux-gnu.
    const auto fd = open_in_tree(tree, directory, Last::directory);
    if (!fd) continue;
    const auto entries = open_entries(fd->get());
    while (const dirent* entry = entries ? next_entry(entries) : nullptr) {
      const std::string below = entry->d_name;
      if (below.find("-linux-gnu") != std::string::npos &&
          holds(tree, std::string(directory) + "/" + below, name))
        return true;
    }
  }
  return false;
}

}  // namespace chos
