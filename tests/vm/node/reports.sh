# SPDX-License-Identifier: BSD-3-Clause
# The reports of chos and chosctl: which processes are in which OS, which of them a user sees, and JSON.
. "${0%/*}/lib.sh"
start_node
mkfifo /tmp/go
for pair in alice:trixie bob:bullseye; do
  as ${pair%:*} chos -o ${pair#*:} sh -c 'touch /tmp/in-$USER; exec cat /tmp/go' &
done
until [ -e /tmp/in-alice ] && [ -e /tmp/in-bob ]; do :; done

expect 0 chos --ps
says trixie
says bullseye
expect 0 as alice chos --ps
says trixie
says_not bullseye
expect 0 as bob chos --ps --json
says '"bullseye"'
says_not '"trixie"'
expect 0 as alice chos --list
says trixie
expect 0 as alice chos --list --json
expect 0 as alice chos --current
expect 0 as alice chos -o trixie chos --current
equal "$(cat $output)" trixie "--current inside"
expect 0 as alice chos --why
expect 0 chosctl status
says "fork tracking on"
expect 0 chosctl doctor
exec 4<>/tmp/go
echo >&4
echo >&4
exec 4>&-
kill %1 %2 2>/dev/null
wait
rm -f /tmp/go /tmp/in-*
stop_node
