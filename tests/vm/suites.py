# SPDX-License-Identifier: BSD-3-Clause
"""The parts of tests/run: unit tests, the module's style check, cases in VMs."""

import fnmatch
import json
import shlex
import subprocess
import threading
import time
import xml.etree.ElementTree as xml
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import cache, cases, daemons, guest, host, kernels, node, qemu, tools
from .progress import Failure, run, say
from .results import Outcome


def unit() -> list:
    """The unit tests.  Raises Failure."""
    return _unit("dev", "unit", 120)


def asan() -> list:
    """The unit tests with AddressSanitizer and UndefinedBehaviorSanitizer.  Raises Failure."""
    return _unit("asan", "asan", 300)


def _unit(preset: str, part: str, limit: int) -> list:
    """Build the tools, run what ctest knows; an outcome for each group of tests that passed."""
    host.need("unit")
    folder = tools.build(True, preset == "dev", preset)
    report = folder / "results.xml"
    report.unlink(missing_ok=True)
    log = cache.logs() / f"{part}.log"
    log.unlink(missing_ok=True)
    trouble = ""
    try:
        run(["ctest", "--test-dir", str(folder), "-j", "2", "--timeout", str(limit),
             "--output-on-failure", "--output-junit", str(report)], f"{part} tests", log)
    except Failure as failure:
        trouble = str(failure)
    if not report.exists():
        raise Failure(trouble or "ctest wrote no results")
    outcomes, passed = [], {}
    for case in xml.parse(report).getroot().iter("testcase"):
        name, seconds = case.get("name"), float(case.get("time", 0))
        group = name.split(".")[0]
        if case.find("failure") is not None or case.get("status") == "fail":
            outcomes.append(Outcome(part, name, "FAIL", 0.0, "see the log", log))
        elif case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
            outcomes.append(Outcome(part, name, "SKIP", 0.0, _why(case)))
        else:
            one = passed.setdefault(group, Outcome(part, group, "PASS", count=0))
            one.count += 1
            one.seconds += seconds
    if trouble and not any(o.status == "FAIL" for o in outcomes):
        outcomes.append(Outcome(part, "ctest", "FAIL", 0.0, "it ended with an error", log))
    if not passed and not outcomes:
        outcomes.append(Outcome(part, "ctest", "FAIL", 0.0, "there are no unit tests", log))
    total = sum(o.count for o in passed.values())
    say(f"{part} tests: {total} passed, {sum(o.status == 'FAIL' for o in outcomes)} failed")
    return list(passed.values()) + outcomes


def _why(case) -> str:
    """The reason of a skipped test, from its output."""
    said = (case.findtext("system-out") or "").splitlines()
    reason = [line.strip() for line in said if line.strip() and not line.startswith("[")]
    reason = [line for line in reason if not line.startswith(("Running", "Note:"))]
    return reason[-1] if reason else "ctest did not run it"


def check() -> list:
    """The module's own `check`: W=1 and sparse silent, checkpatch clean."""
    host.need("check")
    folders = sorted(Path("/usr/src").glob("linux-headers-*-amd64"),
                     key=lambda path: path.stat().st_mtime)
    if not folders:
        raise Failure("no kernel headers in /usr/src: install linux-headers-amd64")
    log = cache.logs() / "check.log"
    log.unlink(missing_ok=True)
    began = time.monotonic()
    try:
        run(["make", "-f", "Makefile.kbuild", "check", f"KDIR={folders[-1]}"], "check", log,
            cwd=kernels.TOP)
    except Failure:
        return [Outcome("check", "kmod", "FAIL", 0.0, "W=1, sparse or checkpatch complained", log)]
    say("check: clean")
    return [Outcome("check", "kmod", "PASS", time.monotonic() - began)]


# clang-tidy needs some ten seconds for a source.
_MOST_TIDIED = 8


