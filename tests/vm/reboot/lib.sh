# SPDX-License-Identifier: BSD-3-Clause
# What the cases share that boot a node as its administrator left it.

. "${0%/*}/lib.sh"
trees=/var/lib/chos/os

# chos, and what was to come after it, are there without anybody's doing.
came_up() {
  local unit order
  expect 0 systemctl is-active chos.service chos-watch.service ssh.service cron.service
  expect 0 chosctl status
  for unit in systemd-user-sessions ssh cron; do
    [ "$(when ActiveEnter chos)" -le "$(when InactiveExit $unit)" ] ||
      fail "$unit was started at $(when InactiveExit $unit), chos was up at $(when ActiveEnter chos)"
  done
  # Those that this node does not have come after it, too.
  order=" $(systemctl show -P Before chos) "
  for unit in sshd slurmd gridengine-exec condor pbs_mom globus-gatekeeper; do
    [[ $order == *" $unit.service "* ]] || fail "chos is not before $unit, but before$order"
  done
  order=" $(systemctl show -P After chos) "
  [[ $order == *" remote-fs.target "* ]] || fail "chos is not after remote-fs.target, but after$order"
}
when() { systemctl show -P "${1}TimestampMonotonic" "$2"; }

# lands USER OS: a login by ssh.
lands() {
  expect 0 ssh "$1@node" 'cat /etc/chos-mark'
  equal "$(cat $output)" "$2" "where $1 is"
}

# heard TEXT [N]: chos-watch has said it (N times) since the boot, or says it now.
heard() {
  local reader
  exec 5< <(exec journalctl -q -b -f -n all -o cat -u chos-watch)
  reader=$!
  timeout $((20 * CHOS_TIME_SCALE)) grep -m "${2:-1}" -F -e "$1" <&5 >/dev/null ||
    fail "chos-watch does not say \"$1\", but: $(journalctl -q -b -o cat -u chos-watch)"
  kill "$reader"
  exec 5<&-
}

# Reboots, and does not return: the runner runs the case again, with CHOS_BOOT=2.
reboot_node() {
  touch /var/lib/chos-cases/reboots
  systemctl reboot
  exec sleep infinity
}

# A small tree at a directory elsewhere.
small_tree_at() {
  mkdir -p "$1/bin" "$1/etc" &&
    cp "${0%/*}/busybox" "$1/bin/busybox" && ln -s busybox "$1/bin/sh" && ln -s busybox "$1/bin/cat" &&
    echo "ID=${1##*/}" >"$1/etc/os-release"
}
