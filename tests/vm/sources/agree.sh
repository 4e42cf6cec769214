#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# In OSs made from every kind of source, accounts, host names and the time zone are those of the base OS.
. "${0%/*}/sources-lib.sh"
cp -a /etc/hosts /run/hosts.before
cp -a /etc/resolv.conf /run/resolv.before 2>/dev/null
cp -a /etc/localtime /run/localtime.before 2>/dev/null
clean_up() {
  kill "$server"
  for file in hosts resolv localtime; do
    [ ! -e /run/$file.before ] || mv -f /run/$file.before /etc/${file/resolv/resolv.conf}
  done
} >/dev/null 2>&1
trap clean_up EXIT
# A zone that no tree has.
echo 'Zone CHOS 5:45 - CHT' | zic -d /run/zones - || fail "no zone"
cp --remove-destination /run/zones/CHOS /etc/localtime
echo '192.0.2.9 listed.chos.test' >>/etc/hosts
rm -f /etc/resolv.conf
echo 'nameserver 127.0.0.1' >/etc/resolv.conf
exec 8< <(exec python3 -u "${0%/*}/dns.py" 2>&1)
server=$!
read -r line <&8
equal "$line" ready "the name server"
getent passwd late >/dev/null || useradd -m -s /bin/bash -G users late
fresh_store

# The output in the base OS, and the texts that it must contain.
cat >/run/says <<'END'
id
id late
getent passwd root alice bob late
getent group users alice
getent hosts listed.chos.test
getent hosts there.chos.test
getent hosts nowhere.chos.test || echo "no such host"
date +%z,%Z
END
expect 0 as alice sh /run/says
cp $output /tmp/in-base
for word in '(late)' :/home/late: '192.0.2.9 ' '192.0.2.7 ' 'no such host' +0545,CHT; do says "$word"; done
for os in $compilers; do
  expect 0 as alice chos -o $os sh -c "$(cat /run/says)"
  diff /tmp/in-base $output >/tmp/differs || { cat /tmp/differs; fail "$os does not agree with the base"; }
  expect 2 as alice chos -o $os getent shadow alice
done
# These have only a shell.
for os in $small; do
  expect 0 as alice chos -o $os sh -c 'id; busybox id late; busybox date +%z,%Z; cat /etc/hosts /etc/resolv.conf'
  { as alice id; id late; date +%z,%Z; cat /etc/hosts /etc/resolv.conf; } >/tmp/in-base
  diff /tmp/in-base $output >/tmp/differs || { cat /tmp/differs; fail "$os does not agree with the base"; }
done
# A new address for the name appears without a reload.
sed -i s/192.0.2.9/192.0.2.10/ /etc/hosts
for os in deb11 squash i386; do
  expect 0 as alice chos -o $os getent hosts listed.chos.test
  says "192.0.2.10 "
done
userdel -r late 2>/dev/null
finished
