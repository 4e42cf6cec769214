// SPDX-License-Identifier: BSD-3-Clause
// This parser is stricter than the kernel's where leniency would hide a mistake, and more lenient
// about blanks.
#include "allowlist/parse.h"

#include <chos/abi.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <map>

#include "allowlist/names.h"
#include "basic/files.h"
#include "basic/text.h"

namespace chos {
namespace {

constexpr const char* form = "expected name:path[:option[,option...]]";
constexpr const char* options_known = "closed, nosuid, suid, groups=A|B, persona=linux32";

class Parser {
 public:
  Parser(const std::string& file, const GroupLookup& groups) : file_(file), groups_(groups) {}

  ParsedAllowlist run(std::string_view text) {
    if (text.starts_with("\xef\xbb\xbf")) {
      error(1, "the file starts with a byte order mark; save it as UTF-8 without one");
      text.remove_prefix(3);
    }
    unsigned number = 0;
    for (auto line : split(text, '\n')) {
      ++number;
      if (line.ends_with('\r')) line.remove_suffix(1);
      one_line(number, line);
    }
    old_path_names();
    same_paths();
    limits();
    if (out_.errors.empty()) out_.list = Allowlist(std::move(entries_));
    else std::stable_sort(out_.errors.begin(), out_.errors.end(), by_line);
    return std::move(out_);
  }

 private:
  static bool by_line(const Complaint& a, const Complaint& b) { return a.line < b.line; }

  void error(unsigned line, const std::string& message) { out_.errors.push_back({file_, line, message}); }
  void note(unsigned line, const std::string& message) { out_.notes.push_back({file_, line, message}); }

  void one_line(unsigned number, std::string_view line) {
    const auto strange = std::find_if(line.begin(), line.end(), [](char c) {
      const auto u = static_cast<unsigned char>(c);
      return (u < 0x20 && c != '\t') || u == 0x7f;
    });
    // To the kernel, a comment begins at the start of a line or after a blank, so a path may contain '#'.
    // Here it may not, because CHOS 0.13 treated every '#' as the start of a comment.
    const auto hash = line.find('#');
    const bool glued =
        hash != std::string_view::npos && hash > 0 && line[hash - 1] != ' ' && line[hash - 1] != '\t';
    const auto body = trimmed(line.substr(0, hash));
    if (body.empty()) return;
    if (strange != line.end()) return error(number, "the line holds a control character: " + in_quotes(line));
    if (glued) return error(number, "expected a blank before the comment, found " + in_quotes(line));
    if (body.starts_with('%')) return header(number, body);
    if (in_environment_) return old_environment(number, body);
    entry(number, body);
  }

  // In CHOS 0.13, %SHELLS preceded the list and %ENV preceded names of environment variables.
  void header(unsigned number, std::string_view body) {
    if (body == "%SHELLS") in_environment_ = false;
    else if (body == "%ENV") in_environment_ = true;
    else error(number, "expected an entry, %SHELLS or %ENV, found " + in_quotes(body));
  }

  void old_environment(unsigned number, std::string_view body) {
    if (body.find(':') != std::string_view::npos)
      return error(number, "expected the name of a variable after %ENV, found " + in_quotes(body) +
                               "; put %SHELLS before entries");
    note(number, "the variable " + in_quotes(body) +
                     " is not read from this file: list it under [shell] keep in /etc/chos.conf");
  }

