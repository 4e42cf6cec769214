# SPDX-License-Identifier: BSD-3-Clause
# If a step of chosctl up fails, it undoes the others, and says which step failed and why.
. "${0%/*}/lib.sh"
allowlist trixie:/os/trixie
before=$(cat /proc/1/mountinfo)

undone() {
  ! grep -q '^chos ' /proc/modules || fail "the module stays loaded"
  equal "$(cat /proc/1/mountinfo)" "$before" "mounts"
}

expect 1 chosctl up --module /nowhere/chos.ko
says /nowhere/chos.ko
undone

# The last step fails: the allowlist.
allowlist trixie:/os/trixie nonsense
expect 1 chosctl up
says /etc/chos:2
undone

# The farm's path is a file.
allowlist trixie:/os/trixie
rmdir /chos 2>/dev/null
touch /chos
expect 1 chosctl up
says /chos
undone
rm /chos

# The configuration is invalid.
echo 'nonsense = 1' >/etc/chos.conf
expect 1 chosctl up
says /etc/chos.conf
says nonsense
undone
rm /etc/chos.conf

# Without any of these it works.
expect 0 chosctl up
stop_node
