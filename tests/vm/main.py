# SPDX-License-Identifier: BSD-3-Clause
"""The command line of tests/run."""

import argparse
import os
import signal
import subprocess
import sys
import traceback

from . import (builders, campaign, debug_kernels, fuzz, hostile, kernels, promises, qemu, results, rooms,
               suites, tools)
from .progress import Failure, Parallel, say

HELP = """\
Tests of chos.  What this machine lacks is installed by apt; Debian trees, kernels and images
come from its own mirror and are kept in ${XDG_CACHE_HOME:-~/.cache}/chos, with the logs.

  tests/run                     units, rooms, check, sources, tidy, hostile, fuzz, the cases of the kernel and the
                                node on all four kernels but for lengthy ones, some logins and jobs
  tests/run unit                the GoogleTest units of the tools, then the same with AddressSanitizer and
                                UndefinedBehaviorSanitizer
  tests/run asan                the second half of that
  tests/run rooms               the includes, against the table of ARCHITECTURE.md; the tests that
                                SECURITY.md names
  tests/run tidy                clang-tidy on the C++ sources that you changed
  tests/run sources             each source by itself, as it is compiled for packages
  tests/run check               the module's sources: W=1, sparse, checkpatch
  tests/run fuzz [SECONDS]      libFuzzer over what users, admins, trees and images say, 60 s each
  tests/run hostile [SEED]      every hostile archive of a generator, with chosctl os add: a minute
  tests/run vm                  all cases in virtual machines, on all four kernels
  tests/run vm 6.1              ... on one kernel: 5.10, 6.1, 6.12, newest (or its version)
  tests/run vm 6.1 load_*       ... some cases there, by a pattern of the shell
  tests/run vm node_two_users   one case on all four kernels
  tests/run vm 6.1 login_*      logins through sshd, su, cron ...: Debian 12 on 6.1, 13 on 6.12
  tests/run vm 6.1 slurm_*      jobs of Slurm on two nodes, the same way
  tests/run vm 6.12 condor_*    jobs of HTCondor
  tests/run vm 6.1 reboot_*     a node that comes up by itself, and does so again
  tests/run long [KERNEL] [CASE]  the cases with bigger loads
  tests/run debug               kernels with detectors, short: before each release
  tests/run debug FLAVOUR       ... every case of the kernel program: kasan, kcsan or ubsan, on 6.1 and 6.12
  tests/run debug kasan 6.1 calls_*   ... some cases on one kernel
  tests/run builders [KILLS]    chosctl os add killed 50 times with each builder at work: 20 minutes
  tests/run bench [...]         what chos costs, in guest instructions (bench --help)

CHOS_NO_KVM=1 goes without hardware virtualisation, CHOS_SEED=N repeats random choices.
The last line is `N passed, N failed, N skipped`; the exit status is 0 if nothing failed."""


def _vm(words: list, long: bool) -> list:
    names = kernels.names()
    if words and kernels.is_name(words[0]):
        names = [words.pop(0)]
    pattern = words.pop(0) if words else None
    if words:
        raise Failure(f"too many words: {' '.join(words)}; see tests/run --help")
    if long:
        tools.measure()
    machines = suites.VirtualMachines(pattern, long)
    jobs = Parallel(2)
    for name in names:
        jobs.start(name, machines.run, name)
    done = jobs.wait()
    return [outcome for name in names for outcome in done[name]]


def _debug(words: list, long: bool) -> list:
    """debug [FLAVOUR [KERNEL] [CASE]]"""
    if not words:
        return campaign.short()
    flavour = words.pop(0)
    if flavour not in debug_kernels.FLAVOURS:
        raise Failure(f"no detectors {flavour}: there are {', '.join(debug_kernels.FLAVOURS)}")
    versions = list(debug_kernels.VERSIONS)
    if words and words[0] in versions:
        versions = [words.pop(0)]
    patterns = (words.pop(0),) if words else ("*",)
    if words:
        raise Failure(f"too many words: {' '.join(words)}; see tests/run --help")
    return campaign.debug(flavour, versions, patterns, long)


