// SPDX-License-Identifier: BSD-3-Clause
#include "report/metrics.h"

#include <charconv>
#include <utility>

#include "allowlist/allowlist.h"
#include "allowlist/parse.h"
#include "basic/text.h"
#include "mount/mountinfo.h"

namespace chos {
namespace {

using Labels = std::vector<std::pair<std::string, std::string>>;

// Collects families one after the other, each with its description and then its samples.
class Exposition {
 public:
  void gauge(const std::string& name, const std::string& help) { begin(name, "gauge", help, ""); }
  // A gauge whose name ends in its unit.
  void gauge_of(const std::string& name, const std::string& unit, const std::string& help) {
    begin(name, "gauge", help, "");
    text_ += "# UNIT " + name + " " + unit + "\n";
  }
  // `name` is without the _total of its samples.
  void counter(const std::string& name, const std::string& help) { begin(name, "counter", help, "_total"); }
  void sample(unsigned long long value, const Labels& labels = {}) {
    std::string inside;
    for (const auto& [key, label] : labels)
      inside += (inside.empty() ? "" : ",") + key + "=\"" + escape_label(label) + "\"";
    text_ += sample_ + (inside.empty() ? "" : "{" + inside + "}") + " " + std::to_string(value) + "\n";
  }
  std::string finish() { return std::move(text_) + "# EOF\n"; }

 private:
  // The help texts are constants without characters to escape.
  void begin(const std::string& name, const std::string& type, const std::string& help,
             const std::string& suffix) {
    text_ += "# TYPE " + name + " " + type + "\n# HELP " + name + " " + help + "\n";
    sample_ = name + suffix;
  }

  std::string text_, sample_;
};

// Adds a counter of the module, if the loaded module has it.
void add_counter(Exposition& out, const ModuleVersion& version, const std::string& key,
                 const std::string& name, const std::string& help) {
  const auto at = version.counters.find(key);
  if (at == version.counters.end()) return;
  out.counter(name, help);
  out.sample(at->second);
}

void add_gauge(Exposition& out, const ModuleVersion& version, const std::string& key, const std::string& name,
               const std::string& help) {
  const auto at = version.counters.find(key);
  if (at == version.counters.end()) return;
  out.gauge(name, help);
  out.sample(at->second);
}

void add_module(Exposition& out, const ModuleVersion& version, const std::string& farm) {
  out.gauge("chos_info", "The kernel module.");
  out.sample(1, {{"version", version.version},
                 {"abi", std::to_string(version.abi)},
                 {"fork_tracking", version.fork_tracking},
                 {"farm", farm}});
  add_counter(out, version, "enters", "chos_enters", "Switches of processes into an OS.");
  add_counter(out, version, "leaves", "chos_leaves", "Switches of processes to the base OS.");

  constexpr std::string_view refused = "refused_";
  out.counter("chos_refusals", "Switches that were refused, by the error that the process got.");
  for (const auto& [key, value] : version.counters)
    if (key.starts_with(refused)) out.sample(value, {{"errno", key.substr(refused.size())}});

  add_counter(out, version, "killed", "chos_killed",
              "Programs ended because they would have gained rights inside an OS, or from one.");
  add_gauge(out, version, "entries", "chos_allowlist_entries", "Entries of the allowlist in force.");
  add_gauge(out, version, "interned", "chos_interned_oses",
            "OSs that the module has known since it was loaded.");
  if (const auto bytes = version.counters.find("table_bytes"); bytes != version.counters.end()) {
    out.gauge_of("chos_table_bytes", "bytes", "Memory of the table of processes.");
    out.sample(bytes->second);
  }
}

// Whether it is a `default` that only points to another entry, and is no OS of its own.
bool only_points(const OsUsage& use, const std::optional<Allowlist>& list) {
  if (use.processes > 0 || use.enters > 0 || !list) return false;
  const OsEntry* entry = list->find_name(use.name);
  return entry != nullptr && entry->path == use.path && !list->stands_alone(*entry);
}

void add_usage(Exposition& out, const std::vector<OsUsage>& usage, const std::optional<Allowlist>& list) {
  const auto each = [&](auto value) {
    for (const auto& use : usage)
      if (!only_points(use, list)) out.sample(value(use), {{"os", use.name}, {"path", use.path}});
  };
  out.gauge("chos_os_processes", "Processes in the OS now.");
  each([](const OsUsage& use) { return use.processes; });
  out.counter("chos_os_entries", "Switches of processes into the OS.");
  each([](const OsUsage& use) { return use.enters; });
}

void add_states(Exposition& out, const Allowlist& list) {
  out.gauge("chos_os_open", "1 if the OS may be entered, 0 if it is closed.");
  for (const auto& entry : list.entries())
    if (!entry.is_base() && list.stands_alone(entry))
      out.sample(entry.closed ? 0 : 1, {{"os", entry.name}, {"path", entry.path}});
}

// The kernel's list has gids where the file has names.
Result<gid_t> numeric_group(const std::string& text) {
  gid_t gid = 0;
  const auto end = text.data() + text.size();
  const auto [rest, failed] = std::from_chars(text.data(), end, gid);
  if (failed != std::errc() || rest != end) return Error{"no gid: " + text, "", EINVAL};
  return gid;
}

}  // namespace

std::string escape_label(std::string_view value) {
  constexpr const char* digits = "0123456789abcdef";
  std::string out;
  while (!value.empty()) {
    const std::size_t length = printable_length(value);
    const char first = value.front();
    if (first == '\n') {
      out += "\\n";
    } else if (length == 0) {
      const auto byte = static_cast<unsigned char>(first);
      out += "\xef\xbf\xbd";
      out += {digits[byte >> 4], digits[byte & 15]};
    } else if (first == '\\' || first == '"') {
      out += {'\\', first};
    } else {
      out += value.substr(0, length);
    }
    value.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

MetricsData gather_metrics(const Node& node) {
  MetricsData out;
  out.farm = node.config.farm;
  if (!node.module->loaded()) return out;
  const auto version = node.kernel.version();
  if (!version) {
    out.gaps.push_back(version.error());
    return out;
  }
  out.version = *version;
  // The farm is where the module has it, even if the configuration has changed since.
  if (const auto farm = node.module->farm(); !farm.empty()) out.farm = farm;
  if (const auto table = MountTable::read()) {
    const Mount* mount = table->at(out.farm);
    out.up = mount != nullptr && mount->type == node.filesystem;
  } else {
    out.gaps.push_back(table.error());
  }
  if (auto usage = node.kernel.usage()) out.usage = std::move(*usage);
  else out.gaps.push_back(usage.error());
  if (const auto valid = node.kernel.valid()) {
    auto parsed = parse_allowlist(*valid, node.kernel.file("valid"), numeric_group);
    if (parsed.list) out.list = std::move(parsed.list);
    else out.gaps.push_back(error_of(parsed.errors, "run: chosctl reload", EINVAL));
  } else {
    out.gaps.push_back(valid.error());
  }
  return out;
}

std::string render_metrics(const MetricsData& data) {
  Exposition out;
  out.gauge("chos_up", "1 if the module answers and its farm is mounted, 0 if not.");
  out.sample(data.up ? 1 : 0);
  if (data.version) add_module(out, *data.version, data.farm);
  if (data.usage) add_usage(out, *data.usage, data.list);
  if (data.list) add_states(out, *data.list);
  return out.finish();
}

}  // namespace chos
