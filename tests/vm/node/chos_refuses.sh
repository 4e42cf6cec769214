# SPDX-License-Identifier: BSD-3-Clause
# The messages and exit statuses of chos when it cannot do what was requested.
. "${0%/*}/lib.sh"

# The module is not loaded.
allowlist trixie:/os/trixie
expect 126 as alice chos -o trixie true
says chosctl
expect 126 as alice chos

start_node
expect 126 as alice chos -o nope true
says nope
says trixie
says bullseye
expect 126 as alice env CHOS=nope chos true
says nope
expect 127 as alice chos -o trixie no-such-command
says no-such-command
expect 126 as alice chos -o trixie /etc/passwd
expect 7 as alice chos -o trixie sh -c 'exit 7'
expect 126 as alice chos --no-such-option

# Closed, and for a group that alice is not in.
allowlist trixie:/os/trixie:closed bullseye:/os/bullseye:groups=bob
expect 0 chosctl reload
expect 126 as alice chos -o trixie true
says trixie
expect 126 as alice chos -o bullseye true
expect 0 as bob chos -o bullseye true
stop_node
