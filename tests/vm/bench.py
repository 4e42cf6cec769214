# SPDX-License-Identifier: BSD-3-Clause
"""tests/run bench: measures the cost of chos in guest instructions and checks it against bounds.

With -icount the guest's clock counts instructions, so the figures depend neither on the speed of
this machine nor on its load.

This module is a program (main()) and no other module uses it.  program() and measure() raise
Failure.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

from . import cache, host, initramfs, kernels, qemu, tools
from .progress import Failure, Parallel, run, say

BENCH = kernels.TOP / "tests/bench"
BOOT = Path(__file__).resolve().parent / "boot"

# Bounds.  STAT4: kernel -> ratio of stat(2) of a path with 4 components to the same in a plain chroot.
STAT4 = {"6.1": 1.20, "6.12": 1.30, "newest": 1.36}
SWITCH_STATS = 3.0
FORK_INSIDE, FORK_OUTSIDE = 1.01, 1.003
MEMORY = 128 * 1024
PER_PID = 8.0
INSMOD_MS = 50.0
STARTER_EXECS = 1.5


def program() -> Path:
    """Path of the static program that measures; it is built if its source has changed."""
    host.need("guest")
    source = BENCH / "bench.cpp"
    flags = ["-std=c++20", "-O2", "-Wall", "-Wextra", "-static"]
    key = cache.key_of(flags, source, *cache.files_under(kernels.TOP / "include"))

    def build(path: Path) -> None:
        run(["g++", *flags, f"-I{kernels.TOP / 'include'}", str(source), "-o",
             str(path / "bench")], "bench program", cache.logs() / "bench.log")

    return cache.entry("guest", "bench", key, build) / "bench"


def add_dynamic(archive: initramfs.Archive) -> None:
    """Add a dynamically linked program of this machine, with its libraries, in /root/dynamic."""
    archive.file("root/dynamic/usr/bin/dynamic", Path("/bin/true"), 0o755)
    listing = subprocess.run(["ldd", "/bin/true"], capture_output=True, text=True, check=True)
    for word in listing.stdout.split():
        if word.startswith("/"):
            archive.file("root/dynamic" + word, Path(word).resolve(), 0o755)


def add_starter(archive: initramfs.Archive) -> None:
    """Add chos_jobstarter and the files that it reads, which are as long as those of a real node."""
    content, mode = tools.installed()["/usr/bin/chos_jobstarter"]
    archive.file("bin/chos_jobstarter", content, mode)
    archive.file("etc/chos", "# The OSs of this node.\none:/os/one\ntwo:/os/two:groups=g7|g9\n"
                             "default:/os/two\n")
    root = "root:x:0:0:root:/root:/bin/sh\n"
    archive.file("etc/passwd", "".join(f"u{n}:x:{n}:{n}:user {n}:/home/u{n}:/bin/sh\n"
                                       for n in range(1, 40)) + root)
    archive.file("etc/group", "root:x:0:\n" + "".join(f"g{n}:x:{n}:\n" for n in range(1, 60)))


def measure(kernel) -> dict:
    """Boot the kernel and return {figure: value}.  Raises Failure if the guest did not finish."""
    archive = initramfs.base()
    archive.file("init", BOOT / "case-init", 0o755)
    archive.file("case-runner", BENCH / "bench-runner", 0o755)
    archive.file("cases", "")
    archive.file("bin/bench", program(), 0o755)
    archive.file("lib/chos/chos.ko", kernel.ko)
    add_dynamic(archive)
    add_starter(archive)
    figures = {}

    def on_line(line: str) -> None:
        name, _, value = line.partition(" ")
        say(f"kernel {kernel.name}: {line}")
        if name == "FAILED":
            raise Failure(f"kernel {kernel.name}: {line}")
        try:
            figures[name] = float(value)
        except ValueError:
            raise Failure(f"kernel {kernel.name}: expected NAME NUMBER from the guest, not"
                          f" {line!r}") from None

    result = qemu.boot(kernel, archive.build(), f"{kernel.name}-bench", silence=600,
                       icount=True, debug=False, on_line=on_line)
    if figures.pop("END", 0) != 1:
        raise Failure(f"kernel {kernel.name}: the machine ended before the last figure; see "
                      f"{result.console}")
    return figures


def judge(name: str, newest: bool, got: dict) -> list:
    """The rows of the report, [(label, figure, bound or None)], from the figures of one kernel."""
    unit = got["stat4.chroot"]
    rows = []
    for what, label in (("stat2", "stat, 2 components"), ("stat4", "stat, 4 components"),
                        ("open_close", "open+close"), ("execve", "execve, dynamic")):
        for setting, where in (("farm", "in an OS"), ("hand", "hand-made farm")):
            bound = None
            if (what, setting) == ("stat4", "farm"):
                bound = STAT4.get("newest" if newest else name)
            rows.append((f"{label}: {where} / chroot",
                         got[f"{what}.{setting}"] / got[f"{what}.chroot"], bound))
    rows.append(("readlink of the link, in stats", got["readlink"] / unit, None))
    rows.append(("switch within the farm, in stats", got["switch"] / unit, SWITCH_STATS))
    rows.append(("entering from the base, in stats", got["enter"] / unit, None))
    rows.append(("chos_jobstarter adds, in execs of /bin/true",
                 got["execve.starter"] / got["execve.chroot"] - 1, STARTER_EXECS))
    rows.append(("fork+exit+wait, in no OS / no module", got["fork_ratio.outside"], FORK_OUTSIDE))
    rows.append(("fork+exit+wait, in an OS / no module", got["fork_ratio.inside"], FORK_INSIDE))
    rows.append(("insmod to usable, ms", got["insmod_ms"], INSMOD_MS))
    rows.append(("memory after insmod: module, table, files, bytes",
                 got["memory.module"] + got["memory.table"] + got["memory.files"], MEMORY))
    rows.append(("memory per PID in use, bytes", got["memory.per_pid"], PER_PID))
    rows.append(("the unit: stat, plain chroot, instructions", unit, None))
    return rows


def table(columns: dict) -> str:
    """The report in Markdown, with a row for each figure and a column for each kernel."""
    names = list(columns)
    lines = ["| | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for i, (what, _, _) in enumerate(columns[names[0]]):
        cells = []
        for name in names:
            _, value, bound = columns[name][i]
            cell = f"{value:.3f}" if value < 100 else f"{value:.0f}"
            if bound is not None:
                cell += f" ({'bound' if value <= bound else 'EXCEEDS'} {bound:g})"
            cells.append(cell)
        lines.append(f"| {what} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def run_bench(names: list, target: Path) -> int:
    """Measure on these kernels, print the report, write it as JSON; return the exceeded bounds' number."""
    jobs = Parallel(2)
    for name in names:
        jobs.start(name, lambda name=name: measure(kernels.get(name)))
    done = jobs.wait()
    columns = {kernels.get(name).name: judge(name, name == kernels.names()[-1], done[name])
               for name in names}
    print(table(columns))
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps({
        kernels.get(name).name: {
            "release": kernels.get(name).release, "raw": done[name],
            "figures": [{"what": what, "value": value, "bound": bound}
                        for what, value, bound in columns[kernels.get(name).name]]}
        for name in names}, indent=2) + "\n")
    print(f"written: {target}")
    return sum(1 for rows in columns.values() for _, value, bound in rows
               if bound is not None and value > bound)


def main() -> int:
    tools.measure()
    parser = argparse.ArgumentParser(
        prog="tests/run bench", description=__doc__.splitlines()[0],
        epilog="examples:  tests/run bench      tests/run bench 6.1 6.12 --json /tmp/bench.json")
    parser.add_argument("kernels", nargs="*", help="5.10, 6.1, 6.12, newest (default: all)")
    parser.add_argument("--json", type=Path, default=cache.root() / "bench.json", metavar="FILE",
                        help="write the figures to FILE (default: %(default)s)")
    options = parser.parse_args()
    try:
        missed = run_bench(options.kernels or kernels.names(), options.json)
    except Failure as failure:
        print(f"tests/run bench: {failure}", file=sys.stderr)
        return 1
    if missed:
        print(f"{missed} bounds exceeded")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
