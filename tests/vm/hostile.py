# SPDX-License-Identifier: BSD-3-Clause
"""tests/run hostile: `chosctl os add` with every hostile archive of corpus.py, beside a canary.

hostile.sh does it in a private mount namespace of this machine.  Nothing outside the store may change, and the
verdict must be the expected one.  A trace shows that nothing else is opened once unpacking has begun.

Others call hostile(), which raises Failure if chosctl cannot be built or a package is missing.
"""

import os
import random
import re
import shutil
import tempfile
import time
from pathlib import Path

from . import cache, corpus, host, initramfs, tools
from .progress import Failure, run, say
from .results import Outcome

_SCRIPT = Path(__file__).with_suffix(".sh")
_TRACED = ("tar:traced", "oci:traced-image")
# What chosctl reads of the node after it has unpacked: the list, the configuration, its own state and program, mounts.
_OF_NODE = re.compile(r"/chos-hostile/(store(/|$)|chosctl$|inputs/traced)|/proc/(\d+|self|mounts|chos)"
                      r"|/dev/null$|/run/chos(/|$)|/etc/(passwd|group|nsswitch\.conf|hosts|resolv\.conf|localtime"
                      r"|hostname)$|/etc$|/run$|/usr/share/zoneinfo/")
# What it opens in its new root, which is the tree or the directory of an image.
_IN_TREE = re.compile(r"/?(\.|bin|etc|lib|usr|var|tmp|root|blobs|oci-layout|index\.json)(/|$)|/$")


def hostile(seed: int | None = None) -> list:
    """Add every input; an outcome for all of them, and one for the trace."""
    host.need("hostile")
    chosctl = tools.build(False) / "tools/chosctl/chosctl"
    if seed is None:
        seed = int(os.environ.get("CHOS_SEED") or random.randrange(1 << 31))
    log = cache.logs() / "hostile.log"
    log.unlink(missing_ok=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)
        inputs = _write(top, chosctl, seed)
        env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": folder, "LC_ALL": "C", "TOP": folder,
               "TRACED": " ".join(_TRACED)}
        run(["unshare", "-m", "--fork", "--kill-child", str(_SCRIPT)], "hostile archives", log, env=env)
        outcomes = [_judge(inputs, log, seed, time.monotonic() - began)]
        return outcomes + [_trace(top / f"trace-{one.split(':')[1]}", one, log) for one in _TRACED]


def _write(top: Path, chosctl: Path, seed: int) -> list:
    canary = top / "node/chos-canary"
    for name in ("node/chos-hostile/inputs", "node/chos-hostile/store", "over", "inputs", "store"):
        (top / name).mkdir(parents=True)
    canary.mkdir(mode=0o700)
    (canary / "program").write_text("#!/bin/sh\n")
    (canary / "program").chmod(0o700)
    (canary / "link").symlink_to("program")
    (canary / "below").mkdir()
    (canary / "below/secret").write_text("secret\n")
    shutil.copy(chosctl, top / "node/chos-hostile/chosctl")
    busybox = initramfs.busybox().read_bytes()
    inputs = corpus.inputs(seed, "/chos-canary", busybox)
    names = [f"{number:03}-" + re.sub(r"[^A-Za-z0-9._+-]", "-", one.name)[:80] for number, one in enumerate(inputs)]
    for name, one in zip(names, inputs):
        (top / "inputs" / name).write_bytes(one.data)
    (top / "list").write_text("".join(f"{name} {one.kind} {one.expected} {' '.join(one.options)}\n"
                                      for name, one in zip(names, inputs)))
    whole = corpus.tar(corpus.tree(busybox), corpus.entry("etc/\u00fc", data=b"x" * 200000))
    upper = corpus.tar(corpus.entry("etc/.wh.\u00fc"), corpus.entry("etc/.wh..wh..opq"), corpus.entry("etc/new"))
    (top / "inputs/traced").write_bytes(whole)
    (top / "inputs/traced-image").write_bytes(corpus.layout(whole, upper, corpus.tar(corpus.entry("etc/os-release"))))
    return names


