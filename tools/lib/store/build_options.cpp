// SPDX-License-Identifier: BSD-3-Clause
#include "store/build_options.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include "basic/text.h"

namespace chos {
namespace {

using Kind = Source::Kind;

// An option that was given, and the kinds of sources that it applies to.
struct Given {
  std::string name;
  std::vector<std::string> values;  // none: a flag
  std::vector<Kind> kinds;          // none: all
};

std::vector<Given> given_of(const BuildOptions& options) {
  const BuildOptions without;
  std::vector<Given> out;
  const auto add = [&](bool is_given, const char* name, std::vector<std::string> values,
                       std::vector<Kind> kinds) {
    if (is_given) out.push_back({name, std::move(values), std::move(kinds)});
  };
  std::string packages;
  for (const auto& package : options.include) packages += (packages.empty() ? "" : ",") + package;
  add(!packages.empty(), "--include", {packages}, {Kind::debian});
  add(options.variant != without.variant, "--variant", {options.variant}, {Kind::debian});
  add(!options.mirrors.empty(), "--mirror", options.mirrors, {Kind::debian});
  add(options.expired_ok, "--allow-expired", {}, {Kind::debian});
  add(!options.releasever.empty(), "--releasever", {options.releasever}, {Kind::rpm});
  add(options.unsigned_ok, "--no-signatures", {}, {Kind::rpm});
  add(options.drop_devices, "--drop-devices", {}, {Kind::tar, Kind::oci});
  add(options.allow_writable, "--allow-writable", {}, {});
  add(options.max_size != without.max_size, "--max-size", {std::to_string(options.max_size)}, {});
  return out;
}

}  // namespace

std::vector<std::string> words_of(const BuildOptions& options) {
  std::vector<std::string> out;
  for (const auto& one : given_of(options)) {
    if (one.values.empty()) out.push_back(one.name);
    for (const auto& value : one.values) out.push_back(one.name + "=" + value);
  }
  return out;
}

Status check_options(const Source& source, const BuildOptions& options) {
  for (const auto& one : given_of(options))
    if (!one.kinds.empty() && std::find(one.kinds.begin(), one.kinds.end(), source.kind) == one.kinds.end())
      return Error{one.name + " does not apply to the source " + in_quotes(source.text),
                   "leave it out; see: chosctl os --help", EINVAL};
  if (options.releasever.find_first_of(" $/\n") != std::string::npos)
    return Error{in_quotes(options.releasever) + " is not a release", "expected such as --releasever 9",
                 EINVAL};
  return {};
}

Result<std::uint64_t> parse_size(const std::string& text) {
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, failed] = std::from_chars(text.data(), end, number);
  static constexpr std::string_view units = "KMGT";
  unsigned shift = 0;
  std::string_view unit(rest, static_cast<std::size_t>(end - rest));
  if (unit.ends_with("iB")) unit.remove_suffix(2);
  if (unit.size() == 1 && units.find(unit.front()) != std::string_view::npos) {
    shift = 10 * (static_cast<unsigned>(units.find(unit.front())) + 1);
    unit = {};
  }
  if (failed != std::errc() || !unit.empty() || number == 0 || number > (UINT64_MAX >> shift))
    return Error{in_quotes(text) + " is not a size", "expected such as 500M, 20G or 1T", EINVAL};
  return number << shift;
}

std::string size_text(std::uint64_t bytes) {
  static constexpr std::array<const char*, 5> units{"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  std::uint64_t tenths = bytes * 10;
  while (tenths >= 10240 && unit + 1 < units.size()) {
    tenths /= 1024;
    ++unit;
  }
  return std::to_string(tenths / 10) + (unit > 0 ? "." + std::to_string(tenths % 10) : std::string()) + " " +
         units[unit];
}

}  // namespace chos
