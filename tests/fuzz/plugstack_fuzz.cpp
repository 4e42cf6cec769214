// SPDX-License-Identifier: BSD-3-Clause
// Takes any bytes for Slurm's plugstack.conf: its words, and our line in it, which must go without a trace.
#include <cstdint>
#include <string>

#include "basic/text.h"
#include "batch/block.h"
#include "batch/config_text.h"
#include "batch/plugin_line.h"
#include "fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  for (const auto line : chos::split(text, '\n')) {
    for (const auto& word : chos::config_words(line)) MUST(!word.empty());
    (void)chos::classify_plugin_line(line);
  }
  (void)chos::config_value(text, "PlugStackConfig");
  const auto before = chos::find_block(text, "slurm", chos::classify_plugin_line);
  if (before.what != chos::BlockState::What::nothing) return 0;
  const auto with = chos::put_block(text, "slurm", "required spank_chos.so");
  MUST(chos::find_block(with, "slurm", chos::classify_plugin_line).what != chos::BlockState::What::nothing);
  MUST(chos::drop_block(with, "slurm") == text);
  return 0;
}