def _number(words: list, usual: int, expected: str) -> int:
    number = words.pop(0) if words else str(usual)
    if words or not number.isdecimal() or int(number) == 0:
        raise Failure(f"expected: tests/run {expected}")
    return int(number)


def _pages() -> list:
    """What the pages at the top say of the code and of the tests."""
    return rooms.check() + promises.check()


def _everything() -> list:
    """All parts, two at a time; one that cannot run is a failure and stops no other."""
    jobs = Parallel(2)

    def guarded(group: str, part):
        def work() -> list:
            try:
                return part()
            except Exception as error:  # whatever it is, the other parts still run
                if not isinstance(error, Failure):
                    traceback.print_exc()
                say(f"{group}: {error}")
                return [results.Outcome(group, "all", "FAIL", 0.0, str(error).split("\n")[0])]
        return work

    try:
        machines = suites.VirtualMachines(every_time=True)
    except Failure as failure:
        machines = None
        broken = results.Outcome("vm", "all", "FAIL", 0.0, str(failure))
        say(f"virtual machines: {failure}")
    order = ["rooms", "unit", "asan", "check", "sources", "tidy", "hostile", "fuzz"]
    jobs.start("rooms", guarded("rooms", _pages))
    jobs.start("unit", guarded("unit", suites.unit))
    if machines:
        # The one with daemons takes longest: it goes first.
        for name in sorted(reversed(kernels.names()), key=lambda name: name != "6.1"):
            order.append(name)
            jobs.start(name, guarded(name, lambda name=name: machines.run(name)))
    jobs.start("check", guarded("check", suites.check))
    jobs.start("sources", guarded("sources", suites.sources))
    jobs.start("tidy", guarded("tidy", lambda: suites.tidy(every=False)))
    jobs.start("hostile", guarded("hostile", hostile.hostile))
    jobs.start("fuzz", guarded("fuzz", lambda: fuzz.fuzz(fuzz.SECONDS_IN_RUN)))
    jobs.start("asan", guarded("asan", suites.asan))
    done = jobs.wait()
    outcomes = [outcome for name in order for outcome in done[name]]
    return outcomes if machines else outcomes + [broken]


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests/run", description=HELP, usage=argparse.SUPPRESS,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="*", help=argparse.SUPPRESS)
    if len(sys.argv) > 1 and sys.argv[1] == "bench":
        script = kernels.TOP / "tests/bench/run"
        return subprocess.run([str(script), *sys.argv[2:]], check=False).returncode
    words = parser.parse_args().words
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    long = os.environ.get("CHOS_LONG", "0") not in ("", "0")
    try:
        what = words.pop(0) if words else "everything"
        if what in ("vm", "long"):
            outcomes = _vm(words, long or what == "long")
        elif what == "debug":
            outcomes = _debug(words, long)
        elif what == "fuzz":
            outcomes = fuzz.fuzz(_number(words, fuzz.SECONDS, "fuzz [SECONDS]"))
        elif what == "hostile":
            outcomes = hostile.hostile(_number(words, 0, "hostile [SEED]") if words else None)
        elif what == "builders":
            outcomes = builders.killed(_number(words, builders.KILLS, "builders [KILLS]"))
        elif words:
            raise Failure(f"{what} takes no more words; see tests/run --help")
        elif what in ("everything", "unit", "asan", "rooms", "check", "tidy", "sources"):
            part = {"everything": _everything, "unit": lambda: suites.unit() + suites.asan(), "asan": suites.asan,
                    "rooms": _pages, "check": suites.check, "tidy": suites.tidy,
                    "sources": suites.sources}[what]
            outcomes = part()
        else:
            raise Failure(f"no part {what}: see tests/run --help")
    except Failure as failure:
        print(f"tests/run: {failure}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("tests/run: interrupted", file=sys.stderr)
        return 130
    say(f"logs: {qemu.run_folder().parent.parent}")
    return results.report(outcomes)


if __name__ == "__main__":
    sys.exit(main())
