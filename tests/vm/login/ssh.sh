# SPDX-License-Identifier: BSD-3-Clause
# ssh with a command, a shell on a terminal and a script on standard input: each runs in the user's OS.
. "${0%/*}/login-lib.sh"
fresh
enable sshd
choose alice trixie
choose bob /os/bullseye
choose u02 base

# Commands.
lands trixie alice
lands bullseye bob
lands base u01
lands base u02
logged 2 "(sshd) user 'bob' enters 'bullseye'" "rule ~/.chos"
expect 7 ssh alice@node 'exit 7'
expect 0 ssh alice@node 'echo "<$CHOS>"'
equal "$(cat $output)" "<trixie>" "\$CHOS"
expect 0 ssh u01@node 'echo "<$CHOS>"'
equal "$(cat $output)" "<>" "\$CHOS of a user who has not chosen"

# A script.
printf '%s\n' "$probe" 'exit 5' | ssh bob@node bash -s >$output 2>&1
equal "$?" 5 "status of bash -s"
equal "$(cat $output)" "$(place bullseye) bob /home/bob" "where bash -s runs"

# A login shell on a terminal.
mark
printf '%s\n' tty 'shopt login_shell' "$probe" 'exit 3' | ssh -tt alice@node >$output 2>&1
equal "$?" 3 "status of the shell"
says /dev/pts/
grep -qE 'login_shell[[:space:]]+on' $output || fail "no login shell"
says "$(place trixie) alice /home/alice"
says_not "chos: "
logged 1 "user 'alice' enters 'trixie'"
finished
