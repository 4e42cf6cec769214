# SPDX-License-Identifier: BSD-3-Clause
# A tree with links where sshd reads and writes as root after the user's OS was entered: the base's files stay
# as they are, and the OS shows the base's name services.
. "${0%/*}/login-lib.sh"
fresh
enable sshd
choose alice trixie
expect 0 chosctl down
victim=/etc/victim
head -c 1000 /dev/zero | tr '\0' V >$victim
chmod 600 $victim
was=$(sha256sum <$victim)
records="wtmp btmp lastlog"
hostile=$tree/trixie

# session WHAT: a login on a terminal, which is recorded, and then all is as it was.
session() {
  local records_before
  records_before=$(last 2>/dev/null | grep -c '^alice ')
  expect 0 chosctl up
  echo 'cat /etc/chos-mark; exit' | ssh -tt alice@node >$output 2>&1 || fail "$1: no login"
  grep -q trixie $output || fail "$1: the session is in another OS"
  equal "$(sha256sum <$victim)" "$was" "$1: a file of the base OS"
  [ "$(last | grep -c '^alice ')" -gt "$records_before" ] || fail "$1: the base OS has no record of the login"
  expect 0 chosctl down
  echo "$1"
}

mv $hostile/var/run /run/saved-run
mkdir $hostile/var/run
ln -s /local$victim $hostile/var/run/utmp
session "/var/run is a directory"
rm -r $hostile/var/run
mkdir $hostile/usr/evil
for name in utmp $records; do ln -s /local$victim $hostile/usr/evil/$name; done
ln -s /usr/evil $hostile/var/run
session "/var/run is a link"
rm $hostile/var/run
mv /run/saved-run $hostile/var/run
mv $hostile/var/log /run/saved-log
ln -s ../usr/evil $hostile/var/log
session "/var/log is a link"
rm $hostile/var/log
mv /run/saved-log $hostile/var/log
rm -r $hostile/usr/evil

# What root's sshd would load modules by.
mv $hostile/etc/nsswitch.conf /run/saved-nsswitch
printf 'passwd: files\ngroup: files evil\n' >$hostile/etc/nss.evil
ln -s nss.evil $hostile/etc/nsswitch.conf
expect 0 chosctl up
expect 0 ssh alice@node cat /etc/chos-mark /etc/nsswitch.conf
says trixie
says_not evil
expect 0 chosctl down
rm $hostile/etc/nsswitch.conf $hostile/etc/nss.evil
mv /run/saved-nsswitch $hostile/etc/nsswitch.conf

# The way to them leads out of the tree: the OS is closed, and the login is in the base OS.
mv $hostile/var $hostile/real-var
ln -s /tmp $hostile/var
chosctl up || true
expect 0 ssh alice@node cat /etc/chos-mark
says base
grep '^trixie:.*closed' /proc/chos/valid >/dev/null || fail "the OS is not closed"
expect 0 chosctl down
rm $hostile/var
mv $hostile/real-var $hostile/var
rm $victim
expect 0 chosctl up
finished
