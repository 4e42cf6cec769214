// SPDX-License-Identifier: BSD-3-Clause
#include "build/debian.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "basic/program_search.h"
#include "basic/subprocess.h"
#include "basic/text.h"
#include "build/run_logged.h"

namespace chos {
namespace {

constexpr const char* apt_helper = "/usr/lib/apt/apt-helper";
constexpr std::size_t most_archives = 4;
// apt's own limits are minutes for each file.
const std::vector<std::pair<std::string, std::string>> apt_limits{
    {"Acquire::http::Timeout", "15"}, {"Acquire::https::Timeout", "15"}, {"Acquire::Retries", "1"}};

// The addresses of the Debian archives that apt uses here; the archive of the plain suites comes before
// those of updates and security updates.
std::vector<std::string> archives_of_apt() {
  const auto done = run_command({"apt-get", "indextargets", "--format",
                                 "$(ORIGIN) $(COMPONENT) $(RELEASE) $(SITE)", "Created-By: Packages"},
                                60);
  if (!done || done->status != 0) return {};
  std::vector<std::pair<std::size_t, std::string>> found;
  for (const auto line : split(done->out, '\n')) {
    const auto words = split(line, ' ');
    if (words.size() != 4 || words[0] != "Debian" || words[1] != "main") continue;
    found.emplace_back(split(words[2], '-').size(), words[3]);
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> out;
  for (const auto& [dashes, site] : found)
    if (std::find(out.begin(), out.end(), site) == out.end()) out.push_back(site);
  if (out.size() > most_archives) out.resize(most_archives);
  return out;
}

// Whether an archive has this suite.  apt's helper asks, so that apt's proxies and credentials apply.
Result<bool> has_suite(const BuildContext& context, const std::string& archive, const std::string& suite) {
  const std::string file = context.work + "/Release";
  std::vector<std::string> command{apt_helper};
  for (const auto& [name, value] : apt_limits) command.insert(command.end(), {"-o", name + "=" + value});
  command.insert(command.end(), {"download-file", archive + "/dists/" + suite + "/Release", file});
  const auto status = run_logged(command, context.log, context.progress);
  (void)::unlink(file.c_str());
  if (status) return true;
  const Error& error = status.error();
  for (const char* said : {"404 ", "File not found", "550 "})
    if (error.all().find(said) != std::string::npos) return false;
  if (error.code == EINTR || error.code == ENOENT) return error;
  return Error{"it is unknown whether " + archive + " has " + suite + ": " + error.what,
               archive +
                   " does not answer; try another: --mirror URL, and once more for that of its "
                   "security updates",
               EIO, error.lines};
}

// The mirrors for mmdebstrap: the suite from the first archive, its updates and its security updates
// from the first archive that has them.  Some suites have none.  Until Debian 10 the security updates
// had another name.
Result<std::vector<std::string>> mirrors_of(const BuildContext& context,
                                            const std::vector<std::string>& archives) {
  const std::string& suite = context.source.suite;
  std::vector<std::string> out;
  const auto take = [&](const std::string& archive, const std::string& name) -> Result<bool> {
    const auto there = has_suite(context, archive, name);
    if (there && *there) out.push_back("deb " + archive + " " + name + " main");
    return there;
  };
  std::vector<std::vector<std::string>> wanted{{suite + "-updates"},
                                               {suite + "-security", suite + "/updates"}};
  for (const auto& archive : archives) {
    context.progress.stage("asking " + archive + " for " + suite + " and its updates");
    if (out.empty()) {
      const auto there = take(archive, suite);
      if (!there) return there.error();
      if (!*there)
        return Error{archive + " has no suite " + in_quotes(suite),
                     "is it spelt right? For old releases name their archive: --mirror URL", ENOENT};
    }
    for (auto& names : wanted)
      for (const auto& name : names) {
        const auto there = take(archive, name);
        if (!there) return there.error();
        if (!*there) continue;
        names.clear();
        break;
      }
  }
  return out;
}

// Adds the remedy for what apt reported.
Error with_advice(Error error, const BuildOptions& options, const std::vector<std::string>& archives) {
  const auto says = [&](const char* words) { return error.all().find(words) != std::string::npos; };
  std::string advice;
  if (reports_no_answer(error.all()))
    advice = listed(archives) + (archives.size() > 1 ? ": one of them" : "") +
             " does not answer; try another: --mirror URL; ";
  else if (says("Mirror sync in progress") || says("Hashes of expected file"))
    advice = "a mirror is incomplete, perhaps only for now: try later, or another: --mirror URL; ";
  else if (!options.expired_ok && says("is expired (invalid since"))
    advice = "if that is known to be so, take it nevertheless: --allow-expired; ";
  error.remedy = advice + error.remedy;
  return error;
}

}  // namespace

Result<Built> build_debian(const BuildContext& context) {
  const auto& [source, options, work, log, progress] = context;
  if (find_program("mmdebstrap").empty()) return missing_program("mmdebstrap", "mmdebstrap");
  const auto archives = options.mirrors.empty() ? archives_of_apt() : options.mirrors;
  if (archives.empty())
    return Error{"apt of this node knows no Debian mirror", "name one: --mirror URL", ENOENT};
  const auto mirrors = mirrors_of(context, archives);
  if (!mirrors) return mirrors.error();
  progress.stage("making Debian " + source.suite +
                 (source.architecture.empty() ? "" : " for " + source.architecture));
  std::vector<std::string> command{"mmdebstrap", "--mode=root", "--format=directory",
                                   "--variant=" + options.variant};
  if (!source.architecture.empty()) command.push_back("--architectures=" + source.architecture);
  for (const auto& package : options.include) command.push_back("--include=" + package);
  for (const auto& [name, value] : apt_limits) command.push_back("--aptopt=" + name + " \"" + value + "\"");
  if (options.expired_ok) command.emplace_back("--aptopt=Acquire::Check-Valid-Until \"false\"");
  command.insert(command.end(), {source.suite, work + "/root"});
  command.insert(command.end(), mirrors->begin(), mirrors->end());
  if (auto status = run_logged(command, log, progress); !status)
    return with_advice(status.error(), options, archives);
  return Built{TreeRecord::Kind::tree, work + "/root", ""};
}

}  // namespace chos
