// SPDX-License-Identifier: BSD-3-Clause
#include "pamd/strip.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "basic/text.h"
#include "pamd/rule.h"

namespace chos {
namespace {

using Rules = std::vector<const PamRule*>;
using Span = std::pair<std::size_t, std::size_t>;  // begin and end of bytes

Error several_rules(const PamFile& file) {
  std::vector<std::string> lines;
  for (const auto& rule : file.rules)
    if (rule.is_chos() && rule.type == PamRule::Type::session) lines.push_back(std::to_string(rule.line));
  return {file.name + " has several session rules for " + std::string(pam_module_name) + ", in lines " +
              listed(lines) + ", not all of them from chosctl",
          "keep at most one of them", EINVAL};
}

Span span_of(const PamMarker& marker, const PamFile& file, const Rules& marked) {
  // The newline before the comment may go only if nothing has been added below our rule.
  const bool at_end = std::any_of(marked.begin(), marked.end(), [&](const PamRule* rule) {
    return rule->begin == marker.end && rule->end == file.text.size();
  });
  const bool newline = marker.with_newline && at_end && marker.begin > 0;
  return {marker.begin - (newline ? 1 : 0), marker.end};
}

std::string without(const std::string& text, std::vector<Span> gone) {
  std::sort(gone.begin(), gone.end());
  std::string rest;
  std::size_t at = 0;
  for (const auto& [begin, end] : gone) {
    rest.append(text, at, begin - at);
    at = end;
  }
  return rest.append(text, at);
}

}  // namespace

Result<PamStripped> strip_pam(const PamFile& file, bool adopt) {
  Rules marked, by_hand;
  for (const auto& rule : file.rules) {
    if (rule.is_chos() && rule.type == PamRule::Type::session)
      (file.is_marked(rule) ? marked : by_hand).push_back(&rule);
  }
  if (!by_hand.empty() && marked.size() + by_hand.size() > 1) return several_rules(file);
  if (!adopt) by_hand.clear();

  PamStripped stripped;
  stripped.was_marked = !marked.empty();
  if (!by_hand.empty()) stripped.adopted = by_hand.front()->line;
  std::vector<Span> gone;
  for (const auto& rules : {marked, by_hand})
    for (const auto* rule : rules) {
      gone.emplace_back(rule->begin, rule->end);
      stripped.arguments = rule->args;
    }
  for (const auto& marker : file.markers) gone.push_back(span_of(marker, file, marked));
  stripped.text = without(file.text, std::move(gone));
  return stripped;
}

}  // namespace chos
