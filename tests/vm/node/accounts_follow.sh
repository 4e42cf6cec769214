# SPDX-License-Identifier: BSD-3-Clause
# Every OS shows the current accounts of the base OS: a user who is added, or removed from a group, appears
# so in all OSs immediately, without a reload.  The same for resolv.conf, which is a link in the base OS.
. "${0%/*}/lib.sh"
cp -a /etc/passwd /etc/group /run/ # restored at the end
rm -f /etc/resolv.conf
mkdir -p /run/resolver
echo "nameserver 192.0.2.1" >/run/resolver/one.conf
ln -s /run/resolver/one.conf /etc/resolv.conf
for os in trixie bullseye; do echo "its own" >/var/lib/chos/os/$os/etc/resolv.conf; done
# In the trees localtime is a link, as in Debian.
for os in trixie bullseye; do ln -sf /usr/share/zoneinfo/Etc/UTC /var/lib/chos/os/$os/etc/localtime; done
rm -f /etc/localtime
echo 'Zone CHOS 5:45 - CHT' | zic -d /run/zones - || fail "no zone"
cp /run/zones/CHOS /etc/localtime
start_node
before=$(mounts)

# replace FILE: adds lines by writing a new file and renaming it, as useradd(8) does.
replace() {
  cp -a "/etc/$1" "/etc/$1.new" && cat >>"/etc/$1.new" && mv "/etc/$1.new" "/etc/$1"
}
# in_each OUTPUT COMMAND...: alice's command prints this in every OS.
in_each() {
  local wanted=$1 os
  shift
  for os in trixie bullseye; do
    expect 0 as alice chos -o $os "$@"
    equal "$(cat $output)" "$wanted" "in $os: $*"
  done
}
expect 2 as alice chos -o trixie getent passwd newcomer
replace passwd <<<'newcomer:x:2345:2345:New:/home/newcomer:/bin/bash'
replace group <<<'newcomer:x:2345:
newgroup:x:2346:newcomer'
in_each "uid=2345(newcomer) gid=2345(newcomer) groups=2345(newcomer),2346(newgroup)" id newcomer
sed -i /^newgroup/d /etc/group # sed renames a new file, too
in_each "uid=2345(newcomer) gid=2345(newcomer) groups=2345(newcomer)" id newcomer
# From the base OS the farm shows the same.
equal "$(grep -c ^newcomer /chos/os/trixie/etc/passwd)" 1 "lines in the farm, seen from the base"

# The target of the link is replaced, then the link itself.
in_each "nameserver 192.0.2.1" cat /etc/resolv.conf
echo "nameserver 192.0.2.2" >/run/resolver/new && mv /run/resolver/new /run/resolver/one.conf
in_each "nameserver 192.0.2.2" cat /etc/resolv.conf
echo "nameserver 192.0.2.3" >/run/resolver/two.conf
ln -sf /run/resolver/two.conf /etc/resolv.conf
chosctl doctor >$output 2>&1
says "it shows something else as /etc/resolv.conf than the base OS has now"
expect 0 chosctl reload
in_each "nameserver 192.0.2.3" cat /etc/resolv.conf
chosctl doctor >$output 2>&1
says_not "it shows something else"

in_each "+0545 CHT" date "+%z %Z"

# Users cannot write there, in the OS or through the link.
expect 2 as alice chos -o trixie sh -c 'echo alice::0:0::/:/bin/sh >>/etc/passwd'
expect 1 as alice chos -o trixie rm -f /etc/passwd
equal "$(mounts)" "$before" "mounts"
mv /run/passwd /run/group /etc/
rm -r /etc/resolv.conf /run/resolver /run/zones
ln -sf /usr/share/zoneinfo/Etc/UTC /etc/localtime
stop_node
[ ! -e /run/chos/share ] || fail "links are left"
for os in trixie bullseye; do
  equal "$(cat /var/lib/chos/os/$os/etc/resolv.conf)" "its own" "what the tree itself has"
  equal "$(readlink /var/lib/chos/os/$os/etc/localtime)" /usr/share/zoneinfo/Etc/UTC "the tree's link"
done
