# SPDX-License-Identifier: BSD-3-Clause
"""tests/run debug: the kernel cases on kernels with detectors, failing allocations, and the fuzzer of system calls.

First it shows that it can fail: a module that makes mistakes on purpose must be reported by the kernel,
each mistake of it.  Then it runs the cases of chos-guest and those of tests/vm/debug.  A case fails as
elsewhere, and if a report of the kernel while it runs concerns the module.  Reports that do not concern
it are printed.

Others call debug() and short(), which raise Failure if a kernel or a program cannot be built.
"""

import fnmatch
import os
import random

from . import cases, debug_kernels, guest, kernel_reports, qemu
from .progress import Failure, say
from .results import Outcome

# How much slower these kernels are than an ordinary one; time limits are multiplied by it.
_SLOW = {"kasan": 4, "kcsan": 5, "ubsan": 3}
# The mistakes of debug/broken.c that each kernel must report.  KASAN's first report ends lockdep, so it
# comes after those about locks.
_MISTAKES = {"kasan": ("order", "sleep", "warn", "after_free", "leak", "pages"),
             "kcsan": ("race",),
             "ubsan": ("shift", "sleep", "order")}
# Mistakes of which the kernel logs nothing: a later case looks for them -> what it then says.
_LOOKED_FOR = {"leak": ("detector_leaks", "kmemleak found"),
               "pages": ("detector_pages", "pages of the module are left")}
# What tests/run debug runs: what the other cases do not do, and what most of them do.
_SHORT = ("calls_*", "failing_*", "load_unload_under_load", "load_unload_leaves_nothing",
          "storm_switchers_and_readers", "sharing_execve_in_another_thread", "inherit_*", "usage_*")
_LAST = "detector_*"
# Two processors, and memory for what the detectors note.
_MACHINE = {"memory": "2G", "debug": False}
# no_timer_check: on a busy machine the emulated timer is late, and the kernel would give up at boot.
_APPEND = "no_timer_check panic_on_warn=0 kasan_multi_shot page_owner=on chostest.debug"


def short() -> list:
    """The short campaign: KASAN on the newer kernel, without the cases that take long."""
    return debug("kasan", list(debug_kernels.VERSIONS)[-1:], _SHORT)


def debug(flavour: str, versions: list, patterns: tuple = ("*",), long: bool = False) -> list:
    """Run the campaign with one set of detectors; return the outcomes.  Raises Failure.

    patterns: of the shell, which cases to run.  long: with larger loads.
    """
    program = guest.build(debug_kernels.FOLDER)
    known = guest.cases(program, {"CHOS_LONG": "1"} if long else {})
    chosen = [case for case in known if any(fnmatch.fnmatchcase(case[0], one) for one in patterns)
              and not fnmatch.fnmatchcase(case[0], "broken_*")]
    if not chosen:
        raise Failure(f"no case {' '.join(patterns)}; there are:\n  " + "\n  ".join(name for name, _ in known))
    last = [case for case in known if fnmatch.fnmatchcase(case[0], _LAST)]
    chosen = [case for case in chosen if case not in last] + last
    seed = os.environ.get("CHOS_SEED") or str(random.randrange(1, 1 << 31))
    say(f"random choices are repeated by CHOS_SEED={seed}")
    outcomes = []
    for version in versions:
        kernel = debug_kernels.get(version, flavour)
        _ = kernel.ko
        outcomes.append(_self_check(kernel, program))
        say(f"kernel {kernel.name}: {len(chosen)} cases")
        outcomes += _run(kernel, program, chosen, long, seed)
    return outcomes


def _run(kernel, program, chosen: list, long: bool, seed: str) -> list:
    elsewhere = {}

    def concerning_the_module(text: str) -> list:
        for title in kernel_reports.foreign(text):
            elsewhere[title] = elsewhere.get(title, 0) + 1
        return kernel_reports.ours(text)

    outcomes = cases.run_kernel_cases(kernel, program, chosen, long, concerning_the_module,
                                      _SLOW[kernel.flavour], _words(kernel, seed), **_MACHINE)
    for title, times in elsewhere.items():
        say(f"kernel {kernel.name}: a report that does not concern the module, {times} times: {title}")
    return outcomes


def _words(kernel, seed: str) -> str:
    """Further words of the kernel's command line."""
    return f"{_APPEND} chostest.seed={seed} chostest.scale={qemu.scale() * _SLOW[kernel.flavour]}"


def _self_check(kernel, program) -> Outcome:
    """Whether the campaign notices mistakes of the module."""
    mistakes = _MISTAKES[kernel.flavour]
    names = [f"broken_{name}" for name in mistakes]
    names += [_LOOKED_FOR[name][0] for name in mistakes if name in _LOOKED_FOR]
    say(f"kernel {kernel.name}: does it report mistakes on purpose ({', '.join(mistakes)})?")

    def heard(line: str) -> float:
        if line.startswith("START"):
            say(f"      {kernel.name} {line.removeprefix('START ')}")
        return 120 * _SLOW[kernel.flavour]

    archive = cases.guest_archive(names, program, kernel.broken_ko)
    run = qemu.boot(kernel, archive.build(), f"{kernel.name}-self-check", on_line=heard,
                    append=_words(kernel, "1"), **_MACHINE)
    parts = cases.by_case(run.console.read_text(errors="replace"))
    unseen = []
    for name in mistakes:
        case, words = _LOOKED_FOR.get(name, ("", ""))
        seen = (any(line.startswith(f"FAIL {case} ") and words in line for line in run.lines) if case
                else kernel_reports.ours(parts.get(f"broken_{name}", "")))
        if not seen:
            unseen.append(name)
    if unseen:
        say(f"kernel {kernel.name}: the mistakes {', '.join(unseen)} were not reported")
        return Outcome(kernel.name, "self-check", "FAIL", run.seconds,
                       f"no report of the mistakes {', '.join(unseen)}", run.console)
    say(f"kernel {kernel.name}: every mistake was reported")
    return Outcome(kernel.name, "self-check", "PASS", run.seconds)
