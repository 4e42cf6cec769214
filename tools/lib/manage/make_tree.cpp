// SPDX-License-Identifier: BSD-3-Clause
#include "manage/make_tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>

#include "allowlist/allowlist.h"
#include "basic/files.h"
#include "basic/text.h"
#include "build/archive.h"
#include "build/build.h"
#include "build/confined.h"
#include "config/config.h"
#include "farm/missing_trees.h"
#include "inspect/finding.h"
#include "inspect/safety.h"
#include "inspect/tree.h"
#include "manage/catalog.h"
#include "manage/discard.h"
#include "mount/open.h"
#include "store/manifest.h"
#include "store/mounts.h"
#include "store/os_release.h"
#include "store/remove_tree.h"
#include "tree/share.h"

namespace chos {
namespace {

std::string now_text() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

Status flush(const std::string& directory) {
  const UniqueFd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || ::syncfs(fd.get()) != 0) return system_error("cannot write out " + directory, errno);
  return {};
}

// The work directory is deleted on failure, so messages use paths as the tree names them.
std::string as_in_source(std::string text, const Built& built) {
  if (built.kind == TreeRecord::Kind::external) return text;
  for (auto at = text.find(built.root); at != std::string::npos; at = text.find(built.root, at)) {
    const auto end = at + built.root.size();
    text.replace(at, built.root.size(), end < text.size() && text[end] == '/' ? "" : "/");
  }
  return text;
}

// Notes what is doubtful.  An Error names all that makes the tree unfit.
Status judge(const ManageContext& context, const Built& built, const Findings& findings) {
  std::string problems, remedy;
  for (const auto& finding : findings) {
    const auto what = as_in_source(finding.what, built);
    if (finding.level == Finding::Level::warning) context.progress.note("the tree: " + what);
    if (finding.level != Finding::Level::error) continue;
    problems += (problems.empty() ? "" : "; ") + what;
    if (!remedy.empty()) continue;
    remedy = as_in_source(finding.remedy, built);
    if (remedy != finding.remedy) remedy.insert(0, "in the source: ");
  }
  if (problems.empty()) return {};
  return Error{"the tree is not fit for use: " + problems, remedy, ENOEXEC};
}

Result<Safety> check_tree(const ManageContext& context, const std::string& name, const BuildOptions& options,
                          const Built& built) {
  context.progress.stage("checking the tree");
  OsEntry entry;
  entry.name = name;
  entry.path = "/os/" + name;
  if (const auto there = find_tree_at(entry, built.root, Servers::of_node()); !there)
    return Error{"the tree is not fit for use: " + as_in_source(there.error().what, built),
                 "is the source complete?", ENOEXEC};
  // Without the farm, which has the tree that this one will replace.
  Config config = context.node.config;
  config.farm.clear();
  struct utsname about {};
  ::uname(&about);
  Findings findings;
  examine_tree(Allowlist({entry}), entry, built.root, config, about.release, Servers::of_node(), findings);
  const UniqueFd tree(::open(built.root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!tree) return system_error("cannot open " + built.root, errno);
  // Whoever unpacked it.
  auto safety = survey_all(tree.get(), "the tree", context.progress);
  if (!safety) return safety;
  report_safety(*safety, {.suid = false, .allow_writable = options.allow_writable, .publishing = true}, "",
                built.root, findings);
  if (auto status = judge(context, built, findings); !status) return status.error();
  Findings way;
  examine_trees_directory(context.store.trees(), way);
  for (const auto& [level, subject, what, remedy] : way) context.progress.note(concat({what, "; ", remedy}));
  return safety;
}

// Makes empty files and directories for what all OSs share; without them the farm would have to cover
// the directory above by a read-only layer.  Called before the manifest is read, which lists them.
Status make_mount_points(const Config& config, const std::string& root) {
  const UniqueFd tree(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!tree) return system_error("cannot open " + root, errno);
  for (const auto& path : ask_for_shares(config.share, Servers::of_node()).there) {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) continue;
    if (!S_ISDIR(info.st_mode) && !S_ISREG(info.st_mode)) continue;
    if (open_in_tree(tree.get(), path, Last::keep)) continue;
    UniqueFd parent(::dup(tree.get()));
    std::string done;
    const auto parts = split(std::string_view(path).substr(1), '/');
    for (std::size_t i = 0; parent && i < parts.size(); ++i) {
      const std::string part(parts[i]);
      if (i + 1 == parts.size() && S_ISREG(info.st_mode)) {
        const UniqueFd made(
            ::openat(parent.get(), part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
        break;
      }
      done += "/" + part;
      (void)::mkdirat(parent.get(), part.c_str(), 0755);  // or it is there
      auto next = open_in_tree(tree.get(), done, Last::directory);
      parent = next ? std::move(*next) : UniqueFd();
    }
  }
  return {};
}

// The record comes first, so that a run that takes the tree back finds it.
Status place(const Store& store, const TreeRecord& record, const std::string& root,
             const std::string& manifest) {
  if (auto status = store.write(record, manifest); !status) return status;
  const std::string tree = store.tree(record);
  if (record.kind == TreeRecord::Kind::tree) {
    if (auto status = flush(root); !status) return status;
    return move_new(root, tree);
  }
  if (record.kind == TreeRecord::Kind::image) {
    if (auto status = unmount_below(root); !status) return status;
    if (auto status = move_new(store.work(record.name) + "/image", store.image(record)); !status)
      return status;
  }
  if (!is_mounted_kind(store, record)) return {};
  if (::mkdir(tree.c_str(), 0755) != 0) return system_error("cannot make the directory " + tree, errno);
  return flush(store.trees());
}

// Reads the manifest of the tree; an Error if it exceeds the limits.
Result<Manifest> sum_up(const ManageContext& context, const Built& built, std::uint64_t max_size) {
  context.progress.stage("summing up the tree");
  const std::uint64_t most_entries = ArchiveLimits().entries;
  std::string problem;
  auto manifest = read_manifest(
      built.root,
      [&](std::uint64_t entries, std::uint64_t bytes) {
        if (bytes > max_size) problem = "has more than " + std::to_string(max_size) + " bytes";
        if (entries > most_entries) problem = "has more than " + std::to_string(most_entries) + " entries";
        return problem.empty() &&
               context.progress.tick(std::to_string(entries) + " entries, " + size_text(bytes));
      },
      built.kind == TreeRecord::Kind::external ? Unreadable::note : Unreadable::refuse);
  if (!problem.empty())
    return Error{"the tree " + problem, problem.ends_with("bytes") ? "see --max-size" : "", EFBIG};
  if (manifest && manifest->unreadable > 0)
    context.progress.note(std::to_string(manifest->unreadable) + " entries of " + built.root +
                          " may not be read from this node or lie under other mounts; their content is not "
                          "verified");
  return manifest;
}

// What a process that can reach nothing else reads in a file of the tree; "" if there is none.
std::string read_confined(const UniqueFd& file, std::string (*read)(int)) {
  if (!file) return "";
  const auto text = run_confined(
      {-1, file.get(), 0},
      [read](int input, const ConfinedReport&) -> Result<std::string> { return read(input); }, {});
  return text ? *text : "";
}

TreeRecord record_of(const NewTree& wanted, const Built& built, const Manifest& manifest,
                     const Safety& safety) {
  TreeRecord record;
  record.name = wanted.name;
  record.generation = wanted.generation;
  record.previous = wanted.previous;
  record.source = wanted.source.text;
  record.options = wanted.options;
  record.created = now_text();
  record.kind = built.kind;
  record.origin = built.origin;
  record.release = read_confined(open_release(built.root), read_release);
  record.machine = read_confined(open_shell(built.root), read_machine);
  record.bytes = manifest.bytes;
  record.entries = manifest.entries;
  record.privileged = safety.privileged;
  record.devices = safety.devices;
  record.writable = safety.writable;
  record.digest = manifest.digest();
  return record;
}

}  // namespace

Result<TreeRecord> make_tree(const ManageContext& context, const NewTree& wanted) {
  const Store& store = context.store;
  const std::string work = store.work(wanted.name), log = store.log(wanted.name);
  if (auto status = clean_work(context, wanted.name); !status) return status.error();
  clean_rubbish(context);
  if (::mkdir(work.c_str(), 0700) != 0) return system_error("cannot make the directory " + work, errno);
  (void)::unlink(log.c_str());
  const auto built = build(wanted.source, wanted.options, work, log, context.progress);
  if (!built) return built.error();
  const auto safety = check_tree(context, wanted.name, wanted.options, *built);
  if (!safety) return safety.error();
  if (built->kind == TreeRecord::Kind::tree)
    if (auto status = make_mount_points(context.node.config, built->root); !status) return status.error();
  const auto manifest = sum_up(context, *built, wanted.options.max_size);
  if (!manifest) return manifest.error();
  TreeRecord record = record_of(wanted, *built, *manifest, *safety);
  if (record.kind == TreeRecord::Kind::image) {
    const auto digest = file_digest(work + "/image");
    if (!digest) return digest.error();
    record.digest = *digest;
  }
  if (auto status = place(store, record, built->root, manifest->text); !status) {
    if (auto undone = take_back(context, record); !undone) context.progress.note(undone.error().what);
    return status.error();
  }
  return record;
}

}  // namespace chos
