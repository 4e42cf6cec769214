# SPDX-License-Identifier: BSD-3-Clause
# What the cases share whose trees lie on another machine, an NFS server.

. "${0%/*}/sources-lib.sh"
. "${0%/*}/reboot-lib.sh"

# The server may come up later than this node, and a case before may have left it away.
server_is_up() {
  local try
  for try in $(seq $((60 * CHOS_TIME_SCALE))); do
    ssh node2 'exportfs -s | grep -q chos && /usr/lib/chos-tests/busybox ip address replace 10.0.0.3/24 dev eth0' \
      2>/dev/null && return
    sleep 1
  done
  fail "node2 does not come up"
}
# It is gone as one that has no power: nothing answers.
server_goes() { ssh node2 /usr/lib/chos-tests/busybox ip address del 10.0.0.3/24 dev eth0 || fail "node2"; }
server_returns() { ssh node2 /usr/lib/chos-tests/busybox ip address add 10.0.0.3/24 dev eth0 || fail "node2"; }

# mounted_by OPTIONS: the server's trees at /net/trees, by fstab(5).
mounted_by() {
  mkdir -p /net/trees
  sed -i '\@ /net/trees @d' /etc/fstab
  echo "trees:/ /net/trees nfs4 ro,vers=4.2,$1 0 0" >>/etc/fstab
  systemctl daemon-reload
}

# enters OS: a login of alice's by ssh into it.
enters() {
  choose alice "$1"
  expect 0 ssh alice@node 'cat /proc/chos/setchos; id -un'
  equal "$(tr '\n' ' ' <$output)" "$1 alice " "the login into $1"
}

# compiles OS: a login of alice's by ssh into it, and a program of hers.
compiles() {
  choose alice "$1"
  printf '%s\n' '#include <stdio.h>' 'int main(void) { puts("compiled"); return 7; }' >/home/alice/hello.c
  expect 7 ssh alice@node 'cat /proc/chos/setchos && gcc -o hello hello.c && ./hello'
  equal "$(tr '\n' ' ' <$output)" "$1 compiled " "what alice sees in $1"
}

# The node boots, with chos enabled, into a network that lacks the server; does not return.
boots_without_server() {
  expect 0 systemctl enable chos
  expect 0 chosctl down
  expect 0 umount /net/trees
  server_goes
  reboot_node
}
is_in_service() { expect 0 systemctl is-active chos chos-watch ssh cron; }
# How long chos.service took at boot, in milliseconds.
in_service() { echo $((($(when ActiveEnter chos) - $(when InactiveExit chos)) / 1000)); }
closed_for_want() {
  expect 126 as alice chos -o "$1" true
  says "its tree is not there"
}

# others_go_on OS: while the server is away with the tree of that OS, nobody waits who is not in it.
others_go_on() {
  rm -f /home/alice/.chos
  expect 0 in_time 20 ssh alice@node id -un
  expect 0 in_time 20 chosctl metrics
  expect 0 in_time 30 chosctl status
  expect 1 in_time 60 chosctl doctor --json
  says "does not answer"
}

# chos is taken away while the server is, too: a node that is shut down must not wait for it.
ends() {
  server_goes
  expect 0 in_time 60 chosctl down
  server_returns
  # Images that are mounted on the server's directories could not be reached.
  expect 0 chosctl down
  expect 0 umount /net/trees
  # systemd's automounter stays, and what is mounted by hand would lie on it.
  systemctl stop net-trees.automount
  sed -i '\@ /net/trees @d' /etc/fstab
  systemctl daemon-reload
}
