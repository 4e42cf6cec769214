# SPDX-License-Identifier: BSD-3-Clause
"""Things that take long to make, kept in ${XDG_CACHE_HOME:-~/.cache}/chos by content.

An entry is a directory KIND/NAME-KEY.  The key is a hash of all that it was made from, so
an entry is never updated: another key makes another entry.  It appears under its name only
when complete.  Several runs may share the cache: each entry in use is held by a shared
lock until the process ends, and only entries nobody holds are removed.
"""

import fcntl
import hashlib
import os
import shutil
import threading
from pathlib import Path

from .progress import say

_held = {}
_held_lock = threading.Lock()


def root() -> Path:
    """The cache's directory, made if it is not there."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    path = Path(base) / "chos"
    path.mkdir(parents=True, exist_ok=True)
    return path


def logs() -> Path:
    """Where the logs of the runs are."""
    path = root() / "logs"
    path.mkdir(exist_ok=True)
    return path


def key_of(*parts) -> str:
    """16 hex digits for strings, bytes, and files (Path: name and contents)."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, Path):
            data = part.name.encode() + b"\0" + part.read_bytes()
        else:
            data = part if isinstance(part, bytes) else str(part).encode()
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.hexdigest()[:16]


def files_under(*places: Path) -> list:
    """The files below directories (and files themselves), sorted; hidden ones left out."""
    found = []
    for place in places:
        if place.is_dir():
            found += [p for p in place.rglob("*") if p.is_file() and not p.name.startswith(".")]
        elif place.is_file():
            found.append(place)
    return sorted(found)


def find(kind: str, prefix: str) -> Path | None:
    """The most recently used complete entry whose name starts with prefix, held."""
    folder = root() / kind
    entries = [p for p in folder.glob(prefix + "*") if p.is_dir() and not p.name.endswith(".new")]
    entries.sort(key=lambda p: _last_use(kind, p.name), reverse=True)
    for path in entries:
        _hold(kind, path.name, fcntl.LOCK_SH)
        if path.is_dir():
            return path
    return None


def entry(kind: str, name: str, key: str, build, keep: int = 2) -> Path:
    """The directory KIND/NAME-KEY; `build(path)` fills it if it is not there yet.

    keep: how many entries of this kind and name stay in the cache.
    """
    full = f"{name}-{key}"
    path = root() / kind / full
    path.parent.mkdir(parents=True, exist_ok=True)
    with _handle(kind, full).busy:
        while True:
            _hold(kind, full, fcntl.LOCK_SH)
            if path.is_dir():
                return path
            _hold(kind, full, fcntl.LOCK_EX)
            if not path.is_dir():
                _make(path, build)
                _prune(kind, name, keep)


def _make(path: Path, build) -> None:
    fresh = path.with_name(path.name + ".new")
    if fresh.exists():
        shutil.rmtree(fresh)
    fresh.mkdir()
    build(fresh)
    fresh.rename(path)


def _lock_path(kind: str, full: str) -> Path:
    folder = root() / "locks"
    folder.mkdir(exist_ok=True)
    return folder / f"{kind}-{full}"


def _last_use(kind: str, full: str) -> float:
    try:
        return _lock_path(kind, full).stat().st_mtime
    except OSError:
        return 0.0


class _Handle:
    """The open lock file of one entry, and who in this process is at the entry."""

    def __init__(self, lock: Path):
        self.file = open(lock, "a")
        self.busy = threading.RLock()


def _handle(kind: str, full: str) -> _Handle:
    lock = _lock_path(kind, full)
    with _held_lock:
        if lock not in _held:
            _held[lock] = _Handle(lock)
        return _held[lock]


def _hold(kind: str, full: str, mode: int) -> None:
    """Lock an entry for the rest of this process, waiting for whoever is making it."""
    handle = _handle(kind, full)
    with handle.busy:
        try:
            fcntl.flock(handle.file, mode | fcntl.LOCK_NB)
        except OSError:
            say(f"another run is making {kind}/{full}: waiting for it")
            fcntl.flock(handle.file, mode)
    os.utime(_lock_path(kind, full))


def _prune(kind: str, name: str, keep: int) -> None:
    """Remove what nobody holds beyond the `keep` last used entries of a name."""
    folder = root() / kind
    length = len(name) + 1 + len(key_of(""))
    entries = [p for p in folder.glob(name + "-*") if p.is_dir() and len(p.name) == length]
    entries.sort(key=lambda p: _last_use(kind, p.name), reverse=True)
    for path in entries[keep:]:
        lock = _lock_path(kind, path.name)
        with open(lock, "a") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                continue
            shutil.rmtree(path)
