# SPDX-License-Identifier: BSD-3-Clause
# Functions for the cases that boot a node on which chos is enabled, in addition to those in node/lib.sh.

. "${0%/*}/lib.sh"
trees=/var/lib/chos/os

# Checks that chos came up at boot, and before the services that depend on it.
came_up() {
  local unit order
  expect 0 systemctl is-active chos.service chos-watch.service ssh.service cron.service
  expect 0 chosctl status
  for unit in systemd-user-sessions ssh cron; do
    [ "$(when ActiveEnter chos)" -le "$(when InactiveExit $unit)" ] ||
      fail "$unit was started at $(when InactiveExit $unit), chos was up at $(when ActiveEnter chos)"
  done
  # The same for services that this node lacks, by the configured order.
  order=" $(systemctl show -P Before chos) "
  for unit in sshd slurmd gridengine-exec condor pbs_mom globus-gatekeeper; do
    [[ $order == *" $unit.service "* ]] || fail "chos is not before $unit, but before$order"
  done
  order=" $(systemctl show -P After chos) "
  [[ $order == *" remote-fs.target "* ]] || fail "chos is not after remote-fs.target, but after$order"
}
# when EVENT UNIT: the time of an event of a unit, such as ActiveEnter, in microseconds.
when() { systemctl show -P "${1}TimestampMonotonic" "$2"; }

# lands USER OS: a login of the user by ssh lands in that OS.
lands() {
  expect 0 ssh "$1@node" 'cat /etc/chos-mark'
  equal "$(cat $output)" "$2" "where $1 is"
}

# watch_says TEXT [N]: chos-watch has logged the text (N times) since the boot, or does so soon.
watch_says() {
  local reader
  exec 5< <(exec journalctl -q -b -f -n all -o cat -u chos-watch)
  reader=$!
  timeout $((20 * CHOS_TIME_SCALE)) grep -m "${2:-1}" -F -e "$1" <&5 >/dev/null ||
    fail "chos-watch has not logged \"$1\", but: $(journalctl -q -b -o cat -u chos-watch)"
  kill "$reader"
  exec 5<&-
}

# Reboots the node and does not return; the runner then runs the case again with CHOS_BOOT=2.
reboot_node() {
  touch /var/lib/chos-cases/reboots
  systemctl reboot
  exec sleep infinity
}

# small_tree_at PATH: makes a small tree there.
small_tree_at() {
  mkdir -p "$1/bin" "$1/etc" &&
    cp "${0%/*}/busybox" "$1/bin/busybox" && ln -s busybox "$1/bin/sh" && ln -s busybox "$1/bin/cat" &&
    echo "ID=${1##*/}" >"$1/etc/os-release"
}
