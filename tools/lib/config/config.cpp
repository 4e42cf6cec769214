// SPDX-License-Identifier: BSD-3-Clause
#include "config/config.h"

// Compiled in toml.cpp.
#include <toml++/toml.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <map>

#include "allowlist/farm_names.h"
#include "allowlist/names.h"
#include "basic/files.h"
#include "basic/text.h"
#include "config/base_command.h"

namespace chos {
namespace {

constexpr std::size_t largest_file = std::size_t{256} * 1024;

using Problem = std::function<std::string(const std::string&)>;  // empty: fine

class Reader {
 public:
  Reader(const std::string& file, ParsedConfig& out) : file_(file), out_(out) {}

  void read(const toml::table& root) {
    Config& config = out_.config;
    const std::map<std::string, std::function<void(const toml::table&)>> tables{
        {"farm",
         [&](const toml::table& table) {
           known(table, "farm",
                 {"path", "trees", "dirs", "add_dirs", "remove_dirs", "links", "add_links", "remove_links",
                  "chos_link"});
           text(table, "farm", "path", absolute_below_root, config.farm);
           text(table, "farm", "trees", absolute_below_root, config.trees);
           flag(table, "farm", "chos_link", config.chos_link);
           list(table, "farm", "dirs", "_dirs", farm_name, config.dirs);
           list(table, "farm", "links", "_links", farm_name, config.links);
         }},
        {"share",
         [&](const toml::table& table) {
           known(table, "share", {"paths", "add", "remove", "nsswitch"});
           flag(table, "share", "nsswitch", config.nsswitch);
           list(table, "share", "paths", "", absolute_below_root, config.share);
         }},
        {"base",
         [&](const toml::table& table) {
           known(table, "base", {"commands", "add", "remove", "os"});
           list(table, "base", "commands", "", command_problem, config.base_commands);
           os_commands(table);
         }},
        {"shell",
         [&](const toml::table& table) {
           known(table, "shell", {"keep", "add", "remove", "path", "root_path"});
           list(table, "shell", "keep", "", keep_pattern_problem, config.keep);
           text(table, "shell", "path", search_path, config.user_path);
           text(table, "shell", "root_path", search_path, config.root_path);
         }},
    };
    std::vector<std::string> names;
    names.reserve(tables.size());
    for (const auto& [name, reader] : tables) names.push_back("[" + name + "]");
    for (const auto& [key, node] : root) {
      const auto found = tables.find(std::string(key.str()));
      if (found == tables.end())
        error(key, "unknown key " + in_quotes(key.str()) + "; expected " + listed(names));
      else if (const auto* table = node.as_table(); table != nullptr) found->second(*table);
      else error(key, "expected a table [" + found->first + "]");
    }
    both_kinds();
  }

 private:
  static std::string absolute_below_root(const std::string& path) {
    if (path == "/") return "expected a path below /, found '/'";
    return path_problem(path);
  }

  static std::string farm_name(const std::string& name) {
    if (name == farm_local || name == farm_trees || name == "chos")
      return in_quotes(name) + " is the farm's own; expected another name";
    return layout_name_problem(name);
  }

  static std::string search_path(const std::string& path) {
    for (const auto part : split(path, ':'))
      if (!part.starts_with('/'))
        return "expected absolute directories between colons, found " + in_quotes(path);
    return {};
  }

  template <typename Node>
  void error(const Node& node, const std::string& message) {
    out_.errors.push_back({file_, static_cast<unsigned>(node.source().begin.line), message});
  }

  void known(const toml::table& table, const std::string& name, const std::vector<std::string>& keys) {
    for (const auto& [key, node] : table) {
      if (std::find(keys.begin(), keys.end(), key.str()) == keys.end())
        error(key, "unknown key " + in_quotes(key.str()) + " in [" + name + "]; expected " + listed(keys));
    }
  }

  void text(const toml::table& table, const std::string& where, const std::string& key,
            const Problem& problem, std::string& out) {
    const auto* node = table.get(key);
    if (node == nullptr) return;
    const auto* value = node->as_string();
    if (value == nullptr) return error(*node, where + "." + key + ": expected a string");
    if (const auto wrong = problem(value->get()); !wrong.empty())
      return error(*node, where + "." + key + ": " + wrong);
    out = value->get();
  }

  void flag(const toml::table& table, const std::string& where, const std::string& key, bool& out) {
    const auto* node = table.get(key);
    if (node == nullptr) return;
    const auto* value = node->as_boolean();
    if (value == nullptr) return error(*node, where + "." + key + ": expected true or false");
    out = value->get();
  }

  std::vector<std::string> strings(const toml::table& table, const std::string& where, const std::string& key,
                                   const Problem& problem) {
    std::vector<std::string> out;
    const auto* node = table.get(key);
    if (node == nullptr) return out;
    const auto* array = node->as_array();
    if (array == nullptr) {
      error(*node, where + "." + key + ": expected an array of strings");
      return out;
    }
    for (const auto& element : *array) {
      const auto* value = element.as_string();
      if (value == nullptr) {
        error(element, concat({where, ".", key, ": expected a string"}));
        continue;
      }
      if (const auto wrong = problem(value->get()); !wrong.empty())
        error(element, concat({where, ".", key, ": ", wrong}));
      else if (std::find(out.begin(), out.end(), value->get()) == out.end()) out.push_back(value->get());
    }
    return out;
  }

