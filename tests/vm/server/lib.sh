# SPDX-License-Identifier: BSD-3-Clause
# Functions for the cases whose trees lie on another machine, an NFS server.

. "${0%/*}/sources-lib.sh"
. "${0%/*}/reboot-lib.sh"

# Waits for the server, which may come up later than this node, and makes it reachable.
server_is_up() {
  local try
  for try in $(seq $((60 * CHOS_TIME_SCALE))); do
    ssh node2 'exportfs -s | grep -q chos && /usr/lib/chos-tests/busybox ip address replace 10.0.0.3/24 dev eth0' \
      2>/dev/null && return
    sleep 1
  done
  fail "node2 does not come up"
}
# The server disappears as if it had lost power: its address does not respond at all.
server_goes() { ssh node2 /usr/lib/chos-tests/busybox ip address del 10.0.0.3/24 dev eth0 || fail "node2"; }
server_returns() { ssh node2 /usr/lib/chos-tests/busybox ip address add 10.0.0.3/24 dev eth0 || fail "node2"; }

# mounted_by_fstab OPTIONS: adds the server's trees to fstab(5), at /net/trees.
mounted_by_fstab() {
  mkdir -p /net/trees
  sed -i '\@ /net/trees @d' /etc/fstab
  echo "trees:/ /net/trees nfs4 ro,vers=4.2,$1 0 0" >>/etc/fstab
  systemctl daemon-reload
}

# enters OS: a login of alice's by ssh lands in it.
enters() {
  choose alice "$1"
  expect 0 ssh alice@node 'cat /proc/chos/setchos; id -un'
  equal "$(tr '\n' ' ' <$output)" "$1 alice " "the login into $1"
}

# compiles OS: alice logs in to it by ssh, and compiles and runs a program.
compiles() {
  choose alice "$1"
  printf '%s\n' '#include <stdio.h>' 'int main(void) { puts("compiled"); return 7; }' >/home/alice/hello.c
  expect 7 ssh alice@node 'cat /proc/chos/setchos && gcc -o hello hello.c && ./hello'
  equal "$(tr '\n' ' ' <$output)" "$1 compiled " "alice's output in $1"
}

# Reboots the node, with chos enabled, while the server is unreachable; does not return.
boots_without_server() {
  expect 0 systemctl enable chos
  expect 0 chosctl down
  expect 0 umount /net/trees
  server_goes
  reboot_node
}
is_in_service() { expect 0 systemctl is-active chos chos-watch ssh cron; }
# The milliseconds that chos.service took at boot.
start_time() { echo $((($(when ActiveEnter chos) - $(when InactiveExit chos)) / 1000)); }
# closed_without_tree OS: nobody can enter the OS, because its tree is missing.
closed_without_tree() {
  expect 126 as alice chos -o "$1" true
  says "its tree is not there"
}

# While the server is unreachable, logins to the base OS and chosctl do not wait for it.
others_do_not_wait() {
  rm -f /home/alice/.chos
  expect 0 in_time 20 ssh alice@node id -un
  expect 0 in_time 20 chosctl metrics
  expect 0 in_time 30 chosctl status
  expect 1 in_time 60 chosctl doctor --json
  says "does not answer"
}

# `chosctl down` works while the server is unreachable, because the shutdown of a node must not wait for it.
take_down_without_server() {
  server_goes
  expect 0 in_time 60 chosctl down
  server_returns
  # The first one could not reach the images that are mounted on directories of the server.
  expect 0 chosctl down
  expect 0 umount /net/trees
  # Otherwise systemd's automounter would stay, and a later case would mount on top of it.
  systemctl stop net-trees.automount
  sed -i '\@ /net/trees @d' /etc/fstab
  systemctl daemon-reload
}