def _git(*words: str) -> str:
    done = subprocess.run(["git", "-C", str(kernels.TOP), *words], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def _changed() -> tuple:
    """The commit to compare with, and the C++ sources that differ from it, uncommitted changes included.

    The commit is the one where this branch left its origin; where nothing was committed since, the last one's
    parent.
    """
    base = _git("merge-base", "HEAD", "origin/main") or _git("rev-parse", "HEAD")
    if base == _git("rev-parse", "HEAD") and not _git("status", "--porcelain", "--untracked-files=no"):
        base = _git("rev-parse", "HEAD~1")
    names = _git("diff", "--name-only", "--diff-filter=d", base, "--", "tools/*.cpp", "pam/*.cpp",
                 "jobstarter/*.cpp").splitlines() if base else []
    return base[:12], names


def tidy(every: bool = True) -> list:
    """clang-tidy on the C++ sources that were changed; a few of them unless every.  Raises Failure."""
    host.need("tools", "tidy")
    base, files = _changed()
    if not files:
        say(f"tidy: no C++ source differs from {base}")
        return [Outcome("tidy", "clang-tidy", "PASS", 0.0)]
    folder = tools.configure("dev", "-DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON")
    log = cache.logs() / "tidy.log"
    log.unlink(missing_ok=True)
    began = time.monotonic()
    looked_at = files if every else files[:_MOST_TIDIED]
    if len(files) > len(looked_at):
        say(f"tidy: {len(files)} sources differ from {base}; looking at the first {_MOST_TIDIED},"
            " all of them by: tests/run tidy")
    try:
        run(["clang-tidy", "-p", str(folder), "--quiet", *looked_at], f"tidy: {len(looked_at)} sources", log,
            cwd=kernels.TOP)
    except Failure:
        return [Outcome("tidy", "clang-tidy", "FAIL", 0.0, "see the log", log)]
    say("tidy: clean")
    return [Outcome("tidy", "clang-tidy", "PASS", time.monotonic() - began)]


def _words_of(entry: dict) -> list:
    """The compiler's command of an entry of compile_commands.json, for the syntax alone and without ccache."""
    words = shlex.split(entry["command"])
    while not Path(words[0]).name.endswith("c++"):
        words.pop(0)
    place = words.index("-o")
    return [*words[:place], *words[place + 2:], "-fsyntax-only"]


def sources() -> list:
    """Each source by itself, without precompiled headers, as the preset release compiles it.  Raises Failure.

    The preset dev compiles a room in one piece, which hides that a source lacks an include.
    """
    host.need("tools")
    folder = tools.configure("dev", "-DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON")
    entries = [entry for entry in json.loads((folder / "compile_commands.json").read_text())
               if not entry["file"].endswith("_test.cpp")]
    log = cache.logs() / "sources.log"
    log.unlink(missing_ok=True)
    began = time.monotonic()

    def compiles(number: int) -> bool:
        entry = entries[number]
        done = subprocess.run(_words_of(entry), cwd=entry["directory"], capture_output=True, text=True, check=False)
        with open(log, "a", encoding="utf-8") as file:
            file.write(done.stderr)
        if number % 50 == 49:
            say(f"sources: {number + 1} of {len(entries)}")
        return done.returncode == 0

    with ThreadPoolExecutor(2) as pool:
        good = list(pool.map(compiles, range(len(entries))))
    bad = [Path(entry["file"]).relative_to(kernels.TOP) for entry, is_good in zip(entries, good) if not is_good]
    if bad:
        return [Outcome("sources", str(one), "FAIL", 0.0, "it does not compile by itself", log) for one in bad]
    say("sources: each compiles by itself")
    return [Outcome("sources", "by themselves", "PASS", time.monotonic() - began, count=len(entries))]


# So that every run ends within the hour, on a busy machine too.  They take minutes each ...
_SOME_KERNELS = {"pidreuse_200000_forks": (), "orphans_10000": ("newest",),
                 "usage_never_zero": ("newest",), "node_replace_under_jobs": ("newest",),
                 "node_up_killed": ("newest",), "node_os_killed": ("6.1",)}
# ... and these ask little of the kernel, or what other cases ask of all four.
_SOME_KERNELS |= {f"node_{case}": ("6.1", "newest") for case in (
    "allowlist_bad", "chos_base", "chos_refuses", "jobstarter", "metrics", "os_commands",
    "os_suid", "reports", "user_file")}


def _in_every_run(case: str, kernel: str) -> bool:
    return kernel in _SOME_KERNELS.get(case, (kernel,))


class VirtualMachines:
    """Cases in VMs: those of the kernel program, those of the node, and those with daemons."""

    def __init__(self, pattern: str | None = None, long: bool = False, every_time: bool = False):
        """pattern: of the shell, which cases to run.  Raises Failure if it names none.

        every_time: those of every run; the others count as skipped.
        """
        self.long = long
        self.every_time = every_time
        self._disks = threading.Lock()
        say(f"virtual machines with {'KVM' if qemu.kvm() else 'TCG (no KVM)'}")
        self.program = guest.build()
        in_kernel = guest.cases(self.program, {"CHOS_LONG": "1"} if long else {})
        on_node = list(node.scripts())
        self.kernel_cases = [c for c in in_kernel if _named(c[0], pattern)]
        self.node_cases = [name for name in on_node if _named(name, pattern)]
        self.daemon_cases = [name for name in daemons.scripts() if _named(name, pattern)]
        if not self.kernel_cases and not self.node_cases and not self.daemon_cases:
            names = [name for name, _ in in_kernel] + on_node + daemons.scripts()
            raise Failure(f"no case {pattern}; there are:\n  " + "\n  ".join(names))

    def run(self, name: str) -> list:
        """All chosen cases on a kernel."""
        with_daemons = any(name in group.trees for group in daemons.GROUPS)
        if not (self.kernel_cases or self.node_cases or (self.daemon_cases and with_daemons)):
            say(f"kernel {name}: none of these cases runs on it")
            return []
        outcomes = []
        kernel = kernels.get(name)
        _ = kernel.ko
        say(f"kernel {kernel.release}: {len(self.kernel_cases)} cases,"
            f" {len(self.node_cases)} on a node")
        in_kernel, on_node = self.kernel_cases, self.node_cases
        if self.every_time:
            in_kernel = [case for case in in_kernel if _in_every_run(case[0], name)]
            on_node = [case for case in on_node if _in_every_run(case, name)]
            left = [case[0] for case in self.kernel_cases if case not in in_kernel]
            left += [case for case in self.node_cases if case not in on_node]
            outcomes += [Outcome(kernel.name, case, "SKIP", 0.0, "not in every run on this kernel:"
                                 f" tests/run vm {kernel.name} {case}") for case in left]
        if in_kernel:
            outcomes += cases.run_kernel_cases(kernel, self.program, in_kernel, self.long)
        if on_node:
            with self._disks:  # made once
                node.disks()
            outcomes += cases.run_node_cases(kernel, on_node, self.long)
        outcomes += daemons.run(kernel, self.daemon_cases, self.long, self.every_time, self._disks)
        say(f"kernel {kernel.release}: done,"
            f" {sum(o.status == 'FAIL' for o in outcomes)} failed")
        return outcomes


def _named(name: str, pattern: str | None) -> bool:
    return pattern is None or fnmatch.fnmatchcase(name, pattern)
