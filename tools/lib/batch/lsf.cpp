// SPDX-License-Identifier: BSD-3-Clause
// No header of its own: systems.h declares what makes it.
// LSF: JOB_STARTER in the queue sections of lsb.queues.
#include <strings.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <optional>

#include "basic/text.h"
#include "batch/config_text.h"
#include "batch/steps.h"
#include "batch/systems.h"

namespace chos {
namespace {

bool same_word(const std::string& a, const char* b) { return ::strcasecmp(a.c_str(), b) == 0; }

LineMeaning classify_line_of_lsf(std::string_view line) {
  const std::string value = config_value(std::string(line), "JOB_STARTER");
  if (value.empty()) return LineMeaning::unrelated;
  const bool ours =
      value.find("chos_jobstarter") != std::string::npos && value.find("--lsf") != std::string::npos;
  return ours ? LineMeaning::same : LineMeaning::conflicting;
}

struct Section {
  std::string queue;
  std::size_t begin, end;  // the bytes between the lines "Begin Queue" and "End Queue"
};

std::vector<Section> sections_of(const std::string& text) {
  std::vector<Section> found;
  std::optional<Section> open;
  std::size_t at = 0;
  for (const auto line : split(text, '\n')) {
    const std::size_t begin = at;
    at += line.size() + 1;
    const auto words = config_words(line);
    const bool of_queue = words.size() == 2 && same_word(words[1], "Queue");
    if (of_queue && same_word(words[0], "Begin")) open = Section{"", std::min(at, text.size()), 0};
    if (!open) continue;
    if (of_queue && same_word(words[0], "End")) {
      open->end = begin;
      found.push_back(*open);
      open.reset();
    } else if (const auto name = config_value(std::string(line), "QUEUE_NAME"); !name.empty()) {
      open->queue = name;
    }
  }
  return found;
}

class Lsf : public BatchSystem {
 public:
  explicit Lsf(const BatchNode& node) : BatchSystem("lsf", "LSF", node) {}

  Result<BatchPlan> enable(const BatchOptions& options) override {
    const auto starter = node_.installed_program("chos_jobstarter");
    if (!starter) return starter.error();
    const std::string line = "JOB_STARTER = " + *starter + " --lsf \"%USRCMD\"";
    return change(options, [&](const std::string& text, const std::string& queue) -> Result<std::string> {
      const auto section = section_of(text, queue);
      if (!section) return section.error();
      const auto found = find_block(text, tag(queue), classify_line_of_lsf, section->begin, section->end);
      if (found.what == BlockState::What::other)
        return Error{"line " + std::to_string(found.line) + " says " + in_quotes(trimmed(found.text)),
                     "make that program call " + *starter + ", or remove the line", EEXIST};
      if (found.what == BlockState::What::by_hand) return text;
      return put_block(text, tag(queue), line, section->end);
    });
  }

  Result<BatchPlan> disable(const BatchOptions& options) override {
    return change(options, [&](const std::string& text, const std::string& queue) -> Result<std::string> {
      const std::string after = drop_block(text, tag(queue));
      const auto section = section_of(after, queue);
      if (!section) return section.error();
      const auto left = find_block(after, tag(queue), classify_line_of_lsf, section->begin, section->end);
      if (left.what != BlockState::What::by_hand) return after;
      return Error{"line " + std::to_string(left.line) +
                       " was written by hand, not by chosctl: " + in_quotes(trimmed(left.text)),
                   "remove it by hand, too", EEXIST};
    });
  }

  BatchState state(const BatchOptions& options) override {
    BatchState state;
    const auto path = find(options);
    if (!path) return state;
    const std::string text = node_.text(*path);
    std::vector<std::string> without;
    state.what = BatchState::What::not_enabled;
    for (const auto& section : sections_of(text)) {
      const auto found =
          find_block(text, tag(section.queue), classify_line_of_lsf, section.begin, section.end);
      const std::string place = *path + ":" + std::to_string(found.line);
      if (found.what == BlockState::What::nothing) without.push_back(section.queue);
      if (found.what == BlockState::What::nothing) continue;
      if (found.what == BlockState::What::other) {
        state.problem = "the queue " + section.queue + " has a different JOB_STARTER at " + place;
        continue;
      }
      state.what = BatchState::What::enabled;
      state.by_hand = state.by_hand || found.what == BlockState::What::by_hand;
      state.where.push_back("queue " + section.queue + " (" + place + ")");
    }
    if (state.what == BatchState::What::enabled && (!without.empty() || !state.problem.empty()))
      state.what = BatchState::What::partly;
    if (state.what == BatchState::What::partly && state.problem.empty())
      state.problem = "not enabled for " + listed(without) + ", whose jobs run in the base OS";
    return state;
  }

