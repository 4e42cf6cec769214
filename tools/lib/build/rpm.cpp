// SPDX-License-Identifier: BSD-3-Clause
#include "build/rpm.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <filesystem>

#include "basic/files.h"
#include "basic/program_search.h"
#include "basic/replace_file.h"
#include "basic/subprocess.h"
#include "basic/text.h"
#include "build/confined.h"
#include "build/run_logged.h"
#include "store/remove_tree.h"

namespace chos {
namespace {

constexpr std::size_t largest_repo_file = 1 << 20;
constexpr const char* scratch = "/.chos-dnf";  // in the tree
constexpr const char* database = "/var/lib/rpm";

std::vector<std::string> packages_of(const Source& source) {
  if (!source.packages.empty()) return source.packages;
  return {"filesystem", "bash", "coreutils"};
}

Status write_file(const std::string& directory, const std::string& name, const std::string& text) {
  if (auto status = make_directories(directory); !status) return status;
  const auto fd = open_guarded(directory, ::geteuid());
  if (!fd) return fd.error();
  return replace_in(fd->get(), name, text, -1, directory + "/" + name);
}

// The addresses in the lines of these keys.
std::vector<std::string> addresses_of(const std::string& repository,
                                      std::initializer_list<std::string_view> keys) {
  std::vector<std::string> out;
  for (const auto line : split(repository, '\n')) {
    const auto equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    const auto key = trimmed(line.substr(0, equals));
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) continue;
    for (const auto url : split(trimmed(line.substr(equals + 1)), ' '))
      if (!url.empty()) out.emplace_back(url);
  }
  return out;
}

// An Error if the file turns the check of signatures off and the administrator does not.
Status check_signatures_wanted(const BuildContext& context, const std::string& repository) {
  if (context.options.unsigned_ok) return {};
  for (const auto& value : addresses_of(repository, {"gpgcheck", "pkg_gpgcheck", "localpkg_gpgcheck"})) {
    std::string word = value;
    for (char& c : word) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (word == "1" || word == "yes" || word == "true" || word == "on") continue;
    return Error{context.source.path + " says gpgcheck=" + printable(value) +
                     ": the signatures of packages would not be checked",
                 "set gpgcheck=1 and gpgkey= there; to accept packages from anybody: --no-signatures", EPERM};
  }
  // The tree has no keys yet.
  if (addresses_of(repository, {"gpgkey"}).empty())
    return Error{context.source.path + " names no key by gpgkey=, so that no package can be trusted",
                 "name the key of its maker; to accept packages from anybody: --no-signatures", EPERM};
  return {};
}

Error with_advice_on_signatures(Error error) {
  for (const char* said :
       {"is not signed", "GPG check FAILED", "Public key", "no signature", "NOKEY", "not installed"})
    if (error.all().find(said) != std::string::npos) {
      error.remedy =
          "if a key is missing: name it by gpgkey= in the .repo file; to accept packages from anybody: "
          "--no-signatures; " +
          error.remedy;
      break;
    }
  return error;
}

// Variables for the release.  dnf would take the release of this node, or none.
constexpr std::string_view release_variables[] = {"${releasever}", "$releasever"};

Result<std::string> read_repository(const BuildContext& context) {
  auto text = read_file(context.source.path, largest_repo_file);
  if (!text || !context.options.releasever.empty()) return text;
  for (const auto variable : release_variables)
    if (text->find(variable) != std::string::npos)
      return Error{context.source.path + " has " + std::string(variable) +
                       " in it, and nothing says "
                       "which release that is",
                   "say it, such as: --releasever 9", EINVAL};
  return text;
}

std::string with_release(std::string text, const std::string& release) {
  for (const auto variable : release_variables)
    for (auto at = text.find(variable); at != std::string::npos; at = text.find(variable, at))
      text.replace(at, variable.size(), release);
  return text;
}

Status by_dnf(const BuildContext& context, const std::string& repository) {
  const std::string own = context.work + "/dnf";
  if (auto status = write_file(own + "/repos", "source.repo", repository); !status) return status;
  // The node's own repositories and plugins must not apply.  Cache and logs are in the tree.
  const std::string settings =
      "[main]\nreposdir=" + own + "/repos\ncachedir=" + scratch + "/cache\nlogdir=" + scratch +
      "\nplugins=0\nkeepcache=0\ntsflags=nodocs\ninstall_weak_deps=0\n"
      "skip_if_unavailable=0\ntimeout=15\nretries=1\n" +
      (context.options.unsigned_ok ? "gpgcheck=0\n" : "gpgcheck=1\nlocalpkg_gpgcheck=1\n");
  if (auto status = write_file(own, "dnf.conf", settings); !status) return status;
  const std::string& release = context.options.releasever;
  std::vector<std::string> command{
      "dnf", "-y", "--config=" + own + "/dnf.conf", "--installroot=" + context.work + "/root",
      "--releasever=" + (release.empty() ? "/" : release),
      // Above what the sections of the .repo file say.
      context.options.unsigned_ok ? "--nogpgcheck" : "--setopt=*.gpgcheck=1", "install"};
  for (const auto& package : packages_of(context.source)) command.push_back(package);
  if (auto status = run_logged(command, context.log, context.progress); !status) {
    Error error = status.error();
    const auto addresses = addresses_of(repository, {"baseurl", "metalink", "mirrorlist"});
    if (reports_no_answer(error.all()))
      error.remedy = listed(addresses) + (addresses.size() > 1 ? ": one of them" : "") +
                     " does not answer; " + error.remedy;
    return with_advice_on_signatures(std::move(error));
  }
  return remove_tree(context.work + "/root" + scratch);
}

// The local directories in the baseurl lines.
std::vector<std::string> directories_of(const std::string& repository) {
  std::vector<std::string> out;
  for (std::string_view url : addresses_of(repository, {"baseurl"})) {
    if (url.starts_with("file://")) url.remove_prefix(7);
    if (url.starts_with('/')) out.emplace_back(url);
  }
  return out;
}

// NAME of NAME-VERSION-RELEASE.ARCH.rpm.
std::string package_name(const std::string& file) {
  auto end = file.rfind('-');
  if (end != std::string::npos && end > 0) end = file.rfind('-', end - 1);
  return end == std::string::npos ? file : file.substr(0, end);
}

Result<std::vector<std::string>> find_packages(const Source& source, const std::string& repository) {
  const auto directories = directories_of(repository);
  if (directories.empty())
    return Error{source.path +
                     " has no baseurl that is a directory (file:///...), and without dnf "
                     "nothing else can be read",
                 "install dnf", ENOENT};
  std::vector<std::string> out;
  std::vector<std::string> missing = source.packages;
  for (const auto& directory : directories) {
    std::error_code failure;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory, failure)) {
      const std::string file = entry.path().filename();
      if (!file.ends_with(".rpm") || file.ends_with(".src.rpm")) continue;
      const auto name = package_name(file);
      const bool named =
          std::find(source.packages.begin(), source.packages.end(), name) != source.packages.end();
      if (!source.packages.empty() && !named) continue;
      std::erase(missing, name);
      out.push_back(entry.path());
    }
    if (failure) return system_error("cannot read the repository " + directory, failure.value());
  }
  if (!missing.empty()) {
    std::string remedy = "see: ls";
    for (const auto& directory : directories) remedy += " " + shell_quoted(directory);
    return Error{"the repository of " + source.path + " has no package " + listed(missing), remedy, ENOENT};
  }
  if (out.empty()) return Error{"the repository of " + source.path + " is empty", "", ENOENT};
  return out;
}

