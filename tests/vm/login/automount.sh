# SPDX-License-Identifier: BSD-3-Clause
# What an automounter mounts is there in each OS, whoever asks for it first and wherever: set up while
# chos is up or before.  The automounter is systemd's; of the kernel autofs(5) has the same.
. "${0%/*}/login-lib.sh"
fresh
enable sshd
choose alice trixie
choose bob bullseye
modprobe autofs4 2>/dev/null
mkdir -p /srv/project
echo results >/srv/project/data
# In a directory that all OSs have from the base, and in one that is shown in each of their trees.
places="/home/project /var/spool/project"
unit() { systemd-escape -p --suffix="$1" "$2"; }
for place in $places; do
  mkdir -p $place
  printf '[Mount]\nWhat=/srv/project\nWhere=%s\nType=none\nOptions=bind\n' $place \
    >"/run/systemd/system/$(unit mount $place)"
  printf '[Automount]\nWhere=%s\n' $place >"/run/systemd/system/$(unit automount $place)"
done
clean_up() {
  for place in $places; do
    systemctl stop "$(unit automount $place)" "$(unit mount $place)"
    rm -f "/run/systemd/system/$(unit automount $place)" "/run/systemd/system/$(unit mount $place)"
  done
  systemctl daemon-reload
} >/dev/null 2>&1
trap clean_up EXIT
expect 0 systemctl daemon-reload

is_mounted() { systemctl -q is-active "$(unit mount $place)"; }

# As after a long time in which nobody has used it.
expires() {
  expect 0 systemctl stop "$(unit mount $place)"
  ! is_mounted || fail "$place is still mounted in the base OS"
}

# asks USER: is the first to ask for it.
asks() {
  expect 0 ssh "$1@node" cat $place/data
  says results
  is_mounted || fail "the base OS does not have what $1 was given at $place"
  expect 0 cat $place/data
  says results
}

for when in later earlier; do
  if [ $when = later ]; then
    for place in $places; do expect 0 systemctl start "$(unit automount $place)"; done
  else
    expect 0 chosctl down
    expect 0 chosctl up
  fi
  for place in $places; do
    ! is_mounted || fail "$place is mounted before anybody asks"
    asks alice
    expect 0 ssh bob@node cat $place/data
    says results
    expires
    asks bob
    expires
    expect 0 cat $place/data # from the base OS
    expect 0 ssh alice@node cat $place/data
    says results
    expires
  done
done
trap - EXIT
clean_up
finished
