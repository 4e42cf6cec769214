// SPDX-License-Identifier: BSD-3-Clause
#include "batch/steps.h"

#include <unistd.h>

#include <cerrno>
#include <utility>

#include "basic/files.h"
#include "basic/replace_file.h"
#include "basic/text.h"
#include "batch/config_text.h"

namespace chos {
namespace {

using What = BlockState::What;

std::string place(const std::string& path, const BlockState& found) {
  return path + ":" + std::to_string(found.line);
}

}  // namespace

Result<BatchPlan> plan_of(Result<BatchStep> step, std::vector<std::string> next) {
  if (!step) return step.error();
  BatchPlan plan;
  plan.steps.push_back(std::move(*step));
  plan.next = std::move(next);
  return plan;
}

BatchStep change_text(const BatchNode& node, const std::string& system,
                      const std::shared_ptr<BatchFile>& file, const std::string& original,
                      const std::string& text, const std::string& what) {
  BatchStep step{file->path(), text != file->text(), what, {}};
  const std::string backup = system + "-" + last_part(file->path());
  if (step.changes && !original.empty())
    step.what += "; the original is " + node.backups + "/" + backup + ".orig";
  step.act = [=]() -> Status {
    if (!original.empty()) {
      const auto saved = file->back_up(node.backups, backup, original);
      if (!saved) return saved.error();
    }
    return text.empty() ? file->remove() : file->replace(text);
  };
  return step;
}

Result<BatchStep> put_line(const BatchNode& node, const std::string& system, const std::string& path,
                           const std::string& line, const LineClassifier& classify) {
  const auto file = BatchFile::open(path);
  if (!file) return file.error();
  const auto& text = (*file)->text();
  const auto found = find_block(text, system, classify);
  if (found.what == What::other)
    return Error{
        place((*file)->path(), found) + " already has a conflicting line: " + in_quotes(trimmed(found.text)),
        "remove that line, if nobody needs it", EEXIST};
  if (found.what == What::by_hand)
    return BatchStep{(*file)->path(),
                     false,
                     "already has it in line " + std::to_string(found.line) + ", added by hand",
                     {}};
  const std::string after = put_block(text, system, line);
  return change_text(node, system, *file, drop_block(text, system), after,
                     (after == text ? "already has: " : "added: ") + line);
}

Result<BatchStep> drop_line(const BatchNode& node, const std::string& system, const std::string& path,
                            const LineClassifier& classify) {
  if (is_missing(path)) return missing_step(path);
  const auto file = BatchFile::open(path);
  if (!file) return file.error();
  const auto& text = (*file)->text();
  const std::string after = drop_block(text, system);
  if (const auto left = find_block(after, system, classify); left.what == What::by_hand)
    return Error{place((*file)->path(), find_block(text, system, classify)) +
                     " was written by hand, not by chosctl: " + in_quotes(trimmed(left.text)),
                 "remove it by hand, too", EEXIST};
  return change_text(
      node, system, *file, after, after,
      after == text ? "has no line from chosctl; nothing to do" : "removed the line that chosctl added");
}

BatchState line_state(const std::string& system, const std::string& path, const LineClassifier& classify) {
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
  const auto found = find_block(*text, system, classify);
  state.by_hand = found.what == What::by_hand;
  if (found.what == What::other) state.what = BatchState::What::other;
  else if (found.what == What::nothing) state.what = BatchState::What::not_enabled;
  else state.what = BatchState::What::enabled;
  if (found.what != What::nothing) state.where.push_back(place(path, found));
  if (found.what == What::other)
    state.problem = place(path, found) + " says " + in_quotes(trimmed(found.text));
  return state;
}

Result<BatchStep> put_file(const BatchNode& node, const std::string& system, const std::string& path,
                           const std::string& content, const std::string& sign) {
  const auto file = BatchFile::open(path);
  if (!file) return file.error();
  const auto& text = (*file)->text();
  if (text.empty()) return change_text(node, system, *file, "", content, "created");
  if (text == content) return BatchStep{(*file)->path(), false, "already in place", {}};
  if (text.find(sign) != std::string::npos) return keep_edited(**file);
  return foreign_file(**file);
}

Result<BatchStep> drop_file(const BatchNode& node, const std::string& system, const std::string& path,
                            const std::string& content) {
  if (is_missing(path)) return missing_step(path);
  const auto file = BatchFile::open(path);
  if (!file) return file.error();
  const auto& text = (*file)->text();
  if (!text.starts_with(content)) return edited_file(**file);
  const std::string rest = text.substr(content.size());
  return change_text(node, system, *file, rest, rest,
                     rest.empty() ? "removed" : "removed the lines that came from chos");
}

bool is_missing(const std::string& path) { return ::access(path.c_str(), F_OK) != 0 && errno == ENOENT; }

BatchStep missing_step(const std::string& path) { return {path, false, "does not exist; nothing to do", {}}; }

BatchStep keep_edited(const BatchFile& file) {
  return {file.path(), false, "already in place and edited by hand; left as it is", {}};
}

Error foreign_file(const BatchFile& file) {
  return {file.path() + " exists and does not come from chos", "move it away, if nobody needs it", EEXIST};
}

Error edited_file(const BatchFile& file) {
  return {file.path() + " was edited by hand", "remove the part that came from chos by hand", EEXIST};
}

Status save_value(const BatchNode& node, const std::string& name, const std::string& value) {
  if (auto status = make_directories(node.backups); !status) return status;
  const auto directory = open_guarded(node.backups, ::geteuid());
  if (!directory) return directory.error();
  return replace_in(directory->get(), name, value + "\n", -1, node.backups + "/" + name);
}

std::string saved_value(const BatchNode& node, const std::string& name) {
  const auto text = read_trusted_file(node.backups + "/" + name, 4096, ::geteuid());
  return text ? std::string(trimmed(std::string_view(*text).substr(0, text->find('\n')))) : std::string();
}

void forget_value(const BatchNode& node, const std::string& name) {
  ::unlink((node.backups + "/" + name).c_str());
}

}  // namespace chos
