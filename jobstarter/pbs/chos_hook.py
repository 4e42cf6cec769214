# SPDX-License-Identifier: BSD-3-Clause
"""A hook of OpenPBS: jobs, and the tasks they spawn, in the OS of their $CHOS; see README.md.

An execjob_launch hook runs on the execution host, as root, before each program of a job is
started.  It may replace the program and its arguments; this one puts chos_jobstarter before them.
"""

import os

import pbs

STARTER = "/usr/bin/chos_jobstarter"


def with_starter(program, arguments):
    """The arguments, from argv[0] on, with which the starter becomes that program with those.

    program: what was to be started.  arguments: from argv[0] on; none at all for the shell of a
    job, which PBS starts as a login shell.  PBS may itself change the argv[0] of what it starts:
    the job's goes by an option.
    """
    if arguments:
        name, rest = arguments[0], list(arguments[1:])
    else:
        name, rest = "-" + os.path.basename(program), []
    return [STARTER, "--argv0=" + name, "--", program] + rest


def main():
    event = pbs.event()
    if event.type != pbs.EXECJOB_LAUNCH or event.progname == STARTER:
        event.accept()
    if not os.access(STARTER, os.X_OK):
        event.reject("chos: there is no %s on this host; the job was not started" % STARTER)
    program = event.progname
    event.argv = with_starter(program, event.argv or [])
    event.progname = STARTER
    event.accept()


main()
