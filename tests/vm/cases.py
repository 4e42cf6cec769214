# SPDX-License-Identifier: BSD-3-Clause
"""Running cases in VMs: one boot after another until each case has an outcome.

A case fails when it says so, when the kernel complains in the console log while it runs,
when the machine ends or falls silent in it.  The cases after it run in a new machine.
"""

import re
from pathlib import Path

from . import guest, initramfs, node, qemu, small_tree
from .progress import say
from .results import NOT_RUN, Outcome, one_line

BOOT = Path(__file__).resolve().parent / "boot"
_MARK = re.compile(r"\] chos-test: (start|end) (\S+)")
# Here the kernel rewrites its own instructions (a tracepoint comes or goes) while other processors
# run them.  With a thread for each processor QEMU's TCG now and then goes on with what was there
# before: an int3 that no kernel text holds any more.  With one thread for all it does not.
REWRITING = ("load_unload_under_load",)
NODE_LIMIT = 60  # seconds for a case in the node
LONG_NODE_LIMIT = 300
MOUNTING_IMAGES = {"node_layer", "node_os_commands", "node_os_killed", "node_os_suid",
                   "node_replace_under_jobs"}
_PATIENCE = 60  # seconds beyond a case's own limit


class Watch:
    """What one boot says, case by case."""

    def __init__(self, group: str, cases: list):
        self.group = group
        self.limits = dict(cases)
        self.done = {}  # name -> Outcome
        self.running = None
        self.booted = self.finished = self.dirty = False

    def line(self, text: str) -> float | None:
        """Take one line; returns how long the guest may be silent from now on."""
        word, _, rest = text.partition(" ")
        name, _, detail = rest.partition(" ")
        if word == "BOOTED":
            self.booted = True
        elif word == "START":
            self.running = name
            return self.limits.get(name, 60) * qemu.scale() + _PATIENCE
        elif word in ("PASS", "FAIL", "SKIP") and name == self.running:
            seconds = float(detail) if word == "PASS" else 0.0
            self.settle(name, word, "" if word == "PASS" else detail, seconds)
            self.running = None
        elif word == "DIRTY":
            self.dirty = True
        elif word == "LEFT" and self.done:
            self.fail(list(self.done)[-1], f"left behind after this case or before: {rest}")
        elif word == "DONE":
            self.finished = True
        return _PATIENCE

    def wait(self, seconds: float) -> None:
        """Say that a case takes its time."""
        say(f"      {self.group:7} {self.running or 'starting'}: {seconds:.0f} s ...")

    def settle(self, name: str, status: str, reason: str = "", seconds: float = 0.0) -> None:
        self.done[name] = Outcome(self.group, name, status, seconds, reason)
        say(one_line(self.done[name]))

    def fail(self, name: str, reason: str) -> None:
        """Make an outcome a failure, whatever it was."""
        old = self.done.get(name)
        if old is None or old.status != "FAIL":
            self.settle(name, "FAIL", reason)


def _by_case(console_text: str) -> dict:
    """The console log cut at the runner's marks: case -> text; "boot" for what is before."""
    parts, current, begin = {}, "boot", 0
    for match in _MARK.finditer(console_text):
        parts[current] = parts.get(current, "") + console_text[begin:match.start()]
        begin = match.end()
        if match[1] == "start":
            current = match[2]
    parts[current] = parts.get(current, "") + console_text[begin:]
    return parts