def _judge(names: list, log: Path, seed: int, seconds: float) -> Outcome:
    verdicts = dict.fromkeys(("added", "refused", "crashed"), 0)
    wrong = []
    for line in log.read_text(errors="replace").splitlines():
        words = line.split("\t")
        if len(words) != 4:
            continue
        verdicts[words[1]] += 1
        if words[2]:
            wrong.append(f"{words[0]}: {words[2]}")
    count = sum(verdicts.values())
    if count != len(names):
        wrong.append(f"{count} of {len(names)} inputs were tried")
    for one in wrong:
        say(f"hostile: {one}")
    say(f"hostile: {count} archives with seed {seed}: {verdicts['added']} added, {verdicts['refused']} refused")
    if wrong:
        reason = f"{len(wrong)} (CHOS_SEED={seed}), the first: {wrong[0]}"
        return Outcome("hostile", "archives", "FAIL", 0.0, reason, log)
    return Outcome("hostile", "archives", "PASS", seconds, count=count)


def _calls(trace: Path):
    """(process, call with its arguments, result) of each system call that has ended."""
    begun = {}
    for line in trace.read_text(errors="replace").splitlines():
        process, _, text = line.partition(" ")
        text = text.strip()
        if text.endswith("<unfinished ...>"):
            begun[process] = text.removesuffix("<unfinished ...>")
            continue
        resumed = re.match(r"<\.\.\. \w+ resumed>(.*)", text)
        if resumed:
            text = begun.pop(process, "") + resumed[1]
        call, equals, result = text.rpartition(" = ")
        if equals:
            yield process, call, result


def _opened(call: str, result: str) -> str:
    """The path that a call has opened, or the directory that it could not leave, or the path that it named."""
    path = re.search(r"<(.*)>", result)
    beneath = re.match(r"openat2\(\d+<([^>]*)>.*\bRESOLVE_(IN_ROOT|BENEATH)\b", call)
    return (path or beneath or re.search(r'"([^"]*)"', call))[1]


def _trace(trace: Path, source: str, log: Path) -> Outcome:
    """After the first call of a confined process, nothing outside the tree, the store and the source is opened."""
    if not trace.exists():
        return Outcome("hostile", f"opens of {source}", "FAIL", 0.0, "there is no trace", log)
    calls = list(_calls(trace))
    # Known beforehand: the calls of a new process may be in the trace before the clone() that returned its number.
    confined = {result.split()[0] for _, call, result in calls
                if call.startswith("clone(") and "CLONE_NEWPID" in call}
    begun, rooted, bad, opened = False, set(), [], 0
    for process, call, result in calls:
        begun = begun or process in confined
        if call.startswith("execve(") and begun:
            bad.append(f"a program is run: {call[:80]}")
        elif call.startswith("chroot(") and process in confined:
            rooted.add(process)
        elif call.startswith(("open", "creat")) and begun:
            opened += 1
            name = re.search(r'"([^"]*)"', call)
            if process in rooted:
                allowed = name and _IN_TREE.match(name[1])
                allowed = allowed and "gconv" not in call and "ssl" not in call
            elif process in confined:
                allowed = name and name[1] == "/dev/null"
            else:
                allowed = _OF_NODE.match(_opened(call, result))
            if not allowed:
                bad.append(f"{'confined' if process in confined else 'chosctl'}: {call} = {result}"[:200])
    if not rooted:
        bad.append("no process was confined")
    for one in bad:
        say(f"hostile: {source}: {one}")
    if bad:
        return Outcome("hostile", f"opens of {source}", "FAIL", 0.0, bad[0], log)
    say(f"hostile: {source}: {opened} files opened after unpacking began, none of them elsewhere")
    return Outcome("hostile", f"opens of {source}", "PASS")
