// SPDX-License-Identifier: BSD-3-Clause
// The trees that chosctl has made, and what it knows of them.
//
// Everything lies in the directory of the trees, so that one export serves many nodes:
//   TREES/NAME, TREES/NAME~2 ...    the trees that are published, by generation
//   TREES/.chos/os/NAME~N.json      the record of each; NAME~N.manifest its manifest
//   TREES/.chos/images/NAME~N.img   the image that is mounted on TREES/NAME~N
//   TREES/.chos/work/NAME/          what is being made or thrown away
//   TREES/.chos/work/.NAME~N/       what could not be thrown away; no change depends on it
//   TREES/.chos/journal/NAME        the change under way, locked by the process that makes it
// No OS name contains '~', so no two OSs share a directory.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "basic/files.h"
#include "basic/result.h"
#include "store/build_options.h"
#include "store/file_list.h"

namespace chos {

/// One generation of an OS.
struct TreeRecord {
  enum class Kind {
    tree,      ///< a directory that chosctl made
    image,     ///< an image in the store, mounted on the directory
    external,  ///< a directory that chosctl did not make: bound to TREES/NAME~N, or TREES/NAME~N itself
  };
  std::string name;
  unsigned generation = 1;
  Kind kind = Kind::tree;
  std::string source;    ///< as given to chosctl
  BuildOptions options;  ///< as given to chosctl; the defaults in older records
  std::string origin;    ///< external: the directory; image: its type, "squashfs" or "erofs"
  std::string digest;    ///< of the manifest; of the file for an image
  std::uint64_t bytes = 0, entries = 0;
  std::string release;   ///< PRETTY_NAME of its os-release
  std::string machine;   ///< "x86_64", "i386" ...
  std::string created;   ///< "2026-11-22T10:11:12Z"
  std::string previous;  ///< the path that the name had before; "" if none, or not known
  FileList privileged;   ///< setuid and setgid programs, and those with file capabilities
  FileList devices;      ///< device nodes; older records have none
  FileList writable;     ///< files that others than root could change; older records have none

  std::string key() const { return name + "~" + std::to_string(generation); }
  /// Its directory among the trees, and its path as seen in the farm.
  std::string directory() const { return generation == 1 ? name : key(); }
  std::string path() const { return "/os/" + directory(); }
};
const char* kind_key(TreeRecord::Kind kind);

/// The change of an OS that is under way.  If the run is killed, the next one undoes or finishes it.
struct JournalEntry {
  enum class What { publish, remove };  ///< publish: add and replace
  What what = What::publish;
  unsigned generation = 1;  ///< publish: the new one
};

class Store {
 public:
  explicit Store(std::string trees) : trees_(std::move(trees)) {}

  const std::string& trees() const { return trees_; }
  std::string tree(const TreeRecord& record) const { return trees_ + "/" + record.directory(); }
  std::string image(const TreeRecord& record) const;
  std::string work(const std::string& name) const;
  std::string log(const std::string& name) const;

  /// Renames a working directory that could not be deleted, so that the OS has none, and returns its new
  /// path.
  Result<std::string> put_aside(const std::string& name) const;
  /// What put_aside() has left.
  std::vector<std::string> rubbish() const;

  /// Makes the directories of the store.
  Status prepare() const;

  /// All records, sorted by name and generation.  A store that does not exist has none.
  Result<std::vector<TreeRecord>> records() const;
  Result<std::vector<TreeRecord>> records_of(const std::string& name) const;
  Status write(const TreeRecord& record, const std::string& manifest) const;
  Result<std::string> manifest(const TreeRecord& record) const;
  Status forget(const TreeRecord& record) const;  ///< record and manifest

  /// Locks the journal of an OS for this process and its children.  Waits up to `limit` for another chosctl
  /// that is changing the OS, and calls `waiting` first.  Code EWOULDBLOCK: that is still at work.
  Result<UniqueFd> take(const std::string& name, std::chrono::milliseconds limit = {},
                        const std::function<void(const std::string& holders)>& waiting = {}) const;
  /// The change that a killed run left unfinished; nothing if there is none.
  Result<std::optional<JournalEntry>> journal(const std::string& name) const;
  Status write_journal(const std::string& name, const JournalEntry& entry) const;
  Status end_journal(const std::string& name) const;
  /// The OSs that have a journal or a working directory.
  std::vector<std::string> unfinished() const;

  /// Takes the lock for edits of the allowlist, see take_lock().
  Result<UniqueFd> lock_list() const;

 private:
  std::string own(const std::string& rest) const { return trees_ + "/.chos/" + rest; }

  std::string trees_;
};

/// The record whose tree has this path in the farm; null if there is none.
const TreeRecord* find_record(const std::vector<TreeRecord>& records, const std::string& path);

}  // namespace chos