  // KEY replaces the default, add SUFFIX adds to it, remove SUFFIX removes from it.
  void list(const toml::table& table, const std::string& where, const std::string& key,
            const std::string& suffix, const Problem& problem, std::vector<std::string>& out) {
    if (table.contains(key)) out = strings(table, where, key, problem);
    for (const auto& added : strings(table, where, "add" + suffix, problem))
      if (std::find(out.begin(), out.end(), added) == out.end()) out.push_back(added);
    for (const auto& removed : strings(table, where, "remove" + suffix, problem)) {
      if (std::erase(out, removed) == 0)
        error(*table.get("remove" + suffix),
              concat({where, ".remove", suffix, ": ", in_quotes(removed), " is not in the list"}));
    }
  }

  // [base.os]: NAME = ["COMMAND", ...]
  void os_commands(const toml::table& base) {
    const auto* node = base.get("os");
    if (node == nullptr) return;
    const auto* table = node->as_table();
    if (table == nullptr) return error(*node, "base.os: expected a table [base.os]");
    for (const auto& [key, value] : *table) {
      const std::string os(key.str());
      if (const auto wrong = name_problem(os); !wrong.empty()) error(key, "base.os: " + wrong);
      else if (auto names = strings(*table, "base.os", os, command_problem); !names.empty())
        out_.config.os_commands[os] = std::move(names);
    }
  }

  void both_kinds() {
    const Config& config = out_.config;
    for (const auto& link : config.links) {
      if (std::find(config.dirs.begin(), config.dirs.end(), link) != config.dirs.end())
        out_.errors.push_back({file_, 0,
                               file_ + ": " + in_quotes(link) +
                                   " is both in [farm] dirs and links; expected it in "
                                   "one"});
    }
  }

  const std::string& file_;
  ParsedConfig& out_;
};

}  // namespace

Config::Config()
    : dirs{"proc", "dev",   "sys", "run",  "tmp",      "home",   "root",  "scratch",
           "mnt",  "media", "srv", "data", "projects", "global", "cvmfs", "afs"},
      links{"bin", "sbin", "lib", "lib32", "lib64", "libx32", "usr", "etc", "opt", "var"},
      share{"/etc/passwd", "/etc/group", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/etc/localtime",
            "/etc/ssh/ssh_known_hosts",
            // The records of logins (wtmp, lastlog, utmp), mail, and the spools of cron, at and batch
            // systems. As directories, because files in them are replaced all the time.  sshd writes records
            // as root after the user's OS was entered, so it must not find links of the tree here.
            "/var/log", "/var/run", "/var/mail", "/var/spool",
            // Job scripts and client configuration of batch systems, and the programs of Grid Engine.
            // munge's socket is in /run.
            "/etc/slurm", "/var/lib/slurm", "/var/lib/gridengine", "/etc/condor", "/var/lib/condor"},
      base_commands(default_base_commands()),
      keep{"TERM",
           "COLORTERM",
           "DISPLAY",
           "XAUTHORITY",
           "WAYLAND_DISPLAY",
           "SSH_*",
           "KRB5CCNAME",
           "LANG",
           "LANGUAGE",
           "LC_*",
           "TZ",
           "XDG_RUNTIME_DIR",
           "XDG_SESSION_*",
           "DBUS_SESSION_BUS_ADDRESS"},
      user_path("/usr/local/bin:/usr/bin:/bin"),
      root_path("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin") {}

std::string ParsedConfig::error_text() const {
  std::string text;
  for (const auto& complaint : errors) text += complaint.text() + "\n";
  return text;
}

ParsedConfig parse_config(std::string_view text, const std::string& file) {
  ParsedConfig out;
  try {
    const toml::table root = toml::parse(text, file);
    Reader(file, out).read(root);
  } catch (const toml::parse_error& error) {
    out.errors.push_back({file, static_cast<unsigned>(error.source().begin.line),
                          "not TOML: " + std::string(error.description())});
  }
  return out;
}

ParsedConfig load_config(const std::string& file, uid_t trusted) {
  const auto text = read_trusted_file(file, largest_file, trusted);
  if (text) return parse_config(*text, file);
  ParsedConfig out;
  out.missing = text.error().code == ENOENT;
  if (out.missing) return out;
  std::string message = text.error().what;
  if (!text.error().remedy.empty()) message += " (" + text.error().remedy + ")";
  out.errors.push_back({file, 0, message});
  return out;
}

std::string keep_pattern_problem(const std::string& pattern) {
  const std::string_view body =
      pattern.ends_with('*') ? std::string_view(pattern).substr(0, pattern.size() - 1) : pattern;
  const bool good =
      !body.empty() && !(body.front() >= '0' && body.front() <= '9') &&
      std::all_of(body.begin(), body.end(), [](char c) {
        return c == '_' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
      });
  return good ? std::string()
              : "expected the name of a variable, or its beginning and *, found " + in_quotes(pattern);
}

}  // namespace chos
