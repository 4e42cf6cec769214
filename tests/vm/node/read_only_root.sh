# SPDX-License-Identifier: BSD-3-Clause
# A node whose root file system is read-only.
. "${0%/*}/lib.sh"
mkdir -p /chos
allowlist trixie:/os/trixie bullseye:/os/bullseye
mount -t tmpfs tmpfs /tmp
mount -o remount,ro / || fail "cannot make the root read-only"
expect 1 touch /etc/probe
expect 0 chosctl up
expect 0 as alice chos -o trixie sed -n 's/^VERSION_ID=//p' /etc/os-release
equal "$(cat $output)" '"13"' "the OS"
expect 0 chosctl down
mount -o remount,rw / || fail "cannot make the root writable again"
umount /tmp