  // Without JOB_SPOOL_DIR the job files are in ~/.lsbatch, and home directories are not checked here.
  std::vector<BatchPlace> places() override {
    const auto queues = find({});
    if (!queues) return {};
    const std::string text = node_.text(queues->substr(0, queues->rfind('/')) + "/lsb.params");
    const auto words = config_words(config_value(text, "JOB_SPOOL_DIR"));
    if (words.empty() || !words[0].starts_with('/')) return {};
    // The part behind a % differs by user or host.
    std::string path = words[0].substr(0, words[0].find('%'));
    while (path.size() > 1 && path.ends_with('/')) path.pop_back();
    return {{"JOB_SPOOL_DIR", path}};
  }

 private:
  static std::string tag(const std::string& queue) { return "lsf --queue " + queue; }

  static Result<Section> section_of(const std::string& text, const std::string& queue) {
    std::vector<std::string> known;
    for (const auto& section : sections_of(text)) {
      if (section.queue == queue) return section;
      known.push_back(section.queue);
    }
    return Error{"there is no section for a queue " + in_quotes(queue), "there are: " + listed(known),
                 ENOENT};
  }

  // A plan that applies `edit` (text, queue -> text or Error) to lsb.queues for each named queue.
  template <typename Edit>
  Result<BatchPlan> change(const BatchOptions& options, Edit edit) {
    if (options.queues.empty())
      return Error{"no LSF queue was named", "name each queue: --queue NAME", EINVAL};
    const auto path = find(options);
    if (!path) return path.error();
    const auto file = BatchFile::open(node_.path(*path));
    if (!file) return file.error();
    std::string text = (*file)->text();
    for (const auto& queue : options.queues) {
      auto after = edit(text, queue);
      if (!after) {
        Error error = after.error();
        error.what = (*file)->path() + ": " + error.what;
        return error;
      }
      text = std::move(*after);
    }
    const bool same = text == (*file)->text();
    std::string original = (*file)->text();
    for (const auto& section : sections_of(original)) original = drop_block(original, tag(section.queue));
    return plan_of(change_text(node_, name(), *file, original, text,
                               (same ? "nothing to do for " : "changed for ") + listed(options.queues)),
                   {"run: badmin reconfig", "check: bqueues -l " + shell_quoted(options.queues.front())});
  }

  // The path of lsb.queues.
  Result<std::string> find(const BatchOptions& options) const {
    const char* own = std::getenv("LSF_ENVDIR");
    const std::string directory = !options.directory.empty() ? options.directory
                                  : own != nullptr           ? own
                                                             : "/etc";
    std::vector<std::string> found;
    if (node_.has_file(directory + "/lsb.queues")) found = {directory + "/lsb.queues"};
    const std::string conf = node_.text(directory + "/lsf.conf");
    std::string base = config_value(conf, "LSB_CONFDIR");
    if (base.empty()) base = directory + "/lsbatch";
    if (found.empty()) found = node_.matches(base + "/*/configdir/lsb.queues");
    if (found.size() == 1) return found.front();
    if (found.empty())
      return Error{"there is no lsb.queues in " + directory + " or below " + base,
                   "set LSF_ENVDIR, or name the directory of lsb.queues: --directory DIR", ENOENT};
    return Error{"there are several lsb.queues: " + listed(found),
                 "name the directory of the right one: --directory DIR", EINVAL};
  }
};

}  // namespace

std::unique_ptr<BatchSystem> make_lsf(const BatchNode& node) { return std::make_unique<Lsf>(node); }

}  // namespace chos
