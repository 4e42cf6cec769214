// SPDX-License-Identifier: BSD-3-Clause
// Takes any bytes for Slurm's plugstack.conf: its words, and our line in it, which must go without a trace.
#include <cstdint>
#include <string>

#include "basic/text.h"
#include "batch/block.h"
#include "batch/config_text.h"
#include "fuzz.h"

namespace {

// As batch/slurm.cpp does.
chos::LineMeaning classify(std::string_view line) {
  const auto words = chos::config_words(line);
  if (words.size() < 2 || chos::last_part(words[1]) != "spank_chos.so") return chos::LineMeaning::unrelated;
  return words[0] == "required" ? chos::LineMeaning::same : chos::LineMeaning::conflicting;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  for (const auto line : chos::split(text, '\n')) {
    for (const auto& word : chos::config_words(line)) MUST(!word.empty());
    (void)classify(line);
  }
  (void)chos::config_value(text, "PlugStackConfig");
  const auto before = chos::find_block(text, "slurm", classify);
  if (before.what != chos::BlockState::What::nothing) return 0;
  const auto with = chos::put_block(text, "slurm", "required spank_chos.so");
  MUST(chos::find_block(with, "slurm", classify).what != chos::BlockState::What::nothing);
  MUST(chos::drop_block(with, "slurm") == text);
  return 0;
}
