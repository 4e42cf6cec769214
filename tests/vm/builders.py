# SPDX-License-Identifier: BSD-3-Clause
"""tests/run builders: kills `chosctl os add` while mmdebstrap, dnf, or the unpacking of an image works for it.

builders.sh does it in a private mount namespace of this machine, without a VM or the module.

Others call killed(), which raises Failure if chosctl cannot be built or a package is missing.
"""

import os
import random
import subprocess
import tempfile
import time
from pathlib import Path

from . import cache, host, sources, tools
from .progress import Failure, run, say
from .results import Outcome

KILLS = 50
_KINDS = ("debian", "rpm", "oci")
_SCRIPT = Path(__file__).with_suffix(".sh")


def killed(kills: int = KILLS) -> list:
    """Kill each kind of builder `kills` times; return an outcome for each kind."""
    host.need("trees", "sources")
    chosctl = tools.build(False) / "tools/chosctl/chosctl"
    return [_kind(kind, kills, chosctl) for kind in _KINDS]


def _kind(kind: str, kills: int, chosctl: Path) -> Outcome:
    log = cache.logs() / f"builders-{kind}.log"
    log.unlink(missing_ok=True)
    seed = os.environ.get("CHOS_SEED") or str(random.randrange(32768))
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)
        tree = sources.tiny_tree(top / "tree")
        (top / "spec").write_text(sources.SPEC)
        kept = top / "kept.tar"
        subprocess.run(["tar", "-C", str(tree), "-cf", str(kept), "."], check=True)
        (top / "work").mkdir()
        env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": folder, "LC_ALL": "C", "KIND": kind,
               "COUNT": str(kills), "SEED": seed, "WORK": str(top / "work"), "TREE": str(tree),
               "KEPT": str(kept), "SPEC": str(top / "spec"), "CHOSCTL": str(chosctl)}
        try:
            run(["unshare", "-m", "--fork", "--kill-child", str(_SCRIPT)], f"builders of {kind}", log,
                env=env)
        except Failure:
            lines = log.read_text(errors="replace").splitlines()
            said = [line for line in lines if line.startswith("FAIL ")]
            reason = (said or ["FAIL builders.sh exited with an error"])[0][5:] + f" (CHOS_SEED={seed})"
            say(f"builders of {kind}: FAILED, {reason}")
            return Outcome("builders", kind, "FAIL", 0.0, reason, log)
    say(f"builders of {log.read_text().splitlines()[-1]}")
    return Outcome("builders", kind, "PASS", time.monotonic() - began)
