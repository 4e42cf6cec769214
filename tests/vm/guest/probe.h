/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CHOS_GUEST_PROBE_H
#define CHOS_GUEST_PROBE_H

namespace chos::guest {

/*
 * The program that is installed as usr/bin/probe in the trees and exec'ed by cases:
 *   probe view NAME       0 if it sees the OS NAME ("/": the base), else 1
 *   probe consistent      0 if link, setchos and the tree agree, whatever they say
 *   probe chain N NAME    view NAME, then execs itself N-1 times more
 *   probe euid UID        0 if that is its effective uid, else 1
 *   probe gained          0 if it holds any capability, else 1
 *   probe put FILE TEXT   writes TEXT in one write(2); exits with the errno
 *   probe out TEXT        the same to its standard output
 *   probe spawn NAME      forks; parent and child both check the view
 */
int probe(int argc, char** argv);

}  // namespace chos::guest

#endif
