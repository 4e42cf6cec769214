# SPDX-License-Identifier: BSD-3-Clause
# A node on which chos is installed and chos.service enabled boots into service, although one of its trees is
# missing.
. "${0%/*}/reboot-lib.sh"
came_up
expect 0 journalctl -q -b -o cat -u chos.service
says "the tree of 'late' cannot be found at $trees/late"
says "1 OS is closed because its tree is missing: late"
echo trixie >/home/alice/.chos
chown alice: /home/alice/.chos
lands alice trixie

# reload reports an entry with a mistyped path; the other entries still work.
echo 'typo:/os/trixi' >>/etc/chos
expect 0 systemctl reload chos
expect 0 journalctl -q -b -o cat -u chos.service
says "/etc/chos:5: the tree of 'typo' cannot be found at $trees/trixi"
says "2 OSs are closed because their trees are missing: late and typo"
expect 0 cat /proc/chos/valid
says typo:/os/trixi:closed
expect 0 chosctl status
says "no tree"
sed -i '/^typo/d' /etc/chos
expect 0 systemctl reload chos
expect 0 cat /proc/chos/valid
says_not typo

# The harness enables the units by links in the image: the [Install] sections agree with them.
expect 0 systemctl --no-reload disable chos
! systemctl -q is-enabled chos-watch || fail "chos-watch is still enabled"
expect 0 systemctl --no-reload enable chos
expect 0 systemctl is-enabled chos chos-watch
