# SPDX-License-Identifier: BSD-3-Clause
"""The Debian mirror of this machine's apt, and packages fetched from it without installing them.

Others call site(), identity(), package_files() and suite_files(); all of them raise Failure.
"""

import hashlib
import os
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path

from . import cache, host
from .progress import Failure, run, say

APT_HELPER = "/usr/lib/apt/apt-helper"


@lru_cache
def site() -> str:
    """URL of the Debian archive that apt uses for this machine's own suite.  Raises Failure."""
    out = subprocess.run(
        ["apt-get", "indextargets", "--format",
         "$(ORIGIN) $(COMPONENT) $(RELEASE) $(SITE)", "Created-By: Packages"],
        capture_output=True, text=True, check=True).stdout
    suites = []
    for line in out.splitlines():
        fields = line.split()
        if len(fields) == 4 and fields[0] == "Debian" and fields[1] == "main":
            suites.append((fields[2].count("-"), fields[3]))
    if not suites:
        raise Failure("apt knows no Debian mirror (component main): add one to its sources and run"
                      " `apt-get update`")
    return min(suites)[1]  # prefers the plain suite to -updates and -security


@lru_cache
def identity(suite: str) -> str | None:
    """A hash of the suite's current InRelease file; None if the mirror cannot be reached.

    Raises Failure if apt knows no mirror.
    """
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "InRelease"
        os.chmod(folder, 0o755)
        done = subprocess.run(
            [APT_HELPER, "-o", "Acquire::http::Timeout=15", "-o", "Acquire::Retries=1",
             "download-file", f"{site()}/dists/{suite}/InRelease", str(target)],
            capture_output=True, text=True, check=False)
        if done.returncode != 0 or not target.exists():
            say(f"the mirror does not answer for {suite}: using the cached copy")
            return None
        return hashlib.sha256(target.read_bytes()).hexdigest()


def package_files(package: str) -> Path:
    """The directory of an unpacked package of this machine's suite, in the cache.  Raises Failure."""
    policy = subprocess.run(["apt-cache", "policy", package], capture_output=True, text=True,
                            check=True, env={**os.environ, "LC_ALL": "C"}).stdout
    version = [line.split()[1] for line in policy.splitlines() if "Candidate:" in line]
    if not version or version[0] == "(none)":
        raise Failure(f"apt has no package {package}: run `apt-get update`, or add component main")

    def build(path: Path) -> None:
        log = cache.logs() / f"package-{package}.log"
        log.unlink(missing_ok=True)
        run(["apt-get", "-o", "APT::Sandbox::User=root", "download", package],
            f"package {package}", log, cwd=path)
        for archive in path.glob("*.deb"):
            run(["dpkg-deb", "-x", archive.name, "root"], f"package {package}", log, cwd=path)
            archive.unlink()

    return cache.entry("packages", package, cache.key_of(version[0]), build) / "root"


def suite_files(package: str, suite: str) -> Path:
    """The directory of an unpacked package of another suite and its dependencies, in the cache.

    Raises Failure.
    """
    host.need("trees")

    def build(path: Path) -> None:
        log = cache.logs() / f"package-{package}-{suite}.log"
        log.unlink(missing_ok=True)
        say(f"package {package} of {suite}: fetching")
        # The Release file of a suite may have expired on the mirror.
        run(["mmdebstrap", "--mode=root", "--variant=extract", f"--include={package}",
             '--aptopt=Acquire::Check-Valid-Until "false"', suite, str(path / "root"),
             f"deb {site()} {suite} main"], f"package {package} of {suite}", log)

    state = identity(suite)
    if state is None:
        found = cache.find("packages", f"{package}-{suite}-")
        if found is None:
            raise Failure(f"no package {package} of {suite} in the cache and the mirror does not"
                          " answer: check the network and `apt-get update`")
        return found / "root"
    return cache.entry("packages", f"{package}-{suite}", cache.key_of(state), build, keep=1) / "root"
