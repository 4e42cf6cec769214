// SPDX-License-Identifier: BSD-3-Clause
// LSF: JOB_STARTER in the sections of queues, in lsb.queues.
#include <glob.h>
#include <strings.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <optional>

#include "basic/text.h"
#include "batch/systems.h"

namespace chos {
namespace {

bool same_word(const std::string& a, const char* b) { return ::strcasecmp(a.c_str(), b) == 0; }

Sight judge(std::string_view line) {
  const std::string value = setting_of(std::string(line), "JOB_STARTER");
  if (value.empty()) return Sight::nothing;
  const bool ours =
      value.find("chos_jobstarter") != std::string::npos && value.find("--lsf") != std::string::npos;
  return ours ? Sight::same : Sight::other;
}

struct Section {
  std::string queue;
  std::size_t begin, end;  // from the line after "Begin Queue" up to the line "End Queue"
};

std::vector<Section> sections_of(const std::string& text) {
  std::vector<Section> found;
  std::optional<Section> open;
  std::size_t at = 0;
  for (const auto line : split(text, '\n')) {
    const std::size_t begin = at;
    at += line.size() + 1;
    const auto words = words_of(line);
    const bool of_queue = words.size() == 2 && same_word(words[1], "Queue");
    if (of_queue && same_word(words[0], "Begin")) open = Section{"", std::min(at, text.size()), 0};
    if (!open) continue;
    if (of_queue && same_word(words[0], "End")) {
      open->end = begin;
      found.push_back(*open);
      open.reset();
    } else if (const auto name = setting_of(std::string(line), "QUEUE_NAME"); !name.empty()) {
      open->queue = name;
    }
  }
  return found;
}

class Lsf : public BatchSystem {
 public:
  using BatchSystem::BatchSystem;
  std::string name() const override { return "lsf"; }
  std::string title() const override { return "LSF"; }

  Result<BatchPlan> enable(const BatchWish& wish) override {
    const auto starter = installed_program(node_, "chos_jobstarter");
    if (!starter) return starter.error();
    const std::string line = "JOB_STARTER = " + *starter + " --lsf \"%USRCMD\"";
    return change(wish, [&](const std::string& text, const std::string& queue) -> Result<std::string> {
      const auto section = section_of(text, queue);
      if (!section) return section.error();
      const auto found = find_block(text, tag(queue), judge, section->begin, section->end);
      if (found.what == BlockState::What::other)
        return Error{"line " + std::to_string(found.line) + " says " + in_quotes(trimmed(found.text)),
                     "let that program call " + *starter + " in turn, or take the line out", EEXIST};
      if (found.what == BlockState::What::by_hand) return text;
      return put_block(text, tag(queue), line, section->end);
    });
  }

  Result<BatchPlan> disable(const BatchWish& wish) override {
    return change(wish, [&](const std::string& text, const std::string& queue) -> Result<std::string> {
      const std::string after = drop_block(text, tag(queue));
      const auto section = section_of(after, queue);
      if (!section) return section.error();
      const auto left = find_block(after, tag(queue), judge, section->begin, section->end);
      if (left.what != BlockState::What::by_hand) return after;
      return Error{"line " + std::to_string(left.line) +
                       " was written by hand, not by chosctl: " + in_quotes(trimmed(left.text)),
                   "take it out by hand, too", EEXIST};
    });
  }

  BatchState state(const BatchWish& wish) override {
    BatchState state;
    const auto path = find(wish);
    if (!path) return state;
    const std::string text = text_of(node_.path(*path));
    std::vector<std::string> without;
    state.what = BatchState::What::not_enabled;
    for (const auto& section : sections_of(text)) {
      const auto found = find_block(text, tag(section.queue), judge, section.begin, section.end);
      const std::string place = *path + ":" + std::to_string(found.line);
      if (found.what == BlockState::What::nothing) without.push_back(section.queue);
      if (found.what == BlockState::What::nothing) continue;
      if (found.what == BlockState::What::other) {
        state.problem = "the queue " + section.queue + " has another JOB_STARTER, at " + place;
        continue;
      }
      state.what = BatchState::What::enabled;
      state.by_hand = state.by_hand || found.what == BlockState::What::by_hand;
      state.where.push_back("queue " + section.queue + " (" + place + ")");
    }
    if (state.what == BatchState::What::enabled && (!without.empty() || !state.problem.empty()))
      state.what = BatchState::What::partly;
    if (state.what == BatchState::What::partly && state.problem.empty())
      state.problem = "not in " + listed(without) + ", whose jobs run in the base OS";
    return state;
  }

  // Without JOB_SPOOL_DIR the files of jobs are in ~/.lsbatch, and homes are another matter.
  std::vector<BatchPlace> places() override {
    const auto queues = find({});
    if (!queues) return {};
    const std::string text = text_of(node_.path(queues->substr(0, queues->rfind('/')) + "/lsb.params"));
    const auto words = words_of(setting_of(text, "JOB_SPOOL_DIR"));
    if (words.empty() || !words[0].starts_with('/')) return {};
    // What stands behind a % is another for each user or host.
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
    return Error{"there is no section of a queue " + in_quotes(queue), "there are: " + listed(known), ENOENT};
  }

  template <typename Edit>
  Result<BatchPlan> change(const BatchWish& wish, Edit edit) {
    if (wish.queues.empty())
      return Error{"which queue of LSF?", "name it: --queue NAME; may be repeated", EINVAL};
    const auto path = find(wish);
    if (!path) return path.error();
    const auto file = BatchFile::open(node_.path(*path));
    if (!file) return file.error();
    std::string text = (*file)->text();
    for (const auto& queue : wish.queues) {
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
    BatchPlan plan;
    plan.steps.push_back(change_text(node_, name(), *file, original, text,
                                     (same ? "nothing to do for " : "changed for ") + listed(wish.queues)));
    plan.next = {"run: badmin reconfig", "check: bqueues -l " + wish.queues.front()};
    return plan;
  }

  // lsb.queues.
  Result<std::string> find(const BatchWish& wish) const {
    const char* own = std::getenv("LSF_ENVDIR");
    const std::string directory = !wish.directory.empty() ? wish.directory : own != nullptr ? own : "/etc";
    std::vector<std::string> found;
    if (is_file(node_.path(directory + "/lsb.queues"))) found = {directory + "/lsb.queues"};
    const std::string conf = text_of(node_.path(directory + "/lsf.conf"));
    std::string base = setting_of(conf, "LSB_CONFDIR");
    if (base.empty()) base = directory + "/lsbatch";
    if (found.empty()) {
      glob_t all{};
      if (::glob(node_.path(base + "/*/configdir/lsb.queues").c_str(), 0, nullptr, &all) == 0)
        for (std::size_t i = 0; i < all.gl_pathc; ++i)
          found.push_back(std::string(all.gl_pathv[i]).substr(node_.root.size()));
      ::globfree(&all);
    }
    if (found.size() == 1) return found.front();
    if (found.empty())
      return Error{"there is no lsb.queues in " + directory + " or below " + base,
                   "set LSF_ENVDIR, or name the directory of lsb.queues: --directory DIR", ENOENT};
    return Error{"there are several lsb.queues: " + listed(found),
                 "name the directory of the one that is meant: --directory DIR", EINVAL};
  }
};

}  // namespace

std::unique_ptr<BatchSystem> make_lsf(const BatchNode& node) { return std::make_unique<Lsf>(node); }

}  // namespace chos
