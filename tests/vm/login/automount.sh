# SPDX-License-Identifier: BSD-3-Clause
# What an automounter mounts is there in each OS, whoever asks for it first and wherever: set up while
# chos is up or before.  The automounter is systemd's; of the kernel autofs(5) has the same.
. "${0%/*}/login-lib.sh"
fresh
enable sshd
choose alice trixie
choose bob bullseye
modprobe autofs4 2>/dev/null
mkdir -p /srv/project /home/project
echo results >/srv/project/data
printf '[Mount]\nWhat=/srv/project\nWhere=/home/project\nType=none\nOptions=bind\n' \
  >/run/systemd/system/home-project.mount
printf '[Automount]\nWhere=/home/project\n' >/run/systemd/system/home-project.automount
clean_up() {
  systemctl stop home-project.automount home-project.mount
  rm -f /run/systemd/system/home-project.*mount
  systemctl daemon-reload
} >/dev/null 2>&1
trap clean_up EXIT
expect 0 systemctl daemon-reload

# As after a long time in which nobody has used it.
expires() {
  expect 0 systemctl stop home-project.mount
  ! systemctl -q is-active home-project.mount || fail "it is still mounted in the base OS"
}

# asks USER: is the first to ask for it.
asks() {
  expect 0 ssh "$1@node" cat /home/project/data
  says results
  systemctl -q is-active home-project.mount || fail "the base OS does not have what $1 was given"
  expect 0 cat /home/project/data
  says results
}

for when in later earlier; do
  if [ $when = later ]; then
    expect 0 systemctl start home-project.automount
  else
    expect 0 chosctl down
    expect 0 chosctl up
  fi
  ! systemctl -q is-active home-project.mount || fail "it is mounted before anybody asks"
  asks alice
  expect 0 ssh bob@node cat /home/project/data
  says results
  expires
  asks bob
  expires
  expect 0 cat /home/project/data # from the base OS
  expect 0 ssh alice@node cat /home/project/data
  says results
  expires
done
trap - EXIT
clean_up
finished