def run_all(group: str, cases: list, boot) -> list:
    """Outcomes of cases [(name, seconds)], in order.

    boot(names, watch): boots a machine that runs these cases and tells watch; returns a qemu.Run.
    """
    outcomes = {}
    while len(outcomes) < len(cases):
        rest = [case for case in cases if case[0] not in outcomes]
        watch = Watch(group, rest)
        run = boot([name for name, _ in rest], watch)
        text = run.console.read_text(errors="replace")
        parts = _by_case(text)
        bad = {name: qemu.suspects(part) for name, part in parts.items()}
        how = {"exit": "the machine ended", "silent": "no sign of life: the machine was ended",
               "timeout": "out of time: the machine was ended"}[run.ended]
        if watch.running:
            told = bad.get(watch.running)
            watch.fail(watch.running, f"{how} in this case" + (f": {told[0]}" if told else ""))
        for name in list(watch.done):
            if bad.get(name):
                watch.fail(name, f"the kernel said: {bad[name][0]}")
        trouble = ""
        if bad.get("boot"):
            trouble = f"the kernel said at boot: {bad['boot'][0]}"
        elif not watch.booted:
            trouble = f"{how} before it was up"
        elif not watch.done:
            trouble = f"{how} without running a case"
        elif not (watch.finished or watch.dirty or watch.running):
            last = list(watch.done)[-1]
            watch.fail(last, f"{how} after this case, without a word")
        for outcome in watch.done.values():
            if outcome.status == "FAIL":  # its own part of the console log
                outcome.log = run.console.with_name(f"{run.console.stem}-{outcome.case}.log")
                outcome.log.write_text(parts.get(outcome.case, text))
        outcomes.update(watch.done)
        if trouble:
            outcomes["boot"] = Outcome(group, "boot", "FAIL", 0.0, trouble, run.console)
            for name, _ in rest:
                if name not in outcomes:
                    outcomes[name] = Outcome(group, name, "FAIL", 0.0, NOT_RUN, run.console)
            break
    return list(outcomes.values())


def run_node_cases(kernel, names: list, long: bool = False) -> list:
    """Run scripts of tests/vm/node in a node VM on a kernel; long: with bigger loads."""
    scripts = node.scripts()
    disks = node.disks()
    limit = LONG_NODE_LIMIT if long else NODE_LIMIT
    append = f"chostest.init=/case-runner rw chostest.limit={limit}"

    def boot(rest: list, watch: Watch) -> qemu.Run:
        files = {f"{node.TESTS}/{name}.sh": (path, 0o755) for name, path in scripts.items()}
        files[f"{node.TESTS}/lib.sh"] = (node.LIBRARY, 0o755)
        files["case-runner"] = (BOOT / "case-runner", 0o755)
        files["cases"] = ("".join(f"{name}\n" for name in rest), 0o644)
        if MOUNTING_IMAGES.intersection(rest):
            files.update(small_tree.files())
        return qemu.boot(kernel, node.archive(kernel, files).build(),
                         f"{kernel.name}-node", disks=disks,
                         on_line=watch.line, on_wait=watch.wait,
                         timeout=len(rest) * limit * qemu.scale() + 600,
                         append=append + (" chostest.long=1" if long else ""))

    return run_all(kernel.name, [(name, limit) for name in names], boot)


def case_archive(runner_cases: list) -> initramfs.Archive:
    """busybox, the runner, and the list of cases to run."""
    archive = initramfs.base()
    archive.file("case-runner", BOOT / "case-runner", 0o755)
    archive.file("cases", "".join(f"{name}\n" for name in runner_cases))
    return archive


def run_kernel_cases(kernel, program: Path, cases: list, long: bool) -> list:
    """Run cases of chos-guest on a kernel, without any disk."""

    def boot(names: list, watch: Watch) -> qemu.Run:
        archive = case_archive(names)
        archive.file("init", BOOT / "case-init", 0o755)
        archive.file("bin/chos-guest", program, 0o755)
        archive.file("lib/chos/chos.ko", kernel.ko)
        archive.file("etc/passwd", "root:x:0:0::/root:/bin/sh\nalice:x:1000:1000::/tmp:/bin/sh\n"
                     "bob:x:1001:1001::/tmp:/bin/sh\n")
        archive.file("etc/group", "root:x:0:\nalice:x:1000:\nbob:x:1001:\n")
        total = sum(seconds for name, seconds in cases if name in names)
        return qemu.boot(kernel, archive.build(), f"{kernel.name}-cases",
                         on_line=watch.line, on_wait=watch.wait,
                         timeout=total * qemu.scale() + 600, append="chostest.long=1" if long else "",
                         threads=not set(names) & set(REWRITING))

    environment = {"CHOS_LONG": "1"} if long else {}
    known = guest.cases(program, environment)
    wanted = [case for case in known if case in cases]
    together = [case for case in wanted if case[0] not in REWRITING]
    alone = [case for case in wanted if case[0] in REWRITING]
    return run_all(kernel.name, together, boot) + run_all(kernel.name, alone, boot)
