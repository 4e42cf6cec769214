// SPDX-License-Identifier: BSD-3-Clause
#include "batch/block.h"

#include <algorithm>
#include <optional>

namespace chos {
namespace {

std::string marker(const std::string& tag) {
  return "# chosctl batch: the next line is of 'chosctl batch enable " + tag + "'";
}

// For a text that did not end with a newline: disable removes the added newline, too.
std::string marker_with_newline(const std::string& tag) { return marker(tag) + " (no newline was here)"; }

// The bytes of a line, including its newline.
struct Span {
  std::size_t begin, end;
};

Span line_at(std::string_view text, std::size_t begin) {
  const auto newline = text.find('\n', begin);
  return {begin, newline == std::string_view::npos ? text.size() : newline + 1};
}

std::string_view content(std::string_view text, Span span) {
  auto line = text.substr(span.begin, span.end - span.begin);
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

bool mentions_chos(std::string_view line) {
  constexpr std::string_view word = "chos";
  const auto same = [](char a, char b) { return (a | 0x20) == b; };
  return std::search(line.begin(), line.end(), word.begin(), word.end(), same) != line.end();
}

struct Block {
  Span marker;
  std::optional<Span> line;  // none: somebody removed it by hand
  bool with_newline = false;
};

std::optional<Block> block_of(std::string_view text, const std::string& tag) {
  for (std::size_t at = 0; at < text.size();) {
    const Span here = line_at(text, at);
    const auto line = content(text, here);
    if (line == marker(tag) || line == marker_with_newline(tag)) {
      Block block{here, std::nullopt, line != marker(tag)};
      const Span next = line_at(text, here.end);
      if (here.end < text.size() && mentions_chos(content(text, next))) block.line = next;
      return block;
    }
    at = here.end;
  }
  return std::nullopt;
}

}  // namespace

BlockState find_block(std::string_view text, const std::string& tag, const LineClassifier& classify,
                      std::size_t begin, std::size_t end) {
  BlockState state;
  const auto block = block_of(text, tag);
  std::size_t number = 0;
  for (std::size_t at = 0; at < text.size();) {
    const Span here = line_at(text, at);
    at = here.end;
    ++number;
    if (here.begin < begin || here.begin >= end) continue;
    const auto line = content(text, here);
    auto what = BlockState::What::nothing;
    if (block && block->line && block->line->begin == here.begin) {
      what = BlockState::What::ours;
    } else {
      const LineMeaning meaning = classify(line);
      if (meaning == LineMeaning::conflicting) return {BlockState::What::other, number, std::string(line)};
      if (meaning == LineMeaning::same) what = BlockState::What::by_hand;
    }
    const bool counts_more = what == BlockState::What::ours ||
                             (what == BlockState::What::by_hand && state.what == BlockState::What::nothing);
    if (counts_more) state = {what, number, std::string(line)};
  }
  return state;
}

std::string put_block(const std::string& text, const std::string& tag, const std::string& line,
                      std::size_t at) {
  if (const auto block = block_of(text, tag)) {
    const Span old = block->line.value_or(Span{block->marker.end, block->marker.end});
    std::string out = text;
    const std::string before = old.begin > 0 && out[old.begin - 1] != '\n' ? "\n" : "";
    return out.replace(old.begin, old.end - old.begin, before + line + "\n");
  }
  std::string out = text;
  if (at < out.size()) return out.insert(at, marker(tag) + "\n" + line + "\n");
  const bool has_newline = out.empty() || out.ends_with('\n');
  out += (has_newline ? marker(tag) : "\n" + marker_with_newline(tag)) + "\n" + line + "\n";
  return out;
}

std::string drop_block(const std::string& text, const std::string& tag) {
  std::string out = text;
  while (const auto block = block_of(out, tag)) {
    const std::size_t end = block->line ? block->line->end : block->marker.end;
    std::size_t begin = block->marker.begin;
    // Lines that were added below since then need the newline.
    if (block->with_newline && begin > 0 && end == out.size()) --begin;
    out.erase(begin, end - begin);
  }
  return out;
}

}  // namespace chos
