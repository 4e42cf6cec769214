/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The detectors of the kernel: the mistakes of debug/broken.c, of which the campaign expects reports,
 * and, after all other cases, whether the detectors still work and what leaked.
 */
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "node.h"

namespace chos::guest {
namespace {

constexpr const char* kLeaks = "/sys/kernel/debug/kmemleak";
constexpr const char* kPages = "/sys/kernel/debug/page_owner";
constexpr const char* kRaces = "/sys/kernel/debug/kcsan";
constexpr const char* kBroken = "/sys/module/chos/parameters/broken";

/* Makes a mistake of debug/broken.c; the kernel's report follows in its log. */
void make_mistake(const std::string& name) {
  CHECK_OK(load_module(""));
  if (!exists(kBroken)) {
    CHECK_EQ(clean_up(CHOS_FARM_DEFAULT), std::string());
    skip("this module has no mistakes on purpose");
  }
  CHECK_OK(put(kBroken, name));
  CHECK_EQ(clean_up(CHOS_FARM_DEFAULT), std::string());
}

/*
 * Whether a frame of a report belongs to the module: by name, or, once it is unloaded, as an address
 * without a name.  This kernel has no other module.
 */
bool is_of_module(const std::string& line) {
  if (line.find("[chos]") != std::string::npos) return true;
  const std::string area = " 0xffffffff";
  const size_t at = line.find(area);
  return at != std::string::npos && line[at + area.size()] >= 'a' && line[at + area.size()] < 'f';
}

/* The reports of kmemleak that have a frame of the module.  Each begins with "unreferenced object". */
std::vector<std::string> leaks_of_module() {
  std::vector<std::string> found;
  std::string report;
  bool ours = false;
  std::istringstream lines(get(kLeaks) + "unreferenced object\n");
  for (std::string line; std::getline(lines, line); report += line + "\n") {
    ours = ours || is_of_module(line);
    if (line.rfind("unreferenced object", 0) != 0) continue;
    if (ours) found.push_back(report);
    report.clear();
    ours = false;
  }
  return found;
}

}  // namespace

CHOS_CASE(broken_order, 10) { make_mistake("order"); }
CHOS_CASE(broken_sleep, 10) { make_mistake("sleep"); }
CHOS_CASE(broken_after_free, 10) { make_mistake("after_free"); }
CHOS_CASE(broken_leak, 10) { make_mistake("leak"); }
CHOS_CASE(broken_pages, 10) { make_mistake("pages"); }
CHOS_CASE(broken_race, 30) { make_mistake("race"); }
CHOS_CASE(broken_shift, 10) { make_mistake("shift"); }
CHOS_CASE(broken_warn, 10) { make_mistake("warn"); }

CHOS_CASE(detector_leaks, 60) {
  /* kmemleak looks at everything that was allocated since boot, by modules that are unloaded too. */
  if (!exists(kLeaks)) skip("this kernel has no kmemleak");
  /* An object counts after five seconds; a second scan confirms what the first one suspects. */
  for (int scan = 0; scan < 2; ++scan) {
    const timespec age{6, 0};
    nanosleep(&age, nullptr);
    CHECK_OK(put(kLeaks, "scan"));
  }
  const auto found = leaks_of_module();
  for (const auto& report : found) {
    std::istringstream lines(report);
    for (std::string line; std::getline(lines, line);) note(line);
  }
  CHECK_SAY(found.empty(), "kmemleak found " + std::to_string(found.size()) + " objects of the module");
}

CHOS_CASE(detector_pages, 60) {
  /* Whole pages, of which kmemleak does not know.  Each read(2) gives the record of one page. */
  if (!exists(kPages)) skip("this kernel has no page_owner");
  const Fd pages = open_file(kPages, O_RDONLY);
  CHECK_OK(pages.get());
  std::string record(4096, 0);
  long found = 0, all = 0;
  for (long size = 1; size > 0;) {
    size = CHECK_OK(sys(read(pages.get(), record.data(), record.size())));
    std::istringstream lines(record.substr(0, static_cast<size_t>(size)));
    bool ours = false, slab = false; /* others use the objects of a slab that the module caused to be made */
    for (std::string line; std::getline(lines, line);) {
      ours = ours || is_of_module(line);
      slab = slab || line.find("slab") != std::string::npos;
    }
    if (ours && !slab && found++ < 3) note(record.substr(0, static_cast<size_t>(size)));
    ++all;
  }
  note(std::to_string(all) + " pages have an owner");
  CHECK_SAY(all > 100, "page_owner is off");
  CHECK_SAY(found == 0, std::to_string(found) + " pages of the module are left");
}

CHOS_CASE(detector_locks, 10) {
  /* lockdep ends at its first report, and when its tables are full. */
  if (!exists("/proc/lockdep_stats")) skip("this kernel has no lockdep");
  const std::string stats = get("/proc/lockdep_stats");
  const size_t at = stats.find("debug_locks:");
  CHECK(at != std::string::npos);
  CHECK_SAY(atoi(stats.c_str() + at + 12) == 1, "lockdep has stopped; see the whole log of the console");
}

CHOS_CASE(detector_races, 10) {
  if (!exists(kRaces)) skip("this kernel has no KCSAN");
  const std::string stats = get(kRaces);
  note(stats);
  CHECK(stats.find("enabled: 1") != std::string::npos);
  const size_t at = stats.find("setup_watchpoints: ");
  CHECK(at != std::string::npos);
  CHECK_SAY(atol(stats.c_str() + at + 19) > 1000, stats);
}

}  // namespace chos::guest
