# SPDX-License-Identifier: BSD-3-Clause
"""What this machine must have, installed by apt when it is first needed."""

import os
import subprocess
import threading

from . import cache
from .progress import Failure, run, say

# Purpose -> Debian packages.
PACKAGES = {
    "trees": ["mmdebstrap", "arch-test", "e2fsprogs", "kmod", "util-linux", "tar", "debian-archive-keyring"],
    "images": ["squashfs-tools", "erofs-utils"],
    "sources": ["dnf", "rpm", "gnupg", "createrepo-c", "umoci", "skopeo", "zstd"],
    "hostile": ["strace", "tar", "util-linux"],
    "guest": ["g++"],
    "kernel": ["make", "gcc", "libc6-dev", "libelf-dev", "flex", "bison", "bc", "perl", "xz-utils"],
    "vm": ["qemu-system-x86"],
    "cluster": ["openssh-client"],
    "tools": ["cmake", "ninja-build", "g++", "pkg-config", "libcli11-dev", "libtomlplusplus-dev",
              "nlohmann-json3-dev", "libmount-dev", "libarchive-dev", "libssl-dev",
              "libpam0g-dev", "libgtest-dev", "libslurm-dev"],
    "unit": ["binutils", "pamtester", "libpam-wrapper", "libnss-wrapper", "lua5.4", "zsh", "fish", "zstd"],
    "fuzz": ["clang", "libclang-rt-14-dev", "g++"],
    "tidy": ["clang-tidy", "git"],
    "check": ["make", "gcc", "libc6-dev", "libelf-dev", "sparse", "perl", "linux-source",
              "linux-headers-amd64"],
}
_lock = threading.Lock()
_done = set()


def _missing(packages: list) -> list:
    out = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *packages],
                         capture_output=True, text=True, check=False).stdout
    there = {line.split()[0] for line in out.splitlines() if line.endswith(" installed")}
    return [package for package in packages if package not in there]


def need(*purposes: str) -> None:
    """Install the packages for these purposes, if they are not there.  Raises Failure."""
    with _lock:  # one apt at a time
        if _done.issuperset(purposes):
            return
        missing = sorted(set(_missing([p for purpose in purposes for p in PACKAGES[purpose]])))
        if missing:
            _install(missing)
        _done.update(purposes)


def _install(packages: list) -> None:
    log = cache.logs() / "apt.log"
    log.unlink(missing_ok=True)
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    install = ["apt-get", "-q", "-y", "--no-install-recommends", "-o", "Dpkg::Use-Pty=0",
               "-o", "DPkg::Lock::Timeout=120", "install", *packages]
    say(f"installing {' '.join(packages)}")
    known = subprocess.run([*install, "--print-uris"], capture_output=True, text=True, env=env,
                           check=False).returncode == 0
    try:
        if known:
            try:
                run(install, "apt-get install", log, env=env)
                return
            except Failure:
                say("the package lists may be old")
        run(["apt-get", "-q", "update"], "apt-get update", log, env=env)
        run(install, "apt-get install", log, env=env)
    except Failure as failure:
        raise Failure(f"this machine lacks {' '.join(packages)}, and apt could not install them."
                      f"\n{failure}") from failure
