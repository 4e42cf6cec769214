# SPDX-License-Identifier: BSD-3-Clause
# user@.service, with systemd-user enabled: in a tree with systemd the user's manager and all that
# it starts are in the OS; in a tree without they stay in the base OS, and the log says so.
. "${0%/*}/login-lib.sh"
fresh
systemctl --quiet --runtime unmask user@.service
uid=$(id -u u09)
runtime=/run/user/$uid
run_user() {
  as u09 XDG_RUNTIME_DIR=$runtime DBUS_SESSION_BUS_ADDRESS=unix:path=$runtime/bus \
    systemd-run --user --quiet --wait --pipe sh -c "$probe"
}
stop() {
  systemctl stop user@$uid.service || fail "the user's manager does not stop"
}

# Trees without systemd.
enable systemd-user
choose u09 trixie
expect 0 systemctl start user@$uid.service
expect 0 run_user
equal "$(cut -d' ' -f1-3 $output)" "$(place base) u09" "a unit of the user's"
logged 1 "(systemd-user) user 'u09' stays in the base OS: 'trixie' has no /lib/systemd/systemd"
stop

# The base OS itself as a tree has one.
mkdir -p $tree/same
mount --bind / $tree/same
allowlist trixie:/os/trixie same:/os/same
expect 0 chosctl reload
choose u09 same
mark
expect 0 systemctl start user@$uid.service
logged 1 "(systemd-user) user 'u09' enters 'same'"
expect 0 run_user
equal "$(cut -d' ' -f1-4 $output)" "base /os/same u09 /home/u09" "a unit of the user's"
stop
expect 0 systemctl is-active dbus
systemctl --quiet --runtime mask user@.service
allowlist trixie:/os/trixie bullseye:/os/bullseye
expect 0 chosctl reload
umount $tree/same || fail "the tree of systemd is busy"
rmdir $tree/same
finished
