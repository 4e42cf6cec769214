# SPDX-License-Identifier: BSD-3-Clause
"""Runs cases in VMs: boots one machine after another until each case has an outcome.

A case fails if it reports a failure, if the kernel logs a problem while it runs, or if the machine
ends or stops responding during it.  In the last two situations the remaining cases run in a new
machine.

Others call run_kernel_cases() and run_node_cases(), daemons.py calls run_all() with a Tracker, and
campaign.py calls guest_archive() and by_case().  They raise Failure if a machine cannot be made; a failed
case is an outcome, not an exception.
"""

import os
import re
from pathlib import Path

from . import guest, initramfs, node, qemu, small_tree
from .progress import say
from .results import NOT_RUN, Outcome, one_line

BOOT = Path(__file__).resolve().parent / "boot"
_MARK = re.compile(r"\] chos-test: (start|end) (\S+)")
# In these cases the kernel patches its own text (it attaches and detaches tracepoints) while other
# processors execute it.  With one thread per processor, QEMU's TCG sometimes executes the int3 of a
# patch that has already been completed, and the kernel oopses.  These cases run with a single thread.
PATCHING_TEXT = ("load_unload_under_load",)
# These cases make the clock advance at each tick only, which the kernel refuses if its timers need more.
COARSE_CLOCK = ("pidreuse_within_a_tick", "pidreuse_within_a_tick_without_tracking")
_COARSE_CLOCK = " highres=off nohz=off"
NODE_LIMIT = 60  # seconds for a case of the node, to be multiplied by qemu.scale()
LONG_NODE_LIMIT = 300  # the same for the long runs
MOUNTING_IMAGES = {"node_layer", "node_os_commands", "node_os_killed", "node_os_suid",
                   "node_replace_under_jobs"}
_PATIENCE = 60  # seconds beyond a case's own limit


class Tracker:
    """Tracks what one machine reports, and records an outcome for each case."""

    def __init__(self, group: str, cases: list, slow: int = 1):
        """cases: [(name, seconds)].  slow: by how much the kernel is slower than an ordinary one."""
        self.group = group
        self.slow = slow
        self.limits = dict(cases)
        self.done = {}  # name -> Outcome
        self.running = None
        self.booted = self.finished = self.dirty = False

    def line(self, text: str) -> float | None:
        """Process a line of the guest; return the seconds that the guest may be silent from now on."""
        word, _, rest = text.partition(" ")
        name, _, detail = rest.partition(" ")
        if word == "BOOTED":
            self.booted = True
        elif word == "START":
            self.running = name
            return self.limits.get(name, 60) * qemu.scale() * self.slow + _PATIENCE
        elif word in ("PASS", "FAIL", "SKIP") and name == self.running:
            seconds = float(detail) if word == "PASS" else 0.0
            self.settle(name, word, "" if word == "PASS" else detail, seconds)
            self.running = None
        elif word == "DIRTY":
            self.dirty = True
        elif word == "LEFT" and self.done:
            self.fail(list(self.done)[-1], f"left behind by this case or an earlier one: {rest}")
        elif word == "DONE":
            self.finished = True
        return _PATIENCE

    def wait(self, seconds: float) -> None:
        """Print that a case is still running."""
        say(f"      {self.group:7} {self.running or 'starting'}: {seconds:.0f} s ...")

    def settle(self, name: str, status: str, reason: str = "", seconds: float = 0.0) -> None:
        """Record and print the outcome of a case."""
        self.done[name] = Outcome(self.group, name, status, seconds, reason)
        say(one_line(self.done[name]))

    def fail(self, name: str, reason: str) -> None:
        """Record a failure of a case, even if it had passed; its first failure stays."""
        old = self.done.get(name)
        if old is None or old.status != "FAIL":
            self.settle(name, "FAIL", reason)


def by_case(console_text: str) -> dict:
    """Case -> its part of the console log, by the runner's marks; "boot" -> what is before the first."""
    parts, current, begin = {}, "boot", 0
    for match in _MARK.finditer(console_text):
        parts[current] = parts.get(current, "") + console_text[begin:match.start()]
        begin = match.end()
        if match[1] == "start":
            current = match[2]
    parts[current] = parts.get(current, "") + console_text[begin:]
    return parts


