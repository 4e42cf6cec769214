# SPDX-License-Identifier: BSD-3-Clause
"""What the user sees while something long runs, and how commands are run.

Every line carries the time since the start; a command that takes long says so every
HEARTBEAT seconds, so that no minute is silent.
"""

import subprocess
import sys
import threading
import time
from pathlib import Path

HEARTBEAT = 20
_start = time.monotonic()
_lock = threading.Lock()


class Failure(Exception):
    """Something the user has to know; its text is the whole message."""


def elapsed() -> float:
    """Seconds since the program started."""
    return time.monotonic() - _start


def say(text: str) -> None:
    """Print one line with the time since the start."""
    seconds = int(elapsed())
    with _lock:
        sys.stdout.write(f"[{seconds // 60:2d}:{seconds % 60:02d}] {text}\n")
        sys.stdout.flush()


def tail(path: Path, lines: int = 30) -> str:
    """The last lines of a log, indented, or a word on why there are none."""
    try:
        text = Path(path).read_text(errors="replace").splitlines()
    except OSError as error:
        return f"    ({error})"
    return "\n".join("    " + line for line in text[-lines:]) or "    (empty)"


def run(cmd: list, label: str, log: Path, cwd: Path | None = None, env: dict | None = None) -> None:
    """Run a command with its output in `log`.

    Says that it is still running every HEARTBEAT seconds.  Raises Failure with the log's
    tail if it does not exit with 0.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    with open(log, "ab") as out:
        process = subprocess.Popen(cmd, stdin=subprocess.DEVNULL, stdout=out,
                                   stderr=subprocess.STDOUT, cwd=cwd, env=env)
        try:
            while True:
                try:
                    status = process.wait(HEARTBEAT)
                    break
                except subprocess.TimeoutExpired:
                    say(f"{label}: {int(time.monotonic() - began)} s ...")
        except BaseException:
            process.kill()
            process.wait()
            raise
    if status != 0:
        raise Failure(f"{label}: {cmd[0]} ended with status {status}; the end of {log}:\n{tail(log)}")


class Parallel:
    """A few jobs side by side, results by name; the first failure is raised at the end.

    Waiting says nothing itself: the jobs do, through run().
    """

    def __init__(self, width: int = 2):
        self._slots = threading.Semaphore(width)
        self._threads = []
        self._results = {}
        self._errors = []

    def start(self, name: str, function, *args) -> None:
        def work():
            with self._slots:
                if self._errors:
                    return
                try:
                    self._results[name] = function(*args)
                except BaseException as error:  # handed to whoever waits
                    self._errors.append(error)

        thread = threading.Thread(target=work, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def wait(self) -> dict:
        """Results by name, once all have ended.  Raises the first error there was."""
        for thread in self._threads:
            thread.join()
        if self._errors:
            raise self._errors[0]
        return self._results
