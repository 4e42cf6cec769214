# SPDX-License-Identifier: BSD-3-Clause
"""Booting a virtual machine, and reading what it says.

The first serial port is the console and goes to a file.  The second one carries results:
lines that the guest writes to /dev/ttyS1 arrive here at once, and what is sent goes to the
guest.  Success is what was said there; a machine that says nothing has failed.
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

# TCG's processor.  Without ERMS the kernel clears memory by words: TCG emulates "rep stosb" a
# byte a turn, which is slow.
CPU = "max,la57=off,erms=off"
DEBUG = "slub_debug=FZPU page_poison=1"
ALWAYS = ("console=ttyS0 loglevel=7 panic_on_warn=1 oops=panic panic=-1 mitigations=off"
          " random.trust_cpu=on")

# A kernel message with one of these means that something went wrong.
SUSPECT = re.compile(
    r"\bBUG\b|WARNING:|Oops|Call Trace|KASAN|\b[Ll]eak|possible (circular|recursive)|UBSAN"
    r"|general protection|Kernel panic|lockup|blocked for more than|detected stall"
    r"|Objects remaining|use-after-free|Bad page|refcount_t:|page fault for address")
# What kernels say about the (emulated) processor at boot; it has nothing to do with us.
HARMLESS = re.compile(r"mitigation|MMIO Stale Data|Spectre|RETBleed|MDS CPU bug|TAA CPU bug"
                      r"|L1TF|Inception|chos-test: ")
_KERNEL_LINE = re.compile(r"\[ *\d+\.\d{6}\](?P<text>.*)")


@lru_cache
def kvm() -> bool:
    """Whether hardware virtualisation may and can be used.

    There are machines with a /dev/kvm that cannot run an unmodified kernel; their processor
    shows neither vmx nor svm.
    """
    if os.environ.get("CHOS_NO_KVM", "0") not in ("", "0"):
        return False
    flags = re.search(r"^flags\s*:(.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    virtual = flags is not None and {"vmx", "svm"} & set(flags[1].split())
    return bool(virtual) and os.access("/dev/kvm", os.R_OK | os.W_OK)


def scale() -> int:
    """By how much time limits grow on this machine."""
    return 1 if kvm() else 8


def suspects(console_text: str) -> list:
    """The kernel's messages in a console log that should not be there."""
    found = []
    for line in console_text.splitlines():
        match = _KERNEL_LINE.search(line)
        if match and SUSPECT.search(match["text"]) and not HARMLESS.search(match["text"]):
            found.append(match["text"].strip())
    return found


@dataclass
class Run:
    """What came of a boot."""

    lines: list = field(default_factory=list)
    console: Path = None
    ended: str = "exit"  # or "silent", "timeout"
    seconds: float = 0.0


def command(kernel, initrd: Path, console: str, append: str = "", disks: tuple = (), smp: int = 2,
            memory: str = "1G", icount: bool = False, debug: bool = True, threads: bool = True,
            results: str = "stdio,signal=off", wire: tuple = (), reboots: bool = False) -> list:
    """qemu's command line; its stdin and stdout are the second serial port.

    console: what -serial takes.  results: what -chardev takes for the second serial port.
    disks: raw images, never written to, /dev/vda, vdb ...
    icount: the guest's clock counts instructions (TCG, one processor).
    threads: a thread for each of TCG's processors; without, they take turns.
    wire: (path of a socket, number): a network card whose cable leads to the other machine with
    that path.  Number 2 makes the socket and has to be there first.
    reboots: a reboot boots again, from the disks as they are by then; else it ends the machine.
    """
    line = ["qemu-system-x86_64", "-M", "q35", "-nodefaults", "-no-user-config", "-display", "none",
            "-monitor", "none", "-m", memory]
    if not reboots:
        line += ["-no-reboot"]
    if icount:
        # With ERMS, as the bounds of the figures were found: a byte copied counts as one.
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
    """In the child: no machine outlives the run that started it."""
    _libc.prctl(1, 9)  # PR_SET_PDEATHSIG, SIGKILL


class Machine:
    """A running VM."""

    def __init__(self, kernel, initrd: bytes, label: str, **options):
        """Start it.  options: those of command()."""
        host.need("vm")
        self.folder = run_folder()
        number = 1
        while True:  # several boots under one label: NAME-1, NAME-2 ...
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
        """The next line of the guest; None after `timeout` seconds without one.

        Raises EOFError when the machine has ended.
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
        """End the machine, if it has not ended."""
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
    """The directory for this run's logs; the twenty newest runs are kept."""
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
    """Boot, read results until the machine ends, and return them.

    silence: seconds without a line after which the machine is ended; a number that
    on_line(line) returns takes its place.  timeout: seconds for the whole.  Both are real
    time: multiply by scale() what the guest computes in.  on_wait(seconds) is called every half
    minute without a line.  options: those of command().
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
