// SPDX-License-Identifier: BSD-3-Clause
#include "chosctl/os_change.h"

#include <iostream>

#include "basic/exit_status.h"
#include "basic/json.h"
#include "basic/messages.h"
#include "basic/process_info.h"
#include "basic/text.h"
#include "chosctl/console.h"
#include "chosctl/os_base.h"
#include "chosctl/os_print.h"
#include "chosctl/os_progress.h"
#include "manage/os_manager.h"

namespace chos::ctl {
namespace {

// The options of the line in the allowlist.
std::string entry_options(const OsOptions& options) {
  std::string out;
  for (const auto& group : options.groups) out += (out.empty() ? "groups=" : "|") + group;
  const auto add = [&out](bool given, const char* option) {
    if (given) out += (out.empty() ? "" : ",") + std::string(option);
  };
  add(options.closed, "closed");
  add(options.suid, "suid");
  return out;
}

int done(const OsOptions& options, bool changed, const std::string& text) {
  if (options.json) print_json({{"name", options.name}, {"changed", changed}});
  else std::cout << text << (changed ? "" : " already; nothing was changed") << "\n";
  return 0;
}

int done(const OsOptions& options, const Result<TreeRecord>& record, const std::string& text) {
  if (!record) return failed(record.error());
  if (options.json) {
    Json json = as_json(*record);
    json.set("name", record->name);
    print_json(json);
  } else {
    std::cout << escaped(record->name) << ": " << text << ", "
              << (record->release.empty() ? "an OS without os-release" : printable(record->release, 80))
              << ", " << size_text(record->bytes) << "\n";
  }
  return 0;
}

// Options are not taken over from the old tree, so leaving out --include may be an oversight.
void warn_of_other_options(const Recipe& before, const Source& from, const BuildOptions& build) {
  if (before.source.text != from.text || before.options == build) return;
  const auto words = options_text(before.options);
  if (words.empty()) return;
  say.warning("its tree was made with " + printable(words, 200) + "; to use these again leave SOURCE out");
}

class Change {
 public:
  Change(const Node& node, const Store& store, const Options& options)
      : node_(node),
        config_(options.config),
        options_(options.os),
        quiet_(progress_),
        manager_(node, store, progress_, quiet_) {}

  int add(const BuildOptions& build) {
    const auto source = parse_source(options_.source);
    if (!source) return failed(source.error());
    const auto record = manager_.add(options_.name, *source, build, entry_options(options_));
    progress_.clear();
    const int status = done(options_, record, "added");
    if (record && !node_is_up(node_)) say.hint("nobody can enter an OS yet; run: chosctl up");
    return status;
  }

  int replace(BuildOptions build) {
    const auto before = manager_.recipe(options_.name);
    const bool again = options_.source.empty();
    if (again && !before) return failed(before.error());
    const auto source = again ? Result<Source>(before->source) : parse_source(options_.source);
    if (!source) return failed(source.error());
    if (again) build = before->options;
    else if (before) warn_of_other_options(*before, *source, build);
    const auto record = manager_.replace(options_.name, *source, build);
    progress_.clear();
    return done(options_, record, "replaced");
  }

  int rollback() {
    const auto record = manager_.rollback(options_.name);
    progress_.clear();
    return done(options_, record, "back at generation " + std::to_string(record ? record->generation : 0));
  }

  int remove() {
    const auto status = manager_.remove(options_.name);
    progress_.clear();
    if (status) {
      if (const auto forgot = forget_base_commands(node_, config_, options_.name); !forgot)
        say.warning("[base.os] still has it: " + forgot.error().what);
      return done(options_, true, options_.name + " is removed");
    }
    failed(status.error());
    if (status.error().code != EBUSY) return exit_failed;
    const auto inside = processes_inside(node_, options_.name);
    if (options_.json) print_json({{"name", options_.name}, {"changed", false}, {"processes", inside.json}});
    else if (!inside.table.empty()) std::cout << "\n" << inside.table;
    return exit_failed;
  }

  int set_closed(bool closed) {
    const auto changed = manager_.set_option(options_.name, "closed", closed);
    return toggled(changed, options_.name + (closed ? " is closed" : " is open"));
  }

  int set_default() {
    return toggled(manager_.set_default(options_.name), "the site's default is " + options_.name);
  }

 private:
  int toggled(const Result<bool>& changed, const std::string& text) {
    progress_.clear();
    return changed ? done(options_, *changed, text) : failed(changed.error());
  }

  const Node& node_;
  const std::string& config_;
  const OsOptions& options_;
  OsProgress progress_;
  QuietProgress quiet_;
  OsManager manager_;
};

}  // namespace

int os_change(const Node& node, const Store& store, const Options& options) {
  BuildOptions build = options.os.build;
  if (!options.os.max_size.empty()) {
    const auto size = parse_size(options.os.max_size);
    if (!size) return failed(size.error());
    build.max_size = *size;
  }
  Change change(node, store, options);
  switch (options.os.command) {
    case OsCommand::add: return change.add(build);
    case OsCommand::replace: return change.replace(build);
    case OsCommand::rollback: return change.rollback();
    case OsCommand::remove: return change.remove();
    case OsCommand::close: return change.set_closed(true);
    case OsCommand::open: return change.set_closed(false);
    default: return change.set_default();
  }
}

}  // namespace chos::ctl
