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

// The limit of Linux-PAM for substacks.  Endless includes would make Linux-PAM itself fail.
constexpr unsigned deepest = 16;

std::string place(const std::string& file, const PamRule& rule) {
  return file + ":" + std::to_string(rule.line);
}

class Walk {
 public:
  explicit Walk(const PamReader& reader) : reader_(reader) {}

  // Adds the session rules of a file.  In a file that @include names, each rule has a type of its own, so
  // @include counts as a session rule here.
  Status add(const PamFile& file, const std::string& through, unsigned level, unsigned depth) {
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
                   "remove one of these rules", ELOOP};
    const auto text = reader_(rule.target);
    if (!text)
      return Error{place(from.name, rule) + ": the file it includes cannot be read: " + text.error().what,
                   "fix that first: as it is, the service may refuse everybody", text.error().code};
    const auto file = parse_pam(rule.target, *text);
    if (auto status = check_understood(file); !status) return status;
    auto& names = stack.included;
    if (std::find(names.begin(), names.end(), rule.target) == names.end()) names.push_back(rule.target);
    return add(file, through.empty() ? rule.target : through, level, depth);
  }

  const PamReader& reader_;
};

}  // namespace

Result<PamStack> session_stack(const PamFile& file, const PamReader& reader) {
  Walk walk(reader);
  if (auto status = walk.add(file, "", 0, 0); !status) return status.error();
  return std::move(walk.stack);
}

Status check_end_is_reached(const PamFile& file, const PamStack& stack, std::vector<std::string>& warnings) {
  const auto& entries = stack.entries;
  const bool has_module = std::any_of(entries.begin(), entries.end(),
                                      [](const PamEntry& entry) { return entry.rule.kind == Kind::module; });
  if (!has_module)
    return Error{file.name +
                     " has no session rule, so PAM uses those of the file 'other'; a rule here would replace "
                     "all of them, and sessions in which pam_chos has nothing to do would fail",
                 "first add the session rules that it needs, such as: @include common-session", EINVAL};
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto& entry = entries[i];
    // Jumps and ends in a substack affect only that substack.
    if (entry.level > 0) continue;
    const auto below = static_cast<std::size_t>(
        std::count_if(entries.begin() + static_cast<std::ptrdiff_t>(i) + 1, entries.end(),
                      [](const PamEntry& other) { return other.level == 0; }));
    for (const unsigned jump : entry.rule.jumps) {
      if (jump > below)
        return Error{place(entry.file, entry.rule) + ": this session rule may skip " + std::to_string(jump) +
                         (jump == 1 ? " rule" : " rules") + ", and only " + std::to_string(below) +
                         " follow; it would also skip the rule for " + std::string(pam_module_name),
                     "make it skip fewer rules, or add a rule below it: session optional pam_permit.so",
                     EINVAL};
    }
    if (!entry.rule.may_finish) continue;
    const std::string what =
        place(entry.file, entry.rule) +
        ": this session rule may end the stack (sufficient or done) before a rule at the "
        "end is reached";
    if (entry.through.empty())
      return Error{what, "make it optional or required, or move it to a file that is included as a substack",
                   EINVAL};
    warnings.push_back(what + "; such sessions stay in the base OS");
  }
  return {};
}

}  // namespace chos
