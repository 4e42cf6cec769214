# SPDX-License-Identifier: BSD-3-Clause
"""Boots virtual machines and reads their reports.

The first serial port is the console and goes to a file.  The second one is for results: lines that the
guest writes to /dev/ttyS1 arrive here immediately, and text can be sent to the guest.  Only a report on
that port counts as success; a machine that reports nothing has failed.

Others call boot(), kvm(), scale(), suspects(), command() and run_folder(), and use Machine.  boot() and
Machine() raise Failure if QEMU cannot be installed.
"""

import ctypes
import os
import re
import select
import subprocess
import time
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from . import cache, host

# The processor under TCG.  Without ERMS, the kernel clears memory by words; TCG emulates "rep stosb"
# one byte at a time, which is slow.
CPU = "max,la57=off,erms=off"
DEBUG = "slub_debug=FZPU page_poison=1"
ALWAYS = ("console=ttyS0 loglevel=7 panic_on_warn=1 oops=panic panic=-1 mitigations=off"
          " random.trust_cpu=on")

# A kernel message that matches this is a sign of a failure.
SUSPECT = re.compile(
    r"\bBUG\b|WARNING:|Oops|Call Trace|KASAN|\b[Ll]eak|possible (circular|recursive)|UBSAN"
    r"|general protection|Kernel panic|lockup|blocked for more than|detected stall"
    r"|Objects remaining|use-after-free|Bad page|refcount_t:|page fault for address")
# Messages about the emulated processor at boot, and those of the runners, are not.
HARMLESS = re.compile(r"mitigation|MMIO Stale Data|Spectre|RETBleed|MDS CPU bug|TAA CPU bug"
                      r"|L1TF|Inception|chos-test: ")
_KERNEL_LINE = re.compile(r"\[ *\d+\.\d{6}\](?P<text>.*)")


