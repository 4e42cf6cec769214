// SPDX-License-Identifier: BSD-3-Clause
#include "pamd/parse.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <optional>

#include "basic/text.h"
#include "pamd/rule.h"

namespace chos {
namespace {

constexpr std::string_view blanks = " \t\n";

// Linux-PAM before 1.6 reads at most 1023 bytes of a line and takes the rest for another rule.
constexpr std::size_t longest_line = 1000;

bool same_word(std::string_view word, std::string_view lower) {
  return word.size() == lower.size() &&
         std::equal(word.begin(), word.end(), lower.begin(), [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
         });
}

struct Word {
  std::string text;
  bool bracketed = false;
};

// The words between blanks; [a b] is one word, in which \] stands for a bracket.  None if a [ is not closed.
std::optional<std::vector<Word>> words_of(std::string_view text) {
  std::vector<Word> words;
  for (;;) {
    const auto start = text.find_first_not_of(blanks);
    if (start == std::string_view::npos) return words;
    text.remove_prefix(start);
    Word word;
    std::size_t at = 0;
    if (text.front() == '[') {
      word.bracketed = true;
      for (at = 1; at < text.size() && text[at] != ']'; ++at) {
        if (text[at] == '\\' && at + 1 < text.size() && text[at + 1] == ']') ++at;
        word.text += text[at];
      }
      if (at == text.size()) return std::nullopt;
      ++at;
    } else {
      at = std::min(text.find_first_of(blanks), text.size());
      word.text = text.substr(0, at);
    }
    words.push_back(std::move(word));
    text.remove_prefix(at);
  }
}

bool is_return_value(std::string_view word) {
  constexpr std::array<std::string_view, 33> known = {"success",
                                                      "open_err",
                                                      "symbol_err",
                                                      "service_err",
                                                      "system_err",
                                                      "buf_err",
                                                      "perm_denied",
                                                      "auth_err",
                                                      "cred_insufficient",
                                                      "authinfo_unavail",
                                                      "user_unknown",
                                                      "maxtries",
                                                      "new_authtok_reqd",
                                                      "acct_expired",
                                                      "session_err",
                                                      "cred_unavail",
                                                      "cred_expired",
                                                      "cred_err",
                                                      "no_module_data",
                                                      "conv_err",
                                                      "authtok_err",
                                                      "authtok_recover_err",
                                                      "authtok_lock_busy",
                                                      "authtok_disable_aging",
                                                      "try_again",
                                                      "ignore",
                                                      "abort",
                                                      "authtok_expired",
                                                      "module_unknown",
                                                      "bad_item",
                                                      "conv_again",
                                                      "incomplete",
                                                      "default"};
  return std::find(known.begin(), known.end(), word) != known.end();
}

// Reads the text in the brackets of [value=action ...].  Returns the problem, or "".
std::string read_actions(std::string_view text, PamRule& rule) {
  constexpr std::array<std::string_view, 6> known = {"ignore", "ok", "done", "bad", "die", "reset"};
  const auto pairs = words_of(text);
  if (!pairs || pairs->empty()) return "expected value=action in the brackets";
  for (const auto& pair : *pairs) {
    const std::string_view word = pair.text;
    const auto at = word.find('=');
    if (pair.bracketed || at == std::string_view::npos || !is_return_value(word.substr(0, at)))
      return "expected value=action in the brackets, found " + in_quotes(word);
    const auto action = word.substr(at + 1);
    if (std::find(known.begin(), known.end(), action) != known.end()) {
      rule.may_finish = rule.may_finish || action == "done";
      continue;
    }
    unsigned jump = 0;
    const auto [end, error] = std::from_chars(action.data(), action.data() + action.size(), jump);
    if (error != std::errc() || end != action.data() + action.size() || jump == 0)
      return "unknown action " + in_quotes(action) + " in the brackets";
    rule.jumps.push_back(jump);
  }
  return {};
}

std::string read_type(std::string_view word, PamRule& rule) {
  if (word.starts_with('-')) word.remove_prefix(1);
  if (same_word(word, "auth")) rule.type = PamRule::Type::auth;
  else if (same_word(word, "account")) rule.type = PamRule::Type::account;
  else if (same_word(word, "password")) rule.type = PamRule::Type::password;
  else if (same_word(word, "session")) rule.type = PamRule::Type::session;
  else return "expected auth, account, password, session or @include, found " + in_quotes(word);
  return {};
}

std::string read_control(const Word& word, PamRule& rule) {
  if (word.bracketed) return read_actions(word.text, rule);
  if (same_word(word.text, "include")) rule.kind = PamRule::Kind::include;
  else if (same_word(word.text, "substack")) rule.kind = PamRule::Kind::substack;
  else if (same_word(word.text, "sufficient")) rule.may_finish = true;
  else if (!same_word(word.text, "required") && !same_word(word.text, "requisite") &&
           !same_word(word.text, "optional"))
    return "unknown control " + in_quotes(word.text);
  return {};
}

// Reads all words of a rule.  Returns the problem, or "".
std::string read_rule(std::string_view text, PamRule& rule) {
  if (text.size() > longest_line)
    return "it is longer than " + std::to_string(longest_line) +
           " bytes, which some versions of Linux-PAM cannot read";
  const bool strange = std::any_of(text.begin(), text.end(), [](char c) {
    const auto u = static_cast<unsigned char>(c);
    return (u < 0x20 && c != '\t' && c != '\n') || u == 0x7f;
  });
  if (strange) return "it contains a control character (a carriage return?)";
  const auto words = words_of(text);
  if (!words) return "a [ is not closed";
  if (words->empty()) return "nothing before the \\ at its end";
  std::size_t at = 1;
  if (words->front().text == "@include") {
    rule.kind = PamRule::Kind::include;
  } else {
    if (auto problem = read_type(words->front().text, rule); !problem.empty()) return problem;
    if (words->size() < 2) return "expected a control after the type";
    if (auto problem = read_control((*words)[1], rule); !problem.empty()) return problem;
    at = 2;
  }
  const bool includes = rule.kind != PamRule::Kind::module;
  if (words->size() <= at || (*words)[at].text.empty())
    return includes ? "expected the name of a file" : "expected a module";
  rule.target = (*words)[at].text;
  for (++at; at < words->size(); ++at) rule.args.push_back((*words)[at].text);
  return {};
}

// A line without its comment.
struct Piece {
  std::string_view text;
  bool continues = false;  // a backslash was at its end
};

Piece piece_of(std::string_view line) {
  const auto comment = line.find('#');
  Piece piece{line.substr(0, comment), false};
  if (comment != std::string_view::npos) return piece;
  const auto last = piece.text.find_last_not_of(blanks);
  if (last == std::string_view::npos || piece.text[last] != '\\') return piece;
  return {piece.text.substr(0, last), true};
}

bool is_blank(std::string_view text) { return text.find_first_not_of(blanks) == std::string_view::npos; }

// A line with its place in the file.
struct Line {
  std::size_t number, begin, end;  // number from 1; `end` is behind the newline
  std::string_view text;           // without the newline
};

class Parser {
 public:
  Parser(const std::string& name, const std::string& text) : file_{name, text, {}, {}} {}

