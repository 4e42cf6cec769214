// SPDX-License-Identifier: BSD-3-Clause
#include "chosctl/os_print.h"

#include "basic/exit_status.h"
#include "basic/messages.h"
#include "basic/process_info.h"
#include "basic/table.h"
#include "basic/text.h"

namespace chos::ctl {

int failed(const Error& error) {
  Messages("chosctl").error(error);
  return exit_failed;
}

Json as_json(const FileList& list, const std::string& about) {
  Json out = Json::array();
  for (const auto& file : list.files()) out.push_back({{"path", file.path}, {about, file.about}});
  return out;
}

Json as_json(const TreeRecord& record) {
  return {{"generation", record.generation},
          {"path", record.path()},
          {"kind", kind_key(record.kind)},
          {"source", record.source},
          {"options", words_of(record.options)},
          {"digest", record.digest},
          {"bytes", record.bytes},
          {"entries", record.entries},
          {"created", record.created},
          {"privileged", as_json(record.privileged, "rights")},
          {"privileged_count", record.privileged.count()},
          {"devices", as_json(record.devices, "device")},
          {"devices_count", record.devices.count()},
          {"writable", as_json(record.writable, "by")},
          {"writable_count", record.writable.count()}};
}

std::string options_text(const BuildOptions& options) {
  std::string out;
  for (const auto& word : words_of(options)) out += (out.empty() ? "" : " ") + word;
  return out;
}

InsideOs processes_inside(const Node& node, const std::string& name) {
  Json out = Json::array();
  Table table({"PID", "UID", "COMMAND"});
  const auto processes = node.kernel.processes();
  for (const auto& process : processes ? *processes : std::vector<OsProcess>()) {
    if (process.name != name) continue;
    const auto about = describe_process(process.pid);
    out.push_back({{"pid", process.pid},
                   {"uid", about ? Json(about->uid) : Json(nullptr)},
                   {"command", about ? Json(about->command) : Json(nullptr)}});
    table.add({std::to_string(process.pid), about ? std::to_string(about->uid) : "?",
               about ? printable(about->command) : "?"});
  }
  return {out, table.empty() ? "" : table.text()};
}

}  // namespace chos::ctl
