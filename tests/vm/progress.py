# SPDX-License-Identifier: BSD-3-Clause
"""Progress lines, commands that report progress, and jobs in parallel.

Every line begins with the time since the start.  A long command prints a line every HEARTBEAT
seconds, so the user can see that it is still running.

Others call say(), run(), tail() and elapsed(), and use Failure and Parallel.  run() and
Parallel.wait() raise Failure.
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
    """An error to show to the user; its text is the complete message."""


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
    """The last lines of a log, indented; or the reason why it cannot be read, in parentheses."""
    try:
        text = Path(path).read_text(errors="replace").splitlines()
    except OSError as error:
        return f"    ({error})"
    return "\n".join("    " + line for line in text[-lines:]) or "    (empty)"


def run(cmd: list, label: str, log: Path, cwd: Path | None = None, env: dict | None = None,
        state=None) -> None:
    """Run a command with its output in `log`.

    Prints a line every HEARTBEAT seconds, with what state() returns; without it, the seconds that the
    command has run.  Raises Failure, with the end of the log, if the exit status
    is not 0.
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
                    doing = state() if state else f"{int(time.monotonic() - began)} s"
                    say(f"{label}: {doing} ...")
        except BaseException:
            process.kill()
            process.wait()
            raise
    if status != 0:
        raise Failure(f"{label}: {cmd[0]} exited with status {status}; the end of {log}:\n{tail(log)}")


class Parallel:
    """Runs jobs in threads, at most `width` at a time.

    After a job has raised an exception, no further job starts, and wait() raises the exception.
    """

    def __init__(self, width: int = 2):
        self._slots = threading.Semaphore(width)
        self._threads = []
        self._results = {}
        self._errors = []

    def start(self, name: str, function, *args) -> None:
        """Start function(*args) as a job with that name."""
        def work():
            with self._slots:
                if self._errors:
                    return
                try:
                    self._results[name] = function(*args)
                except BaseException as error:  # wait() raises it
                    self._errors.append(error)

        thread = threading.Thread(target=work, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def wait(self) -> dict:
        """Wait for all jobs; return {name: result}.  Raises the first exception of a job."""
        for thread in self._threads:
            thread.join()
        if self._errors:
            raise self._errors[0]
        return self._results
