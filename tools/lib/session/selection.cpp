// SPDX-License-Identifier: BSD-3-Clause
#include "session/selection.h"

#include <chos/abi.h>

#include <algorithm>

#include "basic/text.h"

namespace chos {
namespace {

class Chooser {
 public:
  Chooser(const SelectionInput& input, Selection& out) : input_(input), out_(out) {}

  /// True if the rule chose an OS or refused; later rules are then not asked.
  bool ask(Source source) {
    switch (source) {
      case Source::option:
        if (!input_.option) return nothing(source, "not given");
        return take(source, *input_.option);
      case Source::environment:
        if (!input_.environment) return nothing(source, "not set");
        if (input_.environment->empty()) return nothing(source, "set, but empty");
        return take(source, *input_.environment);
      case Source::user_file: return ask_user_file();
      case Source::site_default: return ask_site_default();
      case Source::base: break;
    }
    return false;
  }

  void fall_to_base() {
    out_.source = Source::base;
    if (input_.allowlist != nullptr) out_.entry = input_.allowlist->find_path(CHOS_BASE_PATH);
    step(Source::base, Step::Verdict::chosen, "no rule chose an OS, so the base OS");
  }

  void step(Source source, Step::Verdict verdict, const std::string& text) {
    out_.trail.push_back({source, verdict, text});
  }

 private:
  bool nothing(Source source, const std::string& text) {
    step(source, Step::Verdict::nothing, text);
    return false;
  }

  bool refuse(Source source, const std::string& what, const std::string& remedy) {
    out_.source = source;
    out_.base = false;
    out_.refusal = Error{what, remedy, 0};
    step(source, Step::Verdict::refused, what);
    return true;
  }

  bool ask_user_file() {
    if (!input_.user_file) return nothing(Source::user_file, "no home directory is known");
    const UserFile file = input_.user_file();
    switch (file.state) {
      case UserFile::State::absent: return nothing(Source::user_file, "there is no " + file.path);
      case UserFile::State::empty:
        step(Source::user_file, Step::Verdict::ignored, file.path + " is empty");
        return false;
      case UserFile::State::unusable:
        return refuse(Source::user_file, file.reason, "write one name into it with: chos --set NAME");
      case UserFile::State::chosen: break;
    }
    return take(Source::user_file, file.name, file.path);
  }

  bool ask_site_default() {
    if (input_.allowlist == nullptr)
      return refuse(Source::site_default,
                    std::string("the site's default is not known: ") + allowlist_path + " cannot be used",
                    "name an OS (chos -o NAME), and ask an administrator to run: chosctl doctor");
    const OsEntry* entry = input_.allowlist->site_default();
    if (entry == nullptr) return nothing(Source::site_default, "the site has none");
    return take(Source::site_default, entry->name);
  }

  bool take(Source source, const std::string& name, const std::string& where = {}) {
    out_.source = source;
    out_.requested = name;
    const std::string said = (where.empty() ? "" : where + ": ") + in_quotes(name);
    const Allowlist* list = input_.allowlist;
    if (means_base(name)) {
      if (list != nullptr) out_.entry = list->find_path(CHOS_BASE_PATH);
      return chosen(source, said + ", the base OS");
    }
    if (list == nullptr) {
      out_.base = false;
      return chosen(source, said + "; the kernel decides whether it is allowed");
    }
    const OsEntry* entry = list->find(name);
    if (entry == nullptr)
      return refuse(
          source, label(source, where) + " names " + in_quotes(name) + ", which is not in " + allowlist_path,
          enterable_text(list, input_.gids));
    if (entry->is_base()) {
      out_.entry = entry;
      return chosen(source, said + ", the base OS");
    }
    const std::string alias = entry->name == name ? "" : ", that is " + in_quotes(entry->name);
    switch (access_of(*entry, input_.gids)) {
      case Access::closed:
        return refuse(source, in_quotes(entry->name) + " is closed: nobody new may enter",
                      enterable_text(list, input_.gids));
      case Access::not_in_group:
        return refuse(source,
                      in_quotes(entry->name) + " is for the members of " +
                          (entry->group_names.size() == 1 ? "the group " : "the groups ") +
                          listed(entry->group_names),
                      enterable_text(list, input_.gids));
      case Access::allowed: break;
    }
    out_.entry = entry;
    out_.base = false;
    return chosen(source, said + alias + ", path " + entry->path);
  }

  std::string label(Source source, const std::string& where) const {
    if (!where.empty()) return where;
    return source == Source::option ? input_.option_label : source_label(source);
  }

  bool chosen(Source source, const std::string& text) {
    step(source, Step::Verdict::chosen, text);
    return true;
  }

  const SelectionInput& input_;
  Selection& out_;
};

}  // namespace

const char* source_label(Source source) {
  switch (source) {
    case Source::option: return "-o";
    case Source::environment: return "$CHOS";
    case Source::user_file: return "~/.chos";
    case Source::site_default: return "site default";
    case Source::base: break;
  }
  return "base OS";
}

const char* source_key(Source source) {
  switch (source) {
    case Source::option: return "option";
    case Source::environment: return "environment";
    case Source::user_file: return "user_file";
    case Source::site_default: return "site_default";
    case Source::base: break;
  }
  return "base";
}

const char* verdict_key(Step::Verdict verdict) {
  switch (verdict) {
    case Step::Verdict::chosen: return "chosen";
    case Step::Verdict::nothing: return "nothing";
    case Step::Verdict::ignored: return "ignored";
    case Step::Verdict::refused: return "refused";
    case Step::Verdict::not_asked: break;
  }
  return "not_asked";
}

const Order& order_of_chos() {
  static const Order order{Source::option, Source::environment, Source::user_file, Source::site_default};
  return order;
}

const Order& order_of_login() {
  static const Order order{Source::user_file, Source::site_default};
  return order;
}

const Order& order_of_job() {
  static const Order order{Source::option, Source::environment, Source::site_default};
  return order;
}

const Order& order_of_grid() {
  static const Order order{Source::user_file};
  return order;
}

std::string Selection::name() const {
  if (entry != nullptr) return entry->name == CHOS_DEFAULT_NAME && base ? "base" : entry->name;
  return base ? "base" : requested;
}

std::string Selection::kernel_name() const {
  if (base) return CHOS_BASE_PATH;
  return entry != nullptr ? entry->name : requested;
}

Selection select_os(const SelectionInput& input, const Order& order) {
  Selection out;
  Chooser chooser(input, out);
  bool done = false;
  for (const Source source : order) {
    if (done) chooser.step(source, Step::Verdict::not_asked, "not asked");
    else done = chooser.ask(source);
  }
  if (!done) chooser.fall_to_base();
  return out;
}

std::vector<std::string> enterable(const Allowlist& list, const std::vector<gid_t>& gids) {
  std::vector<std::string> names;
  for (const auto& entry : list.entries()) {
    if (list.stands_alone(entry) && access_of(entry, gids) == Access::allowed) names.push_back(entry.name);
  }
  return names;
}

std::string enterable_text(const Allowlist* list, const std::vector<gid_t>& gids) {
  if (list == nullptr) return {};
  auto names = enterable(*list, gids);
  if (list->find_path(CHOS_BASE_PATH) == nullptr) names.emplace_back("base");
  return "you may enter: " + listed(names);
}

bool means_base(const std::string& name) { return name == "base" || name == CHOS_BASE_PATH; }

}  // namespace chos
