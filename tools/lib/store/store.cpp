// SPDX-License-Identifier: BSD-3-Clause
#include "store/store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <set>

#include "allowlist/names.h"
#include "basic/files.h"
#include "basic/json.h"
#include "basic/lock.h"
#include "basic/replace_file.h"
#include "basic/text.h"
#include "fileserver/servers.h"

namespace chos {
namespace {

constexpr std::size_t largest_record = 16 << 20;
constexpr std::size_t largest_manifest = std::size_t{1} << 30;
constexpr const char* record_end = ".json";
constexpr const char* manifest_end = ".manifest";

std::vector<std::string> known_names(const Result<std::vector<std::string>>& names) {
  return names ? *names : std::vector<std::string>();
}

// Older versions made manifests with mode 0644 below a closed directory.
Status close_manifests(const std::string& directory) {
  for (const auto& file : known_names(names_in(directory))) {
    const std::string path = concat({directory, "/", file});
    if (file.ends_with(manifest_end) && ::chmod(path.c_str(), 0600) != 0)
      return system_error("cannot close " + path, errno);
  }
  return {};
}

Json to_json(const BuildOptions& options) {
  return {{"max_size", options.max_size},      {"drop_devices", options.drop_devices},
          {"variant", options.variant},        {"include", options.include},
          {"mirrors", options.mirrors},        {"expired_ok", options.expired_ok},
          {"releasever", options.releasever},  {"allow_writable", options.allow_writable},
          {"unsigned_ok", options.unsigned_ok}};
}

BuildOptions options_from(const JsonView& json) {
  BuildOptions options;
  options.max_size = json.value("max_size", options.max_size);
  options.drop_devices = json.value("drop_devices", options.drop_devices);
  options.variant = json.value("variant", options.variant);
  options.include = json.value("include", options.include);
  options.mirrors = json.value("mirrors", options.mirrors);
  options.expired_ok = json.value("expired_ok", options.expired_ok);
  options.releasever = json.value("releasever", options.releasever);
  options.allow_writable = json.value("allow_writable", options.allow_writable);
  options.unsigned_ok = json.value("unsigned_ok", options.unsigned_ok);
  return options;
}

// The names that are in the record, and the number of all.
struct ListKeys {
  const char* files;
  const char* about;
  const char* count;
};
constexpr ListKeys privileged_keys{"privileged", "rights", "privileged_count"};
constexpr ListKeys devices_keys{"devices", "device", "devices_count"};
constexpr ListKeys writable_keys{"writable", "by", "writable_count"};

void add_list(Json& json, const ListKeys& keys, const FileList& list) {
  Json files = Json::array();
  for (const auto& file : list.files()) files.push_back({{"path", file.path}, {keys.about, file.about}});
  json.set(keys.files, files);
  json.set(keys.count, list.count());
}

FileList list_from(const JsonView& json, const ListKeys& keys) {
  FileList list;
  if (const auto files = json.find(keys.files))
    for (const auto& file : files->items()) list.add(file.at("path").string(), file.at(keys.about).string());
  const std::uint64_t count = json.value(keys.count, list.count());
  if (count > list.count()) list.add_unnamed(count - list.count());
  return list;
}

Json to_json(const TreeRecord& record) {
  Json json{{"name", record.name},
            {"generation", record.generation},
            {"kind", kind_key(record.kind)},
            {"source", record.source},
            {"options", to_json(record.options)},
            {"origin", record.origin},
            {"digest", record.digest},
            {"bytes", record.bytes},
            {"entries", record.entries},
            {"release", record.release},
            {"machine", record.machine},
            {"created", record.created},
            {"previous", record.previous}};
  add_list(json, privileged_keys, record.privileged);
  add_list(json, devices_keys, record.devices);
  add_list(json, writable_keys, record.writable);
  return json;
}

TreeRecord from_json(const JsonView& json) {
  TreeRecord record;
  record.name = json.at("name").string();
  record.generation = static_cast<unsigned>(json.at("generation").number());
  const auto kind = json.at("kind").string();
  for (const auto one : {TreeRecord::Kind::tree, TreeRecord::Kind::image, TreeRecord::Kind::external})
    if (kind == kind_key(one)) record.kind = one;
  record.source = json.at("source").string();
  if (const auto options = json.find("options")) record.options = options_from(*options);
  record.origin = json.at("origin").string();
  record.digest = json.at("digest").string();
  record.bytes = json.at("bytes").number();
  record.entries = json.at("entries").number();
  record.release = json.at("release").string();
  record.machine = json.at("machine").string();
  record.created = json.at("created").string();
  record.previous = json.value("previous", "");  // older records have none
  record.privileged = list_from(json, privileged_keys);
  record.devices = list_from(json, devices_keys);
  record.writable = list_from(json, writable_keys);
  return record;
}

Result<TreeRecord> parse_record(const std::string& text) {
  const auto json = Json::parse(text);
  if (!json) return json.error();
  try {
    return from_json(json->view());
  } catch (const JsonError& error) {
    return Error{error.what(), "", EINVAL};
  }
}

Status write_record(const std::string& path, const std::string& text, int model = -1) {
  const auto slash = path.rfind('/');
  const auto directory = open_guarded(path.substr(0, slash), ::geteuid());
  if (!directory) return directory.error();
  return replace_in(directory->get(), path.substr(slash + 1), text, model, path);
}

Status remove_file(const std::string& path) {
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return {};
  return system_error("cannot remove " + path, errno);
}

}  // namespace

const char* kind_key(TreeRecord::Kind kind) {
  switch (kind) {
    case TreeRecord::Kind::tree: return "tree";
    case TreeRecord::Kind::image: return "image";
    case TreeRecord::Kind::external: break;
  }
  return "external";
}

std::string Store::image(const TreeRecord& record) const { return own("images/" + record.key() + ".img"); }
std::string Store::work(const std::string& name) const { return own("work/" + name); }
std::string Store::log(const std::string& name) const { return own("log/" + name + ".log"); }

// Only root can add names there, and the name of another node's process is the only one that may come in
// between: a directory that is not empty is not replaced.
Result<std::string> Store::put_aside(const std::string& name) const {
  constexpr int most = 1000;
  for (int number = 1; number <= most; ++number) {
    const std::string aside = own("work/." + name + "~" + std::to_string(number));
    struct stat info {};
    if (::lstat(aside.c_str(), &info) == 0) continue;
    if (::rename(work(name).c_str(), aside.c_str()) == 0) return aside;
    if (errno != ENOTEMPTY && errno != EEXIST) return system_error("cannot rename " + work(name), errno);
  }
  return Error{
      "there are " + std::to_string(most) + " directories that could not be removed in " + own("work"),
      "remove them", EEXIST};
}

std::vector<std::string> Store::rubbish() const {
  std::vector<std::string> out;
  for (const auto& name : known_names(names_in(own("work"))))
    if (name.starts_with('.') && name.find('~') != std::string::npos) out.push_back(own("work/" + name));
  return out;
}

// Users meet it in the farm as /os/.chos.  The records are open: root of another node reads them as
// nobody from an export with root_squash.  Manifests name what lies in closed directories of a tree,
// and images hold its secrets: those are root's, as is all else.  The directory above the trees is closed, so
// that users reach them only through the farm.  A directory that is there keeps its mode: an administrator
// may have closed it.
Status Store::prepare() const {
  const auto above = std::filesystem::path(trees_).parent_path();
  if (auto status = make_directories(above, 0700); !status) return status;
  for (const auto& directory : {trees_, trees_ + "/.chos", own("os")})
    if (auto status = make_directories(directory, 0755); !status) return status;
  for (const char* part : {"images", "work", "journal", "log"})
    if (auto status = make_directories(own(part), 0700); !status) return status;
  return close_manifests(own("os"));
}

Result<std::vector<TreeRecord>> Store::records() const {
  std::vector<TreeRecord> out;
  if (auto status = Servers::of_node().ask(trees_); !status)
    return Error{"the directory of the trees, " + status.error().what, status.error().remedy,
                 status.error().code};
  const auto files = names_in(own("os"));
  const int why = files ? 0 : files.error().code;
  if (why != 0 && why != ENOENT && why != ENOTDIR)
    return system_error("cannot read what chosctl knows of the trees in " + own("os"), why,
                        why != EACCES ? ""
                        : ::geteuid() != 0
                            ? "use sudo; users see the OSs by: chos --list"
                            : "on a server with root_squash run there: chmod 755 " +
                                  shell_quoted(trees_ + "/.chos") + " " + shell_quoted(own("os")));
  for (const auto& file : known_names(files)) {
    if (!file.ends_with(record_end)) continue;
    const std::string path = own("os/" + file);
    const auto text = read_file(path, largest_record);
    if (!text && text.error().code == ENOENT) continue;  // forgotten in this moment
    if (!text) return text.error();
    auto record = parse_record(*text);
    if (!record)
      return Error{path + " is no record of an OS: " + record.error().what,
                   "restore it, or remove it if its OS is not needed", EINVAL};
    out.push_back(std::move(*record));
  }
  std::sort(out.begin(), out.end(), [](const TreeRecord& a, const TreeRecord& b) {
    return a.name != b.name ? a.name < b.name : a.generation < b.generation;
  });
  return out;
}

Result<std::vector<TreeRecord>> Store::records_of(const std::string& name) const {
  auto all = records();
  if (!all) return all;
  std::erase_if(*all, [&](const TreeRecord& record) { return record.name != name; });
  return all;
}

Status Store::write(const TreeRecord& record, const std::string& manifest) const {
  const std::string path = own("os/" + record.key() + manifest_end);
  // The model of its mode, so that it never is open.
  const UniqueFd model(::open(path.c_str(), O_RDONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!model || ::fchmod(model.get(), 0600) != 0) return system_error("cannot make " + path, errno);
  if (auto status = write_record(path, manifest, model.get()); !status) return status;
  // Names of files in it need not be UTF-8.
  const auto text = to_json(record).text();
  return write_record(own("os/" + record.key() + record_end), text + "\n");
}

Result<std::string> Store::manifest(const TreeRecord& record) const {
  return read_file(own("os/" + record.key() + manifest_end), largest_manifest);
}

Status Store::forget(const TreeRecord& record) const {
  if (auto status = remove_file(own("os/" + record.key() + record_end)); !status) return status;
  return remove_file(own("os/" + record.key() + manifest_end));
}

Result<UniqueFd> Store::take(const std::string& name, std::chrono::milliseconds limit,
                             const std::function<void(const std::string&)>& waiting) const {
  // It becomes the name of a file, which is removed in the end.
  if (const auto problem = name_problem(name); !problem.empty()) return Error{problem, "", EINVAL};
  if (auto status = prepare(); !status) return status.error();
  // Inherited: a mmdebstrap that has outlived chosctl still is at work.
  auto lock = take_lock(own("journal/" + name), {.limit = limit, .inherited = true, .waiting = waiting});
  if (!lock && lock.error().code == EWOULDBLOCK)
    return Error{"another chosctl is at work on " + in_quotes(name) + "; " + lock.error().what,
                 lock.error().remedy, EWOULDBLOCK};
  return lock;
}

Result<std::optional<JournalEntry>> Store::journal(const std::string& name) const {
  const auto text = read_file(own("journal/" + name), largest_record);
  if (!text && text.error().code == ENOENT) return std::optional<JournalEntry>();
  if (!text) return text.error();
  const auto json = Json::parse(*text);
  if (!json) return std::optional<JournalEntry>();  // nothing was done before it was written
  try {
    JournalEntry entry;
    entry.what = json->view().at("what").string() == "remove" ? JournalEntry::What::remove
                                                              : JournalEntry::What::publish;
    entry.generation = static_cast<unsigned>(json->view().at("generation").number());
    return std::optional<JournalEntry>(entry);
  } catch (const JsonError&) {
    return std::optional<JournalEntry>();
  }
}

// In place, since the lock is on this very file; what is half written was written before anything
// was done.
Status Store::write_journal(const std::string& name, const JournalEntry& entry) const {
  const std::string path = own("journal/" + name);
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_TRUNC | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) return system_error("cannot open " + path, errno);
  const Json json{{"what", entry.what == JournalEntry::What::remove ? "remove" : "publish"},
                  {"generation", entry.generation},
                  {"pid", ::getpid()}};
  if (auto status = write_file(fd.get(), json.line() + "\n", path); !status) return status;
  if (::fsync(fd.get()) != 0) return system_error("cannot write " + path, errno);
  return {};
}

Status Store::end_journal(const std::string& name) const { return remove_file(own("journal/" + name)); }

std::vector<std::string> Store::unfinished() const {
  std::set<std::string> names;
  for (const char* part : {"journal", "work"})
    for (const auto& name : known_names(names_in(own(part))))
      if (!name.starts_with('.')) names.insert(name);
  return {names.begin(), names.end()};
}

Result<UniqueFd> Store::lock_list() const {
  if (auto status = prepare(); !status) return status.error();
  return take_lock(own("list.lock"));
}

const TreeRecord* find_record(const std::vector<TreeRecord>& records, const std::string& path) {
  for (const auto& record : records)
    if (record.path() == path) return &record;
  return nullptr;
}

}  // namespace chos
