// SPDX-License-Identifier: BSD-3-Clause
#include "store/build.h"

#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <charconv>

#include "lib/command.h"
#include "lib/names.h"
#include "store/archive.h"
#include "store/build_parts.h"
#include "store/run_logged.h"

namespace chos {
namespace {

Status make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) == 0) return {};
  return system_error("cannot make the directory " + path, errno);
}

Result<Built> build_debian(const BuildContext& context) {
  const auto& [source, options, work, log, progress] = context;
  std::string mirror = options.mirror;
  if (mirror.empty()) mirror = apt_mirror();
  if (mirror.empty())
    return Error{"apt of this node knows no Debian mirror", "name one: --mirror URL", ENOENT};
  progress.stage("making Debian " + source.suite +
                 (source.architecture.empty() ? "" : " for " + source.architecture));
  std::vector<std::string> command{"mmdebstrap", "--mode=root", "--format=directory",
                                   "--variant=" + options.variant};
  if (!source.architecture.empty()) command.push_back("--architectures=" + source.architecture);
  for (const auto& package : options.include) command.push_back("--include=" + package);
  // apt's own limits are minutes for each file.
  command.insert(command.end(), {"--aptopt=Acquire::http::Timeout \"15\"",
                                 "--aptopt=Acquire::https::Timeout \"15\"",
                                 "--aptopt=Acquire::Retries \"1\""});
  if (options.expired_ok)
    command.emplace_back("--aptopt=Acquire::Check-Valid-Until \"false\"");
  command.insert(command.end(),
                 {source.suite, work + "/root", "deb " + mirror + " " + source.suite + " main"});
  if (auto status = run_logged(command, log, progress); !status) {
    Error error = status.error();
    if (is_of_no_answer(error.what))
      error.remedy = mirror + " does not answer; try another: --mirror URL; " + error.remedy;
    if (!options.expired_ok && error.what.find("is expired (invalid since") != std::string::npos)
      error.remedy = "if that is known to be so, take it nevertheless: --allow-expired; " + error.remedy;
    return error;
  }
  return Built{TreeRecord::Kind::tree, work + "/root", ""};
}

Result<Built> build_tar(const BuildContext& context) {
  const std::string root = context.work + "/root";
  if (auto status = make_directory(root); !status) return status.error();
  context.progress.stage("unpacking " + context.source.path);
  const ArchiveLimits limits{context.options.max_size, 10'000'000, context.options.drop_devices};
  const auto status = unpack_archive(
      context.source.path, root, limits, [&](std::uint64_t entries, std::uint64_t bytes) {
        return context.progress.tick(std::to_string(entries) + " entries, " + size_text(bytes));
      });
  if (!status) return status.error();
  return Built{TreeRecord::Kind::tree, root, ""};
}

Result<Built> build_dir(const BuildContext& context) {
  return Built{TreeRecord::Kind::external, context.source.path, context.source.path};
}

}  // namespace

Result<Built> build(const Source& source, const BuildOptions& options, const std::string& work,
                    const std::string& log, WorkProgress& progress) {
  const BuildContext context{source, options, work, log, progress};
  switch (source.kind) {
    case Source::Kind::debian: return build_debian(context);
    case Source::Kind::rpm: return build_rpm(context);
    case Source::Kind::tar: return build_tar(context);
    case Source::Kind::oci: return build_oci(context);
    case Source::Kind::image: return build_image(context);
    case Source::Kind::dir: break;
  }
  return build_dir(context);
}

bool is_of_no_answer(const std::string& output) {
  for (const char* said : {"Connection failed", "onnection timed out", "Could not connect",
                           "Could not resolve", "Temporary failure resolving", "Curl error (6)",
                           "Curl error (7)", "Curl error (28)"})
    if (output.find(said) != std::string::npos) return true;
  return false;
}

std::string apt_mirror() {
  const auto done = run_command({"apt-get", "indextargets", "--format",
                                 "$(ORIGIN) $(COMPONENT) $(RELEASE) $(SITE)",
                                 "Created-By: Packages"}, 60);
  if (!done || done->status != 0) return "";
  // The plain suite's, not that of its -updates or -security.
  std::string best;
  std::size_t fewest = std::string::npos;
  for (const auto line : split(done->out, '\n')) {
    const auto words = split(line, ' ');
    if (words.size() != 4 || words[0] != "Debian" || words[1] != "main") continue;
    const auto dashes = split(words[2], '-').size();
    if (dashes < fewest) {
      fewest = dashes;
      best = words[3];
    }
  }
  return best;
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
    return Error{"the size " + in_quotes(text) + " is none", "expected such as 500M, 20G or 1T",
                 EINVAL};
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
  return std::to_string(tenths / 10) +
         (unit > 0 ? "." + std::to_string(tenths % 10) : std::string()) + " " + units[unit];
}

}  // namespace chos