def run_all(group: str, cases: list, boot, suspects=qemu.suspects, slow: int = 1) -> list:
    """Run cases, [(name, seconds)], and return their outcomes in order.

    boot(names, tracker) boots a machine that runs these cases, passes its lines to the tracker, and
    returns a qemu.Run.
    suspects(text): the messages in a part of the console log that make its case fail.
    slow: see Tracker.
    """
    outcomes = {}
    while len(outcomes) < len(cases):
        rest = [case for case in cases if case[0] not in outcomes]
        tracker = Tracker(group, rest, slow)
        run = boot([name for name, _ in rest], tracker)
        text = run.console.read_text(errors="replace")
        parts = by_case(text)
        bad = {name: suspects(part) for name, part in parts.items()}
        how = {"exit": "the machine ended", "silent": "the machine stopped responding and was ended",
               "timeout": "the time ran out and the machine was ended"}[run.ended]
        if tracker.running:
            told = bad.get(tracker.running)
            tracker.fail(tracker.running, f"{how} during this case" + (f": {told[0]}" if told else ""))
        for name in list(tracker.done):
            if bad.get(name):
                tracker.fail(name, f"the kernel logged: {bad[name][0]}")
        trouble = ""
        if bad.get("boot"):
            trouble = f"the kernel logged at boot: {bad['boot'][0]}"
        elif not tracker.booted:
            trouble = f"{how} before it was up"
        elif not tracker.done:
            trouble = f"{how} without running a case"
        elif not (tracker.finished or tracker.dirty or tracker.running):
            last = list(tracker.done)[-1]
            tracker.fail(last, f"{how} after this case, without a report")
        for outcome in tracker.done.values():
            if outcome.status == "FAIL":  # its own part of the console log
                outcome.log = run.console.with_name(f"{run.console.stem}-{outcome.case}.log")
                outcome.log.write_text(parts.get(outcome.case, text))
        outcomes.update(tracker.done)
        if trouble:
            outcomes["boot"] = Outcome(group, "boot", "FAIL", 0.0, trouble, run.console)
            for name, _ in rest:
                if name not in outcomes:
                    outcomes[name] = Outcome(group, name, "FAIL", 0.0, NOT_RUN, run.console)
            break
    return list(outcomes.values())


def run_node_cases(kernel, names: list, long: bool = False) -> list:
    """Run scripts of tests/vm/node in a VM with this kernel; return their outcomes.

    long: with larger loads.
    """
    scripts = node.scripts()
    disks = node.disks()
    limit = LONG_NODE_LIMIT if long else NODE_LIMIT
    append = f"chostest.init=/case-runner rw chostest.limit={limit}"

    def boot(rest: list, tracker: Tracker) -> qemu.Run:
        files = {f"{node.TESTS}/{name}.sh": (path, 0o755) for name, path in scripts.items()}
        files[f"{node.TESTS}/lib.sh"] = (node.LIBRARY, 0o755)
        files["case-runner"] = (BOOT / "case-runner", 0o755)
        files["cases"] = ("".join(f"{name}\n" for name in rest), 0o644)
        if MOUNTING_IMAGES.intersection(rest):
            files.update(small_tree.files())
        return qemu.boot(kernel, node.archive(kernel, files).build(),
                         f"{kernel.name}-node", disks=disks,
                         on_line=tracker.line, on_wait=tracker.wait,
                         timeout=len(rest) * limit * qemu.scale() + 600,
                         append=append + (" chostest.long=1" if long else ""))

    return run_all(kernel.name, [(name, limit) for name in names], boot)


def case_archive(runner_cases: list) -> initramfs.Archive:
    """An initramfs with busybox, the runner, and the list of cases to run."""
    archive = initramfs.base()
    archive.file("case-runner", BOOT / "case-runner", 0o755)
    archive.file("cases", "".join(f"{name}\n" for name in runner_cases))
    return archive


def guest_archive(names: list, program: Path, module: Path) -> initramfs.Archive:
    """An initramfs that runs cases of chos-guest with this module."""
    archive = case_archive(names)
    archive.file("init", BOOT / "case-init", 0o755)
    archive.file("bin/chos-guest", program, 0o755)
    archive.file("lib/chos/chos.ko", module)
    archive.file("etc/passwd", "root:x:0:0::/root:/bin/sh\nalice:x:1000:1000::/tmp:/bin/sh\n"
                 "bob:x:1001:1001::/tmp:/bin/sh\n")
    archive.file("etc/group", "root:x:0:\nalice:x:1000:\nbob:x:1001:\n")
    return archive


def run_kernel_cases(kernel, program: Path, cases: list, long: bool, suspects=qemu.suspects, slow: int = 1,
                     append: str = "", **options) -> list:
    """Run cases of chos-guest, [(name, seconds)], on a kernel in a VM without a disk.

    Returns their outcomes.  long: with larger loads.  suspects, slow: see run_all().
    append, options: of the machine, see qemu.command().
    """
    words = append + (" chostest.long=1" if long else "")
    if "CHOS_SEED" in os.environ:
        words += f" chostest.seed={os.environ['CHOS_SEED']}"

    def boot(names: list, tracker: Tracker) -> qemu.Run:
        total = sum(seconds for name, seconds in cases if name in names)
        return qemu.boot(kernel, guest_archive(names, program, kernel.ko).build(), f"{kernel.name}-cases",
                         on_line=tracker.line, on_wait=tracker.wait,
                         timeout=total * qemu.scale() * slow + 600,
                         append=words + (_COARSE_CLOCK if set(names) & set(COARSE_CLOCK) else ""),
                         threads=not set(names) & set(PATCHING_TEXT), **options)

    environment = {"CHOS_LONG": "1"} if long else {}
    known = guest.cases(program, environment)
    wanted = [case for case in cases if case in known]
    special = (PATCHING_TEXT, COARSE_CLOCK)
    groups = [[case for case in wanted if not any(case[0] in names for names in special)]]
    groups += [[case for case in wanted if case[0] in names] for names in special]
    return [outcome for group in groups
            for outcome in run_all(kernel.name, group, boot, suspects, slow)]