  void entry(unsigned number, std::string_view body) {
    const auto fields = split(body, ':');
    if (fields.size() < 2 || fields.size() > 3)
      return error(number, std::string(form) + ", found " + in_quotes(body));
    const std::size_t errors_before = out_.errors.size();
    OsEntry entry;
    entry.line = number;
    entry.name = trimmed(fields[0]);
    entry.path = trimmed(fields[1]);
    const bool named_by_path = !entry.name.empty() && entry.name == entry.path && entry.name.front() == '/';
    if (!named_by_path) {
      if (const auto problem = name_problem(entry.name); !problem.empty()) error(number, problem);
    }
    if (const auto problem = path_problem(entry.path); !problem.empty()) error(number, problem);
    if (entry.name == "base" && entry.path != CHOS_BASE_PATH)
      error(number, "the name 'base' is reserved for the base OS; expected another name, or the path /");
    if (fields.size() == 3) options(number, trimmed(fields[2]), entry);
    const auto [before, is_new] = lines_.emplace(entry.name, number);
    if (!is_new)
      error(number, "the name " + in_quotes(entry.name) + " is already in line " +
                        std::to_string(before->second) + "; expected each name once");
    if (out_.errors.size() != errors_before) return;
    (named_by_path ? path_names_ : entries_).push_back(std::move(entry));
  }

  void options(unsigned number, std::string_view text, OsEntry& entry) {
    std::vector<std::string> seen;
    for (const auto part : split(text, ',')) {
      const auto option = trimmed(part);
      const auto equals = option.find('=');
      const std::string key(trimmed(option.substr(0, equals)));
      const bool has_value = equals != std::string_view::npos;
      const auto value = has_value ? trimmed(option.substr(equals + 1)) : std::string_view();
      if (std::find(seen.begin(), seen.end(), key) != seen.end()) {
        error(number, "the option " + in_quotes(key) + " is given twice");
        continue;
      }
      seen.push_back(key);
      if (key == "groups" && has_value) groups(number, value, entry);
      else if (key == "persona" && value == "linux32") entry.linux32 = true;
      else if (key == "persona") error(number, "expected persona=linux32, found " + in_quotes(option));
      else if (key == "closed" && !has_value) entry.closed = true;
      else if (key == "suid" && !has_value) entry.suid = true;
      else if (key == "nosuid" && !has_value) nosuid_line_ = number;
      else
        error(number,
              "expected one of the options " + std::string(options_known) + ", found " + in_quotes(option));
    }
    if (entry.suid && nosuid_line_ == number) error(number, "expected suid or nosuid, found both");
  }

  void groups(unsigned number, std::string_view text, OsEntry& entry) {
    for (const auto part : split(text, '|')) {
      const std::string name(trimmed(part));
      if (name.empty()) {
        error(number, "expected groups=A|B, found an empty name");
        continue;
      }
      const auto gid = group_id(name);
      if (!gid) {
        error(number, gid.error().what + "; expected a group of this node, or a gid");
        continue;
      }
      entry.groups.push_back(*gid);
      entry.group_names.push_back(name);
    }
    std::sort(entry.groups.begin(), entry.groups.end());
    entry.groups.erase(std::unique(entry.groups.begin(), entry.groups.end()), entry.groups.end());
    if (entry.groups.size() > CHOS_GROUPS_MAX)
      error(number, "expected at most " + std::to_string(CHOS_GROUPS_MAX) + " groups, found " +
                        std::to_string(entry.groups.size()));
  }

  Result<gid_t> group_id(const std::string& name) {
    if (name.find_first_not_of("0123456789") == std::string::npos) {
      gid_t gid = 0;
      const auto end = name.data() + name.size();
      const auto [rest, failed] = std::from_chars(name.data(), end, gid);
      // The highest gid means "none" to the kernel.
      if (failed != std::errc() || rest != end || gid == static_cast<gid_t>(-1))
        return Error{"the gid " + in_quotes(name) + " is out of range", "", 0};
      return gid;
    }
    if (const auto known = gids_.find(name); known != gids_.end()) return known->second;
    auto gid = groups_(name);
    if (gid) gids_.emplace(name, *gid);
    return gid;
  }

