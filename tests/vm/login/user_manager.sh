# SPDX-License-Identifier: BSD-3-Clause
# user@.service with pam_chos enabled for systemd-user: if the tree has systemd, the user manager and its
# units run in the OS; otherwise they stay in the base OS, and the log says so.
. "${0%/*}/login-lib.sh"
fresh
systemctl --quiet --runtime unmask user@.service
uid=$(id -u u09)
runtime=/run/user/$uid
units=/home/u09/.config/systemd/user
mkdir -p $units
echo "$probe >/home/u09/said" >/home/u09/probe.sh
printf '%s\n' '[Service]' Type=oneshot 'ExecStart=/bin/sh /home/u09/probe.sh' >$units/probe.service
chown -R u09: /home/u09
# run_user: runs the probe as a unit of the user manager.
run_user() {
  rm -f /home/u09/said
  as u09 XDG_RUNTIME_DIR=$runtime systemctl --user start probe.service && cat /home/u09/said
}
stop() {
  systemctl stop user@$uid.service || fail "the user's manager does not stop"
}

# A tree without systemd.
enable systemd-user
choose u09 trixie
expect 0 systemctl start user@$uid.service
expect 0 run_user
equal "$(cat $output)" "$(place base) u09 /home/u09" "a unit of the user's"
logged 1 "(systemd-user) user 'u09' stays in the base OS: 'trixie' has no /lib/systemd/systemd"
stop

# A tree with systemd: the base OS itself, bound as a tree.
mkdir -p $tree/same
mount --bind / $tree/same
allowlist trixie:/os/trixie same:/os/same
expect 0 chosctl reload
choose u09 same
mark
expect 0 systemctl start user@$uid.service
logged 1 "(systemd-user) user 'u09' enters 'same'"
expect 0 run_user
equal "$(cat $output)" "base /os/same u09 /home/u09" "a unit of the user's"
stop
expect 0 systemctl is-active dbus
systemctl --quiet --runtime mask user@.service
allowlist trixie:/os/trixie bullseye:/os/bullseye
expect 0 chosctl reload
umount $tree/same || fail "the tree of systemd is busy"
rmdir $tree/same
finished
