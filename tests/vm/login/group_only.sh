# SPDX-License-Identifier: BSD-3-Clause
# An OS for the members of a group: they enter it by ssh, although sshd opens the PAM session before it sets
# the user's groups; other users get a message.
. "${0%/*}/login-lib.sh"
fresh
getent group physics >/dev/null || groupadd physics
usermod -a -G physics u07
allowlist trixie:/os/trixie bullseye:/os/bullseye:groups=physics
expect 0 chosctl reload
enable sshd su
choose u07 bullseye
choose u08 bullseye
lands bullseye u07
expect 0 ssh u07@node id
says "(physics)"
expect 0 su u07 -c "$probe"
says "$(place bullseye) u07"
mark
printf '%s\n' "$probe" exit | ssh -tt u08@node >$output 2>&1
says "$(place base) u08 /home/u08"
says "chos: 'bullseye' is for the members of the group physics"
logged 1 "user 'u08' stays in the base OS: 'bullseye' is for the members"
# Nor can that user enter it by writing to setchos, and sshd has left no group behind.
expect 1 ssh u08@node 'echo bullseye >/proc/chos/setchos'
expect 0 ssh u08@node id
says_not physics
finished