  PamFile parse() {
    const std::string& text = file_.text;
    std::size_t number = 0;
    for (std::size_t begin = 0, end = 0; begin < text.size(); begin = end) {
      const auto newline = text.find('\n', begin);
      const bool last = newline == std::string::npos;
      end = last ? text.size() : newline + 1;
      add({++number, begin, end, std::string_view(text).substr(begin, (last ? end : newline) - begin)});
    }
    if (open_) finish(text.size(), "the file ends after the \\ at its end");
    return std::move(file_);
  }

 private:
  void add(const Line& line) {
    const auto piece = piece_of(line.text);
    const bool blank = is_blank(piece.text) && !piece.continues;
    // Some versions of Linux-PAM end the rule here, others continue it on the next line.
    if (open_ && blank) finish(line.begin, "a comment or an empty line follows the \\ at its end");
    if (!open_) {
      if (is_pam_marker(line.text))
        file_.markers.push_back({line.number, line.begin, line.end, is_pam_marker_with_newline(line.text)});
      if (blank) return check_comment(line);
      start(line);
    }
    joined_ += piece.text;
    open_ = piece.continues;
    if (open_) joined_ += ' ';
    else finish(line.end);
  }

  void check_comment(const Line& line) {
    if (line.text.size() <= longest_line) return;
    start(line);
    finish(line.end, "a comment longer than " + std::to_string(longest_line) +
                         " bytes, whose end some versions of Linux-PAM read as a rule");
  }

  void start(const Line& line) {
    rule_ = {};
    rule_.line = line.number;
    rule_.begin = line.begin;
    joined_.clear();
  }

  void finish(std::size_t end, const std::string& problem = "") {
    rule_.end = end;
    const auto found = read_rule(joined_, rule_);
    rule_.problem = problem.empty() ? found : problem;
    file_.rules.push_back(std::move(rule_));
    open_ = false;
  }

  PamFile file_;
  PamRule rule_;
  std::string joined_;  // the lines of the rule so far
  bool open_ = false;   // the previous line ends with a backslash
};

}  // namespace

bool PamRule::is_chos() const {
  return problem.empty() && kind == Kind::module && target.substr(target.rfind('/') + 1) == pam_module_name;
}

bool PamFile::is_marked(const PamRule& rule) const {
  return std::any_of(markers.begin(), markers.end(),
                     [&rule](const PamMarker& marker) { return marker.end == rule.begin; });
}

PamFile parse_pam(const std::string& name, const std::string& text) { return Parser(name, text).parse(); }

Status check_understood(const PamFile& file) {
  for (const auto& rule : file.rules) {
    if (!rule.problem.empty())
      return Error{
          file.name + ":" + std::to_string(rule.line) + ": this line is not understood: " + rule.problem,
          "correct the line, see pam.conf(5); or add the rule of pam_chos(8) by hand", EINVAL};
  }
  return {};
}

}  // namespace chos
