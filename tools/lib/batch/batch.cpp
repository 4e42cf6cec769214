// SPDX-License-Identifier: BSD-3-Clause
// What all batch systems have in common.
#include "batch/batch.h"

#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "basic/files.h"
#include "basic/replace_file.h"
#include "basic/text.h"

namespace chos {
namespace {

using What = BlockState::What;

std::string place(const BatchFile& file, const BlockState& found) {
  return file.path() + ":" + std::to_string(found.line);
}

std::string backup_name(const std::string& system, const std::string& path) {
  return system + "-" + path.substr(path.rfind('/') + 1);
}

Error occupied(const BatchFile& file, const BlockState& found) {
  return {place(file, found) + " says something else already: " + in_quotes(trimmed(found.text)),
          "take that line out, if nobody needs it", EEXIST};
}

}  // namespace

const char* state_key(BatchState::What what) {
  switch (what) {
    case BatchState::What::absent: return "absent";
    case BatchState::What::not_enabled: return "not enabled";
    case BatchState::What::partly: return "partly";
    case BatchState::What::enabled: return "enabled";
    case BatchState::What::other: return "other";
    case BatchState::What::unclear: break;
  }
  return "unclear";
}

std::vector<std::string> program_directories(const std::string& own) {
  std::vector<std::string> out{own};
  for (const char* other : {"/usr/bin", "/usr/local/bin"})
    if (own != other) out.emplace_back(other);
  return out;
}

Result<std::string> installed_program(const BatchNode& node, const std::string& name) {
  const auto directories = program_directories(CHOS_BINDIR);
  for (const auto& directory : directories) {
    const std::string path = directory + "/" + name;
    if (::access(node.path(path).c_str(), X_OK) == 0) return path;
  }
  return Error{name + " is not installed: it was looked for in " + listed(directories),
               "install chos wholly; jobs would not start without it", ENOENT};
}

BatchStep change_text(const BatchNode& node, const std::string& system,
                      const std::shared_ptr<BatchFile>& file, const std::string& original,
                      const std::string& text, const std::string& what) {
  BatchStep step{file->path(), text != file->text(), what, {}};
  const std::string backup = node.backups + "/" + backup_name(system, file->path()) + ".orig";
  if (step.changes && !original.empty()) step.what += "; the original is " + backup;
  step.act = [=]() -> Status {
    if (!original.empty()) {
      const auto kept = file->back_up(node.backups, backup_name(system, file->path()), original);
      if (!kept) return kept.error();
    }
    return text.empty() ? file->remove() : file->replace(text);
  };
  return step;
}

Result<BatchStep> put_line(const BatchNode& node, const std::string& system, const std::string& path,
                           const std::string& line, const Judge& judge) {
  const auto file = BatchFile::open(path);
  if (!file) return file.error();
  const auto& text = (*file)->text();
  const auto found = find_block(text, system, judge);
  if (found.what == What::other) return occupied(**file, found);
  if (found.what == What::by_hand)
    return BatchStep{
        (*file)->path(), false, "there already, by hand, in line " + std::to_string(found.line), {}};
  const std::string after = put_block(text, system, line);
  return change_text(node, system, *file, drop_block(text, system), after,
                     after == text ? "there already: " + line : "now has: " + line);
}

Result<BatchStep> drop_line(const BatchNode& node, const std::string& system, const std::string& path,
                            const Judge& judge) {
  if (::access(path.c_str(), F_OK) != 0 && errno == ENOENT)
    return BatchStep{path, false, "is not there; nothing to do", {}};
  const auto file = BatchFile::open(path);
  if (!file) return file.error();
  const auto& text = (*file)->text();
  const std::string after = drop_block(text, system);
  if (const auto left = find_block(after, system, judge); left.what == What::by_hand)
    return Error{place(**file, find_block(text, system, judge)) +
                     " was written by hand, not by "
                     "chosctl: " +
                     in_quotes(trimmed(left.text)),
                 "take it out by hand, too", EEXIST};
  return change_text(node, system, *file, after, after,
                     after == text ? "has no line of ours; nothing to do" : "our line taken out");
}

Result<BatchStep> put_file(const BatchNode& node, const std::string& system, const std::string& path,
                           const std::string& content, const std::string& sign) {
  const auto file = BatchFile::open(path);
  if (!file) return file.error();
  const auto& text = (*file)->text();
  if (text.empty()) return change_text(node, system, *file, "", content, "made");
  if (text == content) return BatchStep{(*file)->path(), false, "there already", {}};
  if (text.find(sign) != std::string::npos)
    return BatchStep{(*file)->path(), false, "there already, changed by hand; it stays so", {}};
  return Error{(*file)->path() + " is there and not of chos", "move it away, if nobody needs it", EEXIST};
}

Result<BatchStep> drop_file(const BatchNode& node, const std::string& system, const std::string& path,
                            const std::string& content) {
  if (::access(path.c_str(), F_OK) != 0 && errno == ENOENT)
    return BatchStep{path, false, "is not there; nothing to do", {}};
  const auto file = BatchFile::open(path);
  if (!file) return file.error();
  const auto& text = (*file)->text();
  if (!text.starts_with(content))
    return Error{(*file)->path() + " was changed by hand", "take out by hand what is of chos", EEXIST};
  const std::string rest = text.substr(content.size());
  return change_text(node, system, *file, rest, rest, rest.empty() ? "removed" : "our lines taken out");
}

Result<std::string> installed_file(const BatchNode& node, const std::string& name) {
  const std::string path = std::string(CHOS_DATADIR "/chos/") + name;
  auto text = text_of(node.path(path));
  if (!text.empty()) return text;
  return Error{"there is no " + path, "install chos wholly", ENOENT};
}

Status keep_word(const BatchNode& node, const std::string& name, const std::string& word) {
  if (auto status = make_directories(node.backups); !status) return status;
  const auto directory = open_guarded(node.backups, ::geteuid());
  if (!directory) return directory.error();
  return replace_in(directory->get(), name, word + "\n", -1, node.backups + "/" + name);
}

std::string kept_word(const BatchNode& node, const std::string& name) {
  const auto text = read_trusted_file(node.backups + "/" + name, 4096, ::geteuid());
  return text ? std::string(trimmed(text->substr(0, text->find('\n')))) : std::string();
}

void forget_word(const BatchNode& node, const std::string& name) {
  ::unlink((node.backups + "/" + name).c_str());
}

BatchState line_state(const std::string& system, const std::string& path, const Judge& judge) {
  BatchState state;
  if (::access(path.c_str(), F_OK) != 0) {
    state.what = errno == ENOENT ? BatchState::What::not_enabled : BatchState::What::unclear;
    if (errno != ENOENT) state.problem = system_error("cannot examine " + path, errno).what;
    return state;
  }
  const auto fd = open_regular(path);
  const auto text = fd ? read_all(fd->get(), 1024 * 1024, path) : Result<std::string>(fd.error());
  if (!text) {
    state.what = BatchState::What::unclear;
    state.problem = text.error().what;
    return state;
  }
  const auto found = find_block(*text, system, judge);
  state.by_hand = found.what == What::by_hand;
  if (found.what == What::other) state.what = BatchState::What::other;
  else if (found.what == What::nothing) state.what = BatchState::What::not_enabled;
  else state.what = BatchState::What::enabled;
  if (found.what != What::nothing) state.where.push_back(path + ":" + std::to_string(found.line));
  if (found.what == What::other) state.problem = "it says " + in_quotes(trimmed(found.text));
  return state;
}

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  bool inside = false;
  for (const char c : line.substr(0, line.find('#'))) {
    const bool blank = c == ' ' || c == '\t' || c == '\r' || c == '\n';
    if (!blank && !inside) words.emplace_back();
    inside = !blank;
    if (inside) words.back() += c;
  }
  return words;
}

std::string setting_of(const std::string& text, const std::string& key) {
  std::string value;
  for (const auto part : split(text, '\n')) {
    const auto line = part.substr(0, part.find('#'));
    const auto equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string name(trimmed(line.substr(0, equals)));
    if (::strcasecmp(name.c_str(), key.c_str()) != 0) continue;
    auto found = trimmed(line.substr(equals + 1));
    while (found.ends_with('\r') || found.ends_with(' ')) found.remove_suffix(1);
    if (found.size() >= 2 && found.front() == '"' && found.back() == '"')
      found = found.substr(1, found.size() - 2);
    value = found;
  }
  return value;
}

std::string text_of(const std::string& path) {
  const auto fd = open_regular(path);
  if (!fd) return {};
  auto text = read_all(fd->get(), 1024 * 1024, path);
  return text ? std::move(*text) : std::string();
}

bool is_directory(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

bool is_file(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

}  // namespace chos
