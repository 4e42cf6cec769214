// SPDX-License-Identifier: BSD-3-Clause
#include "pamd/plan.h"

#include <algorithm>
#include <cerrno>
#include <map>
#include <set>

#include "pamd/parse.h"
#include "pamd/stack.h"
#include "pamd/strip.h"

namespace chos {
namespace {

using Type = PamRule::Type;

// A rule may include "su" as "/etc/pam.d/su".
std::string short_name(const std::string& included) {
  constexpr std::string_view directory = "/etc/pam.d/";
  return included.starts_with(directory) ? included.substr(directory.size()) : included;
}

std::string place(const PamEntry& entry) { return entry.file + ":" + std::to_string(entry.rule.line); }

std::vector<const PamEntry*> chos_entries(const PamStack& stack) {
  std::vector<const PamEntry*> found;
  for (const auto& entry : stack.entries)
    if (entry.rule.is_chos()) found.push_back(&entry);
  return found;
}

// The first module that runs after pam_chos.so, or null.
const PamEntry* after_chos(const PamStack& stack) {
  const PamEntry* after = nullptr;
  bool seen = false;
  for (const auto& entry : stack.entries) {
    if (entry.rule.is_chos()) {
      seen = true;
      after = nullptr;
    } else if (seen && after == nullptr && entry.rule.kind == PamRule::Kind::module) {
      after = &entry;
    }
  }
  return after;
}

PamFile parse_service(const PamSource& source, const std::string& service, const std::string& text) {
  return parse_pam(source.directory + "/" + service, text);
}

const PamRule* own_rule(const PamFile& file) {
  for (const auto& rule : file.rules)
    if (rule.is_chos() && rule.type == Type::session) return &rule;
  return nullptr;
}

// Makes the plan of `chosctl pam enable`.
class EnablePlanner {
 public:
  EnablePlanner(const PamRuleOptions& options, const PamSource& source) : options_(options), source_(source) {
    reader_ = [this](const std::string& name) -> Result<std::string> {
      const auto at = texts_.find(short_name(name));
      return at != texts_.end() ? Result<std::string>(at->second) : source_.included(name);
    };
  }

  PamPlan plan(const std::vector<std::string>& services, const std::vector<std::string>& names) {
    wanted_.insert(services.begin(), services.end());
    for (const auto& service : services) visit(service);
    if (plan_.refusals.empty()) warn_of_others(names);
    return std::move(plan_);
  }

 private:
  void visit(const std::string& service) {
    if (!visited_.insert(service).second) return;
    const auto problem = pam_service_problem(service);
    auto change = problem.empty() ? decide(service) : Result<PamChange>(Error{problem, "", EINVAL});
    if (change) {
      texts_[service] = change->new_text;
      plan_.changes.push_back(std::move(*change));
    } else {
      plan_.refusals.emplace_back(service, change.error());
    }
  }

  Result<PamChange> decide(const std::string& service) {
    if (auto status = pam_service_allowed(service); !status) return status.error();
    const auto text = source_.service(service);
    if (!text) return text.error();
    const auto file = parse_service(source_, service, *text);
    if (auto status = check_rules(file); !status) return status.error();
    const auto stripped = strip_pam(file, true);
    if (!stripped) return stripped.error();
    const auto base = parse_service(source_, service, stripped->text);
    const auto stack = stack_after_included(base);
    if (!stack) return stack.error();

    PamChange change;
    change.service = service;
    change.old_text = *text;
    change.base_text = stripped->text;
    change.backup_text = strip_pam(file, false)->text;
    if (!chos_entries(*stack).empty()) return rely_on_included(*stack, std::move(change));
    if (auto status = check_end_is_reached(base, *stack, change.warnings); !status) return status.error();
    return place_rule(file, base, *stripped, std::move(change));
  }

