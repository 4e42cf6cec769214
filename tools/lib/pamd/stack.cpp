// SPDX-License-Identifier: BSD-3-Clause
#include "pamd/stack.h"

#include <algorithm>
#include <cerrno>

#include "basic/text.h"
#include "pamd/rule.h"

namespace chos {
namespace {

using Type = PamRule::Type;
using Kind = PamRule::Kind;

// Linux-PAM has this limit for substacks; an include that never ends would end it itself.
constexpr unsigned deepest = 16;

std::string place(const std::string& file, const PamRule& rule) {
  return file + ":" + std::to_string(rule.line);
}

class Walk {
 public:
  explicit Walk(const PamReader& reader) : reader_(reader) {}

  // `wanted`: the type of the rules that take part; any: in a file that @include names, each rule
  // is of its own type, which comes to the same here.
  Status take(const PamFile& file, const std::string& through, unsigned level, unsigned depth) {
    for (const auto& rule : file.rules) {
      if (rule.type != Type::session && rule.type != Type::any) continue;
      if (rule.kind != Kind::include) stack.entries.push_back({file.name, through, rule, level});
      if (rule.kind == Kind::module) continue;
      const unsigned inner = level + (rule.kind == Kind::substack ? 1 : 0);
      if (auto status = include(file, rule, through, inner, depth + 1); !status) return status;
    }
    return {};
  }

  PamStack stack;

 private:
  Status include(const PamFile& from, const PamRule& rule, const std::string& through, unsigned level,
                 unsigned depth) {
    if (depth > deepest)
      return Error{place(from.name, rule) + ": files include each other more than " +
                       std::to_string(deepest) + " deep",
                   "take one of these rules out", ELOOP};
    const auto text = reader_(rule.target);
    if (!text)
      return Error{place(from.name, rule) + ": the file it includes cannot be read: " + text.error().what,
                   "mend that first: as it is, the service may let nobody in", text.error().code};
    const auto file = parse_pam(rule.target, *text);
    if (auto status = check_understood(file); !status) return status;
    auto& names = stack.included;
    if (std::find(names.begin(), names.end(), rule.target) == names.end()) names.push_back(rule.target);
    return take(file, through.empty() ? rule.target : through, level, depth);
  }

  const PamReader& reader_;
};

}  // namespace

Result<PamStack> session_stack(const PamFile& file, const PamReader& reader) {
  Walk walk(reader);
  if (auto status = walk.take(file, "", 0, 0); !status) return status.error();
  return std::move(walk.stack);
}

Status check_end_is_reached(const PamFile& file, const PamStack& stack, std::vector<std::string>& warnings) {
  const auto& entries = stack.entries;
  const bool has_module = std::any_of(entries.begin(), entries.end(),
                                      [](const PamEntry& entry) { return entry.rule.kind == Kind::module; });
  if (!has_module)
    return Error{file.name +
                     " has no session rule, so PAM takes those of the file 'other'; a rule "
                     "here would replace them all, and sessions would fail where pam_chos has "
                     "nothing to do",
                 "add the rules it is to have first, such as: @include common-session", EINVAL};
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto& entry = entries[i];
    // What happens in a substack ends there.
    if (entry.level > 0) continue;
    const auto below = static_cast<std::size_t>(
        std::count_if(entries.begin() + static_cast<std::ptrdiff_t>(i) + 1, entries.end(),
                      [](const PamEntry& other) { return other.level == 0; }));
    for (const unsigned jump : entry.rule.jumps) {
      if (jump > below)
        return Error{place(entry.file, entry.rule) + ": this session rule may skip " + std::to_string(jump) +
                         (jump == 1 ? " rule" : " rules") + ", and only " + std::to_string(below) +
                         " follow; it would skip the one for " + std::string(pam_module_name) + " as well",
                     "make it skip fewer, or put a rule below it: session optional pam_permit.so", EINVAL};
    }
    if (!entry.rule.may_finish) continue;
    const std::string what = place(entry.file, entry.rule) +
                             ": this session rule may end the stack (sufficient or done), so that "
                             "a rule at its end is not reached";
    if (entry.through.empty())
      return Error{what,
                   "make it optional or required, or put it in a file that is included with "
                   "the control substack",
                   EINVAL};
    warnings.push_back(what + "; sessions it ends stay in the base OS");
  }
  return {};
}

Result<PamStripped> strip_pam(const PamFile& file, bool adopt) {
  std::vector<const PamRule*> marked, by_hand;
  for (const auto& rule : file.rules) {
    if (rule.is_chos() && rule.type == Type::session)
      (file.is_marked(rule) ? marked : by_hand).push_back(&rule);
  }
  if (!by_hand.empty() && marked.size() + by_hand.size() > 1) {
    std::vector<std::string> lines;
    for (const auto& rule : file.rules)
      if (rule.is_chos() && rule.type == Type::session) lines.push_back(std::to_string(rule.line));
    return Error{file.name + " has several session rules for " + std::string(pam_module_name) +
                     ", in lines " + listed(lines) + ", not all of them by chosctl",
                 "leave one of them, or none", EINVAL};
  }
  if (!adopt) by_hand.clear();

  PamStripped stripped;
  stripped.was_marked = !marked.empty();
  if (!by_hand.empty()) stripped.adopted = by_hand.front()->line;
  std::vector<std::pair<std::size_t, std::size_t>> gone;
  for (const auto& rules : {marked, by_hand})
    for (const auto* rule : rules) {
      gone.emplace_back(rule->begin, rule->end);
      stripped.arguments = rule->args;
    }
  for (const auto& marker : file.markers) {
    // The newline above is ours only as long as nothing has come below.
    const bool at_end = std::any_of(marked.begin(), marked.end(), [&](const PamRule* rule) {
      return rule->begin == marker.end && rule->end == file.text.size();
    });
    const bool newline = marker.with_newline && at_end && marker.begin > 0;
    gone.emplace_back(marker.begin - (newline ? 1 : 0), marker.end);
  }
  std::sort(gone.begin(), gone.end());
  std::size_t at = 0;
  for (const auto& [begin, end] : gone) {
    stripped.text.append(file.text, at, begin - at);
    at = end;
  }
  stripped.text.append(file.text, at);
  return stripped;
}

}  // namespace chos