  // CHOS 0.13 allowed the path as the name.  A path can now be chosen directly, so such a line is redundant
  // if another line names the path.
  void old_path_names() {
    for (const auto& entry : path_names_) {
      const bool named = std::any_of(entries_.begin(), entries_.end(),
                                     [&entry](const auto& e) { return e.path == entry.path; });
      if (named) {
        note(entry.line, "the line is not needed: a path in the list can be chosen as it is");
        continue;
      }
      const auto slash = entry.path.rfind('/');
      const std::string last = entry.path.substr(slash + 1);
      error(entry.line, "expected a name before the path, such as " +
                            (name_problem(last).empty() ? last : "NAME") + ":" + entry.path);
    }
  }

  // A second name for a path must not be a way around the options of the first.
  void same_paths() {
    std::map<std::string_view, const OsEntry*> first;
    for (const auto& entry : entries_)
      if (entry.name != CHOS_DEFAULT_NAME) first.emplace(entry.path, &entry);
    for (const auto& entry : entries_) {
      const auto found = first.find(entry.path);
      if (found == first.end() || found->second == &entry) continue;
      const OsEntry& other = *found->second;
      if (entry.name == CHOS_DEFAULT_NAME) {
        if (entry.closed || entry.suid || entry.linux32 || !entry.groups.empty())
          error(entry.line, "default stands for " + in_quotes(other.name) + " (line " +
                                std::to_string(other.line) +
                                ") with its options; expected none "
                                "here");
      } else if (entry.closed != other.closed || entry.suid != other.suid || entry.groups != other.groups) {
        error(entry.line, "the path is also the one of " + in_quotes(other.name) + " (line " +
                              std::to_string(other.line) +
                              "); expected the same closed, suid and groups in both");
      }
    }
  }

  void limits() {
    if (entries_.size() > CHOS_VALID_MAX_ENTRIES)
      error(entries_[CHOS_VALID_MAX_ENTRIES].line, "expected at most " +
                                                       std::to_string(CHOS_VALID_MAX_ENTRIES) +
                                                       " entries, found " + std::to_string(entries_.size()));
    std::size_t bytes = 0;
    for (const auto& entry : entries_) bytes += render_entry(entry).size() + 1;
    if (bytes > CHOS_VALID_MAX_BYTES)
      error(0, file_ + ": expected at most " + std::to_string(CHOS_VALID_MAX_BYTES) +
                   " bytes for the kernel, found " + std::to_string(bytes));
  }

  const std::string& file_;
  const GroupLookup& groups_;
  ParsedAllowlist out_;
  std::vector<OsEntry> entries_;
  std::vector<OsEntry> path_names_;  // of CHOS 0.13: the name is the path
  std::map<std::string, unsigned> lines_;
  std::map<std::string, gid_t> gids_;
  unsigned nosuid_line_ = 0;
  bool in_environment_ = false;
};

}  // namespace

std::string Complaint::text() const {
  return line == 0 ? message : file + ":" + std::to_string(line) + ": " + message;
}

Error error_of(const std::vector<Complaint>& complaints, const std::string& remedy, int code) {
  Error error{complaints.front().text(), remedy, code};
  for (auto more = complaints.begin() + 1; more != complaints.end(); ++more)
    error.lines.push_back(more->text());
  return error;
}

std::string ParsedAllowlist::error_text() const {
  std::string text;
  for (const auto& complaint : errors) text += complaint.text() + "\n";
  return text;
}

ParsedAllowlist parse_allowlist(std::string_view text, const std::string& file, const GroupLookup& groups) {
  return Parser(file, groups).run(text);
}

ParsedAllowlist load_allowlist(const std::string& file, const GroupLookup& groups, uid_t trusted) {
  const auto text = read_trusted_file(file, CHOS_VALID_MAX_BYTES, trusted);
  if (!text) {
    ParsedAllowlist none;
    none.missing = text.error().code == ENOENT;
    std::string message = text.error().what;
    if (!text.error().remedy.empty()) message += " (" + text.error().remedy + ")";
    none.errors.push_back({file, 0, message});
    return none;
  }
  return parse_allowlist(*text, file, groups);
}

}  // namespace chos
