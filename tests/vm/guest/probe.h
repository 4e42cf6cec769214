/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CHOS_GUEST_PROBE_H
#define CHOS_GUEST_PROBE_H

namespace chos::guest {

/*
 * The program that the trees have as usr/bin/probe and that cases execute.  Exit statuses:
 *   probe view NAME       0 if it is in the OS NAME ("/" for the base), else 1
 *   probe consistent      0 if the link, setchos and the tree agree on any OS, else 1
 *   probe chain N NAME    as `view NAME`, checked N times, with an exec of itself between the checks
 *   probe euid UID        0 if UID is its effective uid, else 1
 *   probe egid GID        0 if GID is its effective gid, else 1
 *   probe gained          0 if it has any capability, else 1
 *   probe put FILE TEXT   the errno of one write(2) of TEXT to FILE, 0 for success
 *   probe out TEXT        the same for its standard output
 *   probe lowered FILE TEXT  the same as `put`, or as `out` if FILE is /dev/null, while its effective
 *                         IDs are the real ones and no capability is effective; restores them
 *   probe switch NAME     the errno of the ioctl of setchos, 0 for success
 *   probe task PLACE      goes on as the task at that place of the board; see calls.h
 *   probe spawn NAME      forks; 0 if parent and child are both in the OS NAME, else 1
 */
int probe(int argc, char** argv);

}  // namespace chos::guest

#endif
