# SPDX-License-Identifier: BSD-3-Clause
# chosctl up on a node without chos, and again; status; reload; doctor; down, and again.
. "${0%/*}/lib.sh"
allowlist trixie:/os/trixie bullseye:/os/bullseye
nothing=$(mounts)

expect 3 chosctl status
expect 0 chosctl up
says "chos is up"
up=$(cat /proc/1/mountinfo)
expect 0 chosctl up
says "nothing was changed"
equal "$(cat /proc/1/mountinfo)" "$up" "mounts after the second up"

expect 0 chosctl status
says trixie
says bullseye
expect 0 chosctl status --json
says '"trixie"'
expect 0 cat /proc/chos/valid
equal "$(cut -d: -f1 $output | sort | tr '\n' ' ')" "bullseye trixie " "the kernel's list"

expect 0 chosctl doctor

allowlist trixie:/os/trixie
expect 0 chosctl reload
equal "$(cut -d: -f1 /proc/chos/valid)" trixie "the kernel's list after reload"
expect 0 chosctl reload
equal "$(cat /proc/1/mountinfo)" "$up" "mounts after reload"

expect 0 chosctl down
equal "$(mounts)" "$nothing" "mounts after down"
expect 0 chosctl down
says "already"