// Imports the keys that the repository names into the database of the tree.
Status import_keys(const BuildContext& context, const std::vector<std::string>& rpm,
                   const std::string& repository) {
  for (std::string key : addresses_of(repository, {"gpgkey"})) {
    if (key.starts_with("file://")) key.erase(0, 7);
    if (!key.starts_with('/'))
      return Error{"the key " + printable(key) + " of " + context.source.path +
                       " is not on this node, and without dnf nothing else can be read",
                   "install dnf, or name a copy of the key by gpgkey=file:///...", ENOENT};
    auto command = rpm;
    command.insert(command.end(), {"--import", key});
    if (auto status = run_logged(command, context.log, context.progress); !status) return status;
  }
  return {};
}

// rpm adds no dependencies, but refuses packages whose dependencies are not among those named.
Status by_rpm(const BuildContext& context, const std::string& repository) {
  const auto files = find_packages(context.source, repository);
  if (!files) return files.error();
  std::vector<std::string> command{"rpm", "--root", context.work + "/root", "--define",
                                   std::string("_dbpath ") + database};
  if (context.options.unsigned_ok) {
    command.emplace_back("--nosignature");
  } else {
    if (auto status = import_keys(context, command, repository); !status) return status;
    // rpm takes unsigned packages otherwise.
    command.insert(command.end(), {"--define", "_pkgverify_level all"});
  }
  command.insert(command.end(), {"--excludedocs", "--install", "--verbose"});
  command.insert(command.end(), files->begin(), files->end());
  auto status = run_logged(command, context.log, context.progress);
  return status ? status : Status(with_advice_on_signatures(status.error()));
}

// Debian's librpm puts the database into root's home, where the tree's own rpm does not look.  A process
// whose root is the tree moves it: a package may have made links of the directories on the way.
Status place_database(const std::string& root) {
  const UniqueFd tree(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!tree) return system_error("cannot open " + root, errno);
  const auto move = [](int, const ConfinedReport&) -> Result<std::string> {
    const std::filesystem::path stray("/root/.rpmdb"), wanted(database);
    struct stat info {};
    if (::lstat(stray.c_str(), &info) != 0) return std::string();
    std::error_code failure;
    std::filesystem::create_directories(wanted.parent_path(), failure);
    if (!failure) std::filesystem::remove_all(wanted, failure);
    if (!failure) std::filesystem::rename(stray, wanted, failure);
    if (failure)
      return system_error("cannot move " + stray.string() + " of the tree to " + database, failure.value());
    return std::string();
  };
  const auto moved = run_confined({tree.get()}, move, {});
  return moved ? Status() : moved.error();
}

}  // namespace

Result<Built> build_rpm(const BuildContext& context) {
  auto repository = read_repository(context);
  if (!repository) return repository.error();
  if (auto status = check_signatures_wanted(context, *repository); !status) return status.error();
  const std::string root = context.work + "/root";
  if (::mkdir(root.c_str(), 0755) != 0) return system_error("cannot make the directory " + root, errno);
  const bool has_dnf = !find_program("dnf").empty();
  if (!has_dnf && find_program("rpm").empty()) return missing_program("dnf", "dnf");
  if (!has_dnf) *repository = with_release(*repository, context.options.releasever);
  context.progress.stage(std::string("installing packages by ") + (has_dnf ? "dnf" : "rpm"));
  auto status = has_dnf ? by_dnf(context, *repository) : by_rpm(context, *repository);
  if (status) status = place_database(root);
  if (!status) return status.error();
  return Built{TreeRecord::Kind::tree, root, ""};
}

}  // namespace chos