@lru_cache
def kvm() -> bool:
    """Whether hardware virtualisation is allowed and available.

    Some machines have a /dev/kvm that cannot run an unmodified kernel; their processor has neither
    the vmx nor the svm flag.
    """
    if os.environ.get("CHOS_NO_KVM", "0") not in ("", "0"):
        return False
    flags = re.search(r"^flags\s*:(.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    virtual = flags is not None and {"vmx", "svm"} & set(flags[1].split())
    return bool(virtual) and os.access("/dev/kvm", os.R_OK | os.W_OK)


def scale() -> int:
    """The factor by which time limits are multiplied on this machine."""
    return 1 if kvm() else 8


def suspects(console_text: str) -> list:
    """The kernel messages in a console log that are signs of a failure."""
    found = []
    for line in console_text.splitlines():
        match = _KERNEL_LINE.search(line)
        if match and SUSPECT.search(match["text"]) and not HARMLESS.search(match["text"]):
            found.append(match["text"].strip())
    return found


@dataclass
class Run:
    """The result of a boot."""

    lines: list = field(default_factory=list)  # what the guest wrote to /dev/ttyS1
    console: Path = None  # the console log
    ended: str = "exit"  # or "silent", "timeout"
    seconds: float = 0.0


def command(kernel, initrd: Path, console: str, append: str = "", disks: tuple = (), smp: int = 2,
            memory: str = "1G", icount: bool = False, debug: bool = True, threads: bool = True,
            results: str = "stdio,signal=off", wire: tuple = (), reboots: bool = False) -> list:
    """QEMU's command line; by default its stdin and stdout are the second serial port.

    console: the argument of -serial for the first serial port.
    results: the argument of -chardev for the second serial port.
    disks: raw images, which become /dev/vda, /dev/vdb ...; changes to them are discarded.
    icount: the guest's clock counts instructions (TCG, one processor).
    threads: TCG uses a thread for each processor; otherwise the processors take turns in one thread.
    wire: (path of a socket, number): a network card that is connected to the machine that has the same
    path.  Machine number 2 creates the socket and must be started first.
    reboots: a reboot boots again, with the current state of the disks; otherwise it ends the machine.
    """
    line = ["qemu-system-x86_64", "-M", "q35", "-nodefaults", "-no-user-config", "-display", "none",
            "-monitor", "none", "-m", memory]
    if not reboots:
        line += ["-no-reboot"]
    if icount:
        # With ERMS, because the bounds were measured with it: each byte copied counts as an instruction.
        line += ["-accel", "tcg", "-cpu", "max,la57=off", "-icount", "shift=0,sleep=off",
                 "-smp", "1"]
    elif kvm():
        line += ["-accel", "kvm", "-cpu", "host", "-smp", str(smp)]
    else:
        line += ["-accel", f"tcg,thread={'multi' if threads else 'single'}", "-cpu", CPU,
                 "-smp", str(smp)]
    line += ["-kernel", str(kernel.vmlinuz), "-initrd", str(initrd),
             "-serial", console, "-chardev", f"{results},id=results",
             "-serial", "chardev:results"]
    for disk in disks:
        line += ["-drive", f"file={disk},format=raw,if=virtio,snapshot=on"]
    if wire:
        path, number = wire
        server = "on" if number == 2 else "off"
        line += ["-netdev", f"stream,id=wire,server={server},addr.type=unix,addr.path={path}",
                 "-device", f"virtio-net-pci,netdev=wire,mac=52:54:00:00:00:0{number}"]
    words = [ALWAYS, DEBUG if debug else "", f"chostest.scale={1 if icount else scale()}", append]
    return line + ["-append", " ".join(word for word in words if word)]


_libc = ctypes.CDLL(None)


def _die_with_parent() -> None:
    """Called in the child: kills the machine when this process exits."""
    _libc.prctl(1, 9)  # PR_SET_PDEATHSIG, SIGKILL


class Machine:
    """A running VM."""

    def __init__(self, kernel, initrd: bytes, label: str, **options):
        """Start the machine.  options: see command()."""
        host.need("vm")
        self.folder = run_folder()
        number = 1
        while True:  # the boots of one label are LABEL-1, LABEL-2 ...
            self.console = self.folder / f"{label}-{number}.console"
            try:
                self.console.touch(exist_ok=False)
                break
            except FileExistsError:
                number += 1
        image = self.folder / f"{label}-{number}.initrd"
        image.write_bytes(initrd)
        self.results = open(self.folder / f"{label}-{number}.results", "w", encoding="utf-8")
        errors = open(self.folder / f"{label}-{number}.qemu", "wb")
        line = command(kernel, image, f"file:{self.console}", **options)
        self.process = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=errors, preexec_fn=_die_with_parent)
        errors.close()
        self._image = image
        self._rest = b""

    def send(self, text: str) -> None:
        """Write to the guest's /dev/ttyS1."""
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def line(self, timeout: float) -> str | None:
        """The next line from the guest; None if none comes within `timeout` seconds.

        Raises EOFError if the machine has ended.
        """
        end = time.monotonic() + timeout
        while b"\n" not in self._rest:
            left = end - time.monotonic()
            ready = select.select([self.process.stdout], [], [], max(left, 0))[0]
            if not ready:
                return None
            data = os.read(self.process.stdout.fileno(), 65536)
            if not data:
                raise EOFError
            self._rest += data
        text, self._rest = self._rest.split(b"\n", 1)
        result = text.decode(errors="replace").replace("\r", "").strip("\0")
        print(result, file=self.results, flush=True)
        return result

    def close(self) -> None:
        """Kill the machine if it still runs, and release its files."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        self.results.close()
        self._image.unlink(missing_ok=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


_run_folder = None


def run_folder() -> Path:
    """The directory for the logs of this run; the directories of the twenty newest runs are kept."""
    global _run_folder
    if _run_folder is None:
        runs = cache.logs() / "runs"
        runs.mkdir(exist_ok=True)
        old = sorted((p for p in runs.iterdir() if p.is_dir()), key=lambda p: p.stat().st_mtime)
        for folder in old[:-20]:
            for file in folder.iterdir():
                file.unlink()
            folder.rmdir()
        _run_folder = runs / time.strftime(f"%Y%m%d-%H%M%S-{os.getpid()}")
        _run_folder.mkdir()
    return _run_folder


def boot(kernel, initrd: bytes, label: str, silence: float = 300, timeout: float = 3600,
         on_line=None, on_wait=None, **options) -> Run:
    """Boot a machine, read results until it ends, and return a Run.

    silence: seconds without a line after which the machine is killed; if on_line(line) returns a
    number, it replaces this one.
    timeout: seconds after which the machine is killed.
    Both are in real time: multiply time for the guest's work by scale().
    on_wait(seconds): called after every 30 seconds without a line.
    options: see command().
    """
    began = time.monotonic()
    with Machine(kernel, initrd, label, **options) as machine:
        result = Run(console=machine.console)
        heard = began
        while True:
            now = time.monotonic()
            left = min(timeout - (now - began), silence - (now - heard))
            if left <= 0:
                result.ended = "timeout" if now - began >= timeout else "silent"
                break
            try:
                line = machine.line(min(left, 30))
            except EOFError:
                break
            if line is None:
                if on_wait:
                    on_wait(time.monotonic() - heard)
                continue
            heard = time.monotonic()
            result.lines.append(line)
            if on_line:
                silence = on_line(line) or silence
    result.seconds = time.monotonic() - began
    return result
