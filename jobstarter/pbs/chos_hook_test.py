#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Tests the hook for OpenPBS and the starter that it calls: chos_hook_test.py HOOK STARTER BINDIR.

There is no package of OpenPBS to run.  This file replays what its hooks guide, and the source of pbs_mom,
say about execjob_launch hooks: the attributes of the event, which of them the hook may set, and how
pbs_mom uses progname, argv and env afterwards.
"""

import os
import subprocess
import sys
import tempfile
import types
import unittest
from pathlib import Path

HOOK, STARTER, BINDIR = sys.argv[1:4]


class Event:
    """Stands for pbs.event().  Only progname, argv and env can be set."""

    def __init__(self, kind, progname, argv, env):
        self.__dict__.update(type=kind, progname=progname, argv=argv, env=env, rejected=None)

    def __setattr__(self, name, value):
        if name not in ("progname", "argv", "env"):
            raise AttributeError(f"event attribute '{name}' is readonly")
        self.__dict__[name] = value

    def accept(self, ecode=0):
        raise SystemExit(str(ecode))

    def reject(self, emsg="", ecode=255):
        self.__dict__["rejected"] = emsg
        raise SystemExit(str(ecode))


def module(event):
    """Stands for the module pbs that a hook imports."""
    pbs = types.ModuleType("pbs")
    pbs.EXECJOB_LAUNCH, pbs.EXECJOB_ATTACH = 0x10000, 0x100000
    pbs.event = lambda: event
    return pbs


def run_hook(event, starter):
    text = Path(HOOK).read_text(encoding="utf-8")
    line = f'STARTER = "{BINDIR}/chos_jobstarter"'
    assert text.count(line) == 1
    sys.modules["pbs"] = module(event)
    try:
        exec(compile(text.replace(line, f"STARTER = {starter!r}"), HOOK, "exec"), {"__name__": "hook"})
    except SystemExit:
        return event
    finally:
        del sys.modules["pbs"]
    raise AssertionError("the hook called neither accept() nor reject()")


class Hook(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="chos-unit-")
        self.addCleanup(folder.cleanup)
        self.top = Path(folder.name)
        self.top.chmod(0o755)
        (self.top / "kernel").mkdir()
        (self.top / "kernel/setchos").write_text("/\n")
        (self.top / "kernel/setchos").chmod(0o666)
        (self.top / "kernel/processes").write_text("")
        (self.top / "list").write_text("trixie:/os/trixie\n")
        (self.top / "list").chmod(0o644)
        (self.top / "jobs").mkdir()
        # Stands for /usr/bin/chos_jobstarter on a host without the kernel module.
        self.starter = self.top / "chos_jobstarter"
        binary = self.top / "starter"
        binary.write_bytes(Path(STARTER).read_bytes())
        binary.chmod(0o755)
        self.starter.write_text(f'#!/bin/sh\nexec env CHOS_TEST_ALLOWLIST={self.top}/list '
                                f'CHOS_TEST_PROC={self.top}/kernel CHOS_TEST_LOG={self.top}/log '
                                f'{binary} "$@"\n')
        self.starter.chmod(0o755)

    def env(self, **more):
        return {"PATH": os.environ["PATH"], "PBS_ENVIRONMENT": "PBS_BATCH", "PBS_JOBID": "7.node",
                "HOME": "/home/a b", **more}

    def launch(self, progname, argv, env, executable=False, task=False, stdin="", uid=65534):
        """Starts a program as pbs_mom does: the shell of a job (argv is empty), the program of
        `qsub -- PROGRAM` (executable), or a task of a job (task)."""
        event = run_hook(Event(0x10000, progname, argv, dict(env)), str(self.starter))
        self.assertIsNone(event.rejected)
        self.assertEqual(event.env, env, "the hook keeps the environment")
        words = list(event.argv)
        self.assertTrue(all(isinstance(word, str) for word in words))
        if not executable and not task:  # pbs_mom starts it as a login shell
            words[0] = "-" + os.path.basename(event.progname)
        return subprocess.run(words, executable=event.progname, env=event.env, input=stdin,
                              capture_output=True, text=True, cwd=self.top, check=False,
                              user=uid, group=uid, extra_groups=())

    def entered(self):
        return (self.top / "kernel/setchos").read_text().split()[0]

    def test_a_script_is_run_by_a_login_shell_in_the_os(self):
        script = self.top / "jobs/7.node.SC"
        script.write_text('echo "$CHOS $PBS_JOBID $HOME"; id -u; exit 5\n')
        script.chmod(0o755)
        ran = self.launch("/bin/bash", [], self.env(CHOS="trixie"), stdin=f"shopt login_shell; {script}\n")
        self.assertEqual(ran.stdout, "login_shell    \ton\ntrixie 7.node /home/a b\n65534\n", ran.stderr)
        self.assertEqual(ran.returncode, 5)
        self.assertEqual(self.entered(), "trixie")

    def test_a_program_keeps_its_arguments(self):
        words = ["/bin/sh", "-c", 'printf "<%s>" "$0" "$@"; exit 3', "a  b", "", "-o", "--", "$x"]
        ran = self.launch("/bin/sh", words, self.env(CHOS="trixie"), executable=True)
        self.assertEqual(ran.stdout, "<a  b><><-o><--><$x>", ran.stderr)
        self.assertEqual(ran.returncode, 3)
        self.assertEqual(self.entered(), "trixie")

    def test_a_program_keeps_its_argv0(self):
        ran = self.launch("/bin/sh", ["odd name", "-c", "tr '\\0' ' ' </proc/$$/cmdline; echo"],
                          self.env(CHOS="trixie"), executable=True)
        self.assertTrue(ran.stdout.startswith("odd name -c "), ran.stdout + ran.stderr)

    def test_tasks_of_mpi_programs(self):
        ran = self.launch("sh", ["sh", "-c", "echo $CHOS"], self.env(CHOS="trixie"), task=True)
        self.assertEqual(ran.stdout, "trixie\n", ran.stderr)
        self.assertEqual(self.entered(), "trixie")

    def test_no_os_chosen(self):
        ran = self.launch("/bin/bash", [], self.env(), stdin="echo ${CHOS-none}\n")
        self.assertEqual(ran.stdout, "none\n", ran.stderr)
        self.assertEqual(self.entered(), "/")

    def test_an_unknown_os(self):
        ran = self.launch("/bin/bash", [], self.env(CHOS="sarge"), stdin="echo wrong\n")
        self.assertEqual((ran.returncode, ran.stdout), (126, ""))
        self.assertIn("$CHOS names 'sarge'", ran.stderr)
        self.assertEqual(self.entered(), "/")

    def test_the_hook_ignores_a_program_that_has_the_starter(self):
        once = run_hook(Event(0x10000, "/bin/bash", [], {}), str(self.starter))
        argv = list(once.argv)
        twice = run_hook(Event(0x10000, once.progname, once.argv, {}), str(self.starter))
        self.assertEqual((twice.progname, twice.argv), (str(self.starter), argv))

    def test_without_the_starter_the_job_is_refused(self):
        event = run_hook(Event(0x10000, "/bin/bash", [], {}), str(self.top / "nowhere"))
        self.assertIn("nowhere on this host; the job was not started", event.rejected)
        self.assertEqual((event.progname, event.argv), ("/bin/bash", []))

    def test_other_events_are_accepted_unchanged(self):
        event = run_hook(Event(0x100000, "/bin/bash", ["x"], {}), str(self.starter))
        self.assertEqual((event.rejected, event.progname, event.argv), (None, "/bin/bash", ["x"]))


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("needs root, who must own the allowlist")
        sys.exit(77)
    unittest.main(argv=sys.argv[:1])
