# SPDX-License-Identifier: BSD-3-Clause
# chosctl down refuses while processes are in an OS, and lists them; with --force it lists them and goes on.
. "${0%/*}/lib.sh"
start_node
mkfifo /tmp/go
as alice chos -o trixie sh -c 'echo $$ >/tmp/inside; exec cat /tmp/go' >/dev/null 2>&1 &
job=$!
until [ -s /tmp/inside ]; do :; done
inside=$(cat /tmp/inside)

expect 1 chosctl down
says trixie
says alice
says "$inside"
expect 0 as bob chos -o bullseye true

expect 0 chosctl down --force
says "$inside"
! grep -q ' /chos' /proc/mounts || fail "the farm is still mounted"
expect 126 as bob chos -o bullseye true
kill -0 $inside || fail "the process inside was killed"
# The next down finds the process by the module, which is still loaded.
expect 1 chosctl down
says "processes are in an OS"
says "$inside"
expect 1 chosctl os remove trixie
echo >/tmp/go
wait $job || fail "the process inside failed: $?"
expect 0 chosctl down
! grep -q '^chos ' /proc/modules || fail "the module is still loaded"
rm -f /tmp/go /tmp/inside
start_node
stop_node