  static Status check_rules(const PamFile& file) {
    if (auto status = check_understood(file); !status) return status;
    for (const auto& rule : file.rules)
      if (rule.is_chos() && rule.type != Type::session)
        return Error{file.name + ":" + std::to_string(rule.line) + ": " + std::string(pam_module_name) +
                         " works in session rules only",
                     "remove this line", EINVAL};
    return {};
  }

  // The session stack of a file, after those of the files it includes that are to be enabled as well.
  Result<PamStack> stack_after_included(const PamFile& base) {
    const auto stack = session_stack(base, reader_);
    if (!stack) return stack;
    for (const auto& name : stack->included)
      if (wanted_.count(short_name(name)) > 0) visit(short_name(name));
    return session_stack(base, reader_);
  }

  // The change for a service that gets pam_chos.so through a file that it includes.
  PamChange rely_on_included(const PamStack& stack, PamChange change) const {
    const auto* inner = chos_entries(stack).front();
    change.new_text = change.base_text;
    change.changes = change.new_text != change.old_text;
    change.what = "already enabled through " + inner->through +
                  (change.changes ? "; its own rule is removed" : "; nothing to do");
    if (const auto* after = after_chos(stack))
      change.warnings.push_back(place(*after) + " comes after " + inner->through + " in the session of " +
                                change.service + " and runs in the user's OS");
    if (inner->rule.args != wanted_arguments())
      change.warnings.push_back(change.service + " has the options of " + inner->through +
                                "; to change them: chosctl pam enable " + short_name(inner->through) +
                                " ...");
    return change;
  }

  Result<PamChange> place_rule(const PamFile& file, const PamFile& base, const PamStripped& stripped,
                               PamChange change) {
    const PamRule* own = own_rule(file);
    const std::string wanted = pam_rule_text(options_) + "\n";
    const auto stack = session_stack(file, reader_);
    if (!stack) return stack.error();
    const bool last = own != nullptr && after_chos(*stack) == nullptr;
    // One rule, with one comment directly above it.
    const bool tidy = own != nullptr && stripped.adopted == 0 && file.markers.size() == 1 &&
                      chos_entries(*stack).size() == 1;
    if (tidy && last) {
      change.new_text = file.text;
      change.new_text.replace(own->begin, own->end - own->begin, wanted);
      change.changes = change.new_text != change.old_text;
      change.what = change.changes ? "rule replaced" : "already enabled";
      return change;
    }
    change.new_text = stripped.text + pam_block(options_, base.ends_with_newline());
    change.changes = true;
    change.what = "enabled";
    if (stripped.adopted != 0)
      change.what = "replaced line " + std::to_string(stripped.adopted) + ", which was written by hand";
    else if (own != nullptr && !last) change.what = "rule moved to the end: it was no longer last";
    else if (own != nullptr) change.what = "rule rewritten";
    return change;
  }

  std::vector<std::string> wanted_arguments() const {
    return parse_pam("", pam_rule_text(options_)).rules.front().args;
  }

  // Warns of services that include one which gets a rule now.
  void warn_of_others(const std::vector<std::string>& names) {
    for (const auto& name : names) {
      if (wanted_.count(name) > 0) continue;
      const auto text = source_.included(name);
      if (!text) continue;
      const auto stack = session_stack(parse_service(source_, name, *text), reader_);
      if (!stack) continue;
      for (auto& change : plan_.changes) {
        const auto& files = stack->included;
        const bool includes = std::any_of(files.begin(), files.end(), [&](const std::string& file) {
          return short_name(file) == change.service;
        });
        if (!change.changes || !includes) continue;
        const auto found = chos_entries(*stack);
        if (found.size() > 1)
          change.warnings.push_back(name + " includes " + change.service +
                                    " and has a rule of its own; run: chosctl pam enable " + change.service +
                                    " " + name);
        else if (const auto* after = after_chos(*stack))
          change.warnings.push_back(name + " includes " + change.service + ", and " + place(*after) +
                                    " comes after that and runs in the user's OS");
      }
    }
  }

