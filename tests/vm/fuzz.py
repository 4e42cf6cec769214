# SPDX-License-Identifier: BSD-3-Clause
"""libFuzzer over the parsers that read what users, administrators and makers of trees and images write.

tests/fuzz/NAME_fuzz.cpp is a target, tests/fuzz/corpus/NAME what it starts from.  What it finds
grows in the cache under fuzz/NAME; an input that breaks something is kept there too, and so is
tried first the next time.
"""

import os
import re
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import cache, host
from .kernels import TOP
from .progress import Failure, run, say
from .results import Outcome

SECONDS = 60
SECONDS_IN_RUN = 40  # of a run of everything: four minutes for all targets, of which two run at a time
FOLDER = TOP / "tests/fuzz"
# Target -> what it is linked with, below tools/lib.
TARGETS = {
    "user_file": ["session/user_file.cpp", "basic/files.cpp", "basic/text.cpp", "allowlist/names.cpp"],
    "allowlist": ["allowlist/allowlist.cpp", "allowlist/parse.cpp", "session/selection.cpp",
                  "session/user_file.cpp", "basic/files.cpp", "basic/text.cpp", "allowlist/names.cpp"],
    "options": ["../../pam/options.cpp", "basic/text.cpp", "allowlist/names.cpp"],
    "config": ["config/config.cpp", "config/toml.cpp", "config/base_command.cpp", "allowlist/parse.cpp",
               "allowlist/allowlist.cpp", "allowlist/names.cpp", "basic/files.cpp", "basic/text.cpp"],
    "elf": ["basic/elf.cpp", "basic/files.cpp", "basic/text.cpp"],
    "image_index": ["build/image_documents.cpp", "basic/digest.cpp", "basic/json.cpp", "basic/files.cpp",
                    "basic/text.cpp"],
    "layer": ["build/layer_stream.cpp", "build/entry.cpp", "basic/digest.cpp", "basic/files.cpp",
              "basic/text.cpp"],
    "manifest": ["store/manifest.cpp", "basic/digest.cpp", "store/file_list.cpp", "basic/walk.cpp",
                 "basic/files.cpp", "basic/text.cpp"],
    "mountinfo": ["mount/mountinfo.cpp", "mount/flags.cpp", "basic/files.cpp", "basic/text.cpp"],
    "os_release": ["store/os_release.cpp", "basic/elf.cpp", "mount/open.cpp", "mount/mountinfo.cpp",
                   "mount/flags.cpp", "basic/files.cpp", "basic/text.cpp"],
    "pam": ["pamd/parse.cpp", "pamd/plan.cpp", "pamd/rule.cpp", "pamd/stack.cpp", "pamd/strip.cpp",
            "allowlist/names.cpp", "basic/files.cpp", "basic/text.cpp"],
    "plugstack": ["batch/plugin_line.cpp", "batch/block.cpp", "batch/config_text.cpp", "basic/files.cpp",
                  "basic/text.cpp"],
}
# What else the compiler is told.
OPTIONS = {"config": ["-DTOML_HEADER_ONLY=0"]}
LIBRARIES = {"image_index": ["-lcrypto"], "layer": ["-larchive", "-lcrypto"], "manifest": ["-lcrypto"],
             "mountinfo": ["-lmount"], "os_release": ["-lmount"]}
_FLAGS = ["-std=c++20", "-O1", "-g", "-fno-omit-frame-pointer", "-Wall", "-Wextra",
          "-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=undefined",
          f"-I{TOP}", f"-I{TOP / 'include'}", "-I/usr/include/libmount", f"-I{TOP / 'tools/lib'}", f"-I{FOLDER}"]


def fuzz(seconds: int = SECONDS) -> list:
    """Build the targets and run them, two at a time, each for so many seconds."""
    host.need("fuzz", "tools")
    there = {path.name.removesuffix("_fuzz.cpp") for path in FOLDER.glob("*_fuzz.cpp")}
    if there != set(TARGETS):
        raise Failure(f"tests/fuzz has the targets {sorted(there)}, TARGETS in vm/fuzz.py"
                      f" {sorted(TARGETS)}")
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda name: _one(name, seconds), TARGETS))


def _build(name: str) -> Path:
    """The target's program in the cache; built if its sources have changed.  Raises Failure."""
    units = [FOLDER / f"{name}_fuzz.cpp", *[TOP / "tools/lib" / unit for unit in TARGETS[name]]]
    headers = [path for folder in ("include", "tools/lib", "pam", "tests/fuzz")
               for path in cache.files_under(TOP / folder) if path.suffix == ".h"]
    compiler = subprocess.run(["clang++", "--version"], capture_output=True, text=True,
                              check=True).stdout
    log = cache.logs() / f"build-fuzz-{name}.log"
    log.unlink(missing_ok=True)

    def make(path: Path) -> None:
        run(["clang++", *_FLAGS, *OPTIONS.get(name, []), *map(str, units), "-o", str(path / name),
             *LIBRARIES.get(name, [])],
            f"fuzz target {name}: building", log)

    key = cache.key_of(compiler, _FLAGS, OPTIONS.get(name, []), LIBRARIES.get(name, []), *units, *headers)
    return cache.entry("fuzzers", name, key, make) / name


def _one(name: str, seconds: int) -> Outcome:
    program = _build(name)
    grown = cache.root() / "fuzz" / name
    grown.mkdir(parents=True, exist_ok=True)
    log = cache.logs() / f"fuzz-{name}.log"
    log.unlink(missing_ok=True)
    seed = os.environ.get("CHOS_SEED")
    command = [str(program), f"-max_total_time={seconds}", "-max_len=8192", "-timeout=20",
               "-print_final_stats=1", f"-artifact_prefix={grown}/",
               *([f"-seed={seed}"] if seed else []), str(grown), str(FOLDER / "corpus" / name)]
    began = time.monotonic()
    try:
        run(command, f"fuzz {name}", log)
    except Failure:
        text = log.read_text(errors="replace")
        kept = re.findall(r"Test unit written to (.*)", text)
        reason = f"again: {program} {kept[-1]}" if kept else "it ended with an error"
        say(f"fuzz {name}: FAILED, {reason}")
        return Outcome("fuzz", name, "FAIL", 0.0, reason, log)
    runs = re.findall(r"number_of_executed_units: *(\d+)", log.read_text(errors="replace"))
    if not runs or int(runs[-1]) == 0:
        return Outcome("fuzz", name, "FAIL", 0.0, "it tried nothing", log)
    say(f"fuzz {name}: {runs[-1]} inputs, nothing found")
    return Outcome("fuzz", name, "PASS", time.monotonic() - began)