  const PamRuleOptions& options_;
  const PamSource& source_;
  PamReader reader_;
  std::map<std::string, std::string> texts_;  // as they will be after the plan
  std::set<std::string> wanted_, visited_;
  PamPlan plan_;
};

Result<PamChange> disable_change(const std::string& service, const PamSource& source) {
  if (const auto problem = pam_service_problem(service); !problem.empty()) return Error{problem, "", EINVAL};
  const auto text = source.service(service);
  if (!text) return text.error();
  const auto file = parse_service(source, service, *text);
  // Lines that are not understood do not keep our rule from being removed.
  const auto stripped = strip_pam(file, true);
  if (!stripped) return stripped.error();
  PamChange change;
  change.service = service;
  change.old_text = *text;
  change.new_text = change.base_text = stripped->text;
  change.backup_text = strip_pam(file, false)->text;
  change.changes = change.new_text != change.old_text;
  change.what = change.changes ? "disabled" : "not enabled; nothing to do";
  if (stripped->adopted != 0)
    change.what += "; line " + std::to_string(stripped->adopted) + " was written by hand";
  return change;
}

}  // namespace

PamPlan plan_pam_enable(const std::vector<std::string>& services, const PamRuleOptions& options,
                        const std::vector<std::string>& names, const PamSource& source) {
  return EnablePlanner(options, source).plan(services, names);
}

PamPlan plan_pam_disable(const std::vector<std::string>& services, const PamSource& source) {
  PamPlan plan;
  std::set<std::string> seen;
  for (const auto& service : services) {
    if (!seen.insert(service).second) continue;
    auto change = disable_change(service, source);
    if (change) plan.changes.push_back(std::move(*change));
    else plan.refusals.emplace_back(service, change.error());
  }
  const PamReader reader = [&](const std::string& name) -> Result<std::string> {
    for (const auto& change : plan.changes)
      if (change.service == short_name(name)) return change.new_text;
    return source.included(name);
  };
  for (auto& change : plan.changes) {
    const auto file = parse_service(source, change.service, change.new_text);
    const auto stack = session_stack(file, reader);
    if (!stack) continue;
    if (const auto found = chos_entries(*stack); !found.empty())
      change.warnings.push_back(change.service + " is still enabled through " + found.front()->through +
                                "; to change that: chosctl pam disable " +
                                short_name(found.front()->through));
  }
  return plan;
}

PamState pam_state(const std::string& service, const PamSource& source) {
  using What = PamState::What;
  PamState state;
  state.service = service;
  const auto unclear = [&state](const Error& error) {
    state.what = What::not_understood;
    state.problem = error.what;
    return state;
  };
  const auto text = source.service(service);
  if (!text) return unclear(text.error());
  const auto file = parse_service(source, service, *text);
  if (auto status = check_understood(file); !status) return unclear(status.error());
  const auto stripped = strip_pam(file, true);
  if (!stripped) return unclear(stripped.error());
  const auto stack = session_stack(file, source.included);
  if (!stack) return unclear(stack.error());
  const auto found = chos_entries(*stack);
  if (found.empty()) return state;
  const auto* own = own_rule(file);
  const auto* after = after_chos(*stack);
  state.last = after == nullptr;
  state.by_hand = stripped->adopted != 0;
  if (own == nullptr) {
    state.what = What::through;
    state.through = found.front()->through;
  } else {
    state.what = state.last ? What::enabled : What::not_last;
  }
  state.arguments = found.front()->rule.args;
  if (own != nullptr && found.size() > 1)
    state.problem = "the rule runs twice: from this file and from a file that it includes";
  else if (after != nullptr) state.problem = place(*after) + " comes after it";
  if (own == nullptr) return state;
  // Check that the rule is reached.
  const auto base = parse_service(source, service, stripped->text);
  std::vector<std::string> warnings;
  const auto base_stack = session_stack(base, source.included);
  if (!base_stack) return unclear(base_stack.error());
  if (auto status = check_end_is_reached(base, *base_stack, warnings); !status)
    state.problem = status.error().what;
  return state;
}

}  // namespace chos
