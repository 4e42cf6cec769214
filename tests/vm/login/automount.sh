# SPDX-License-Identifier: BSD-3-Clause
# A file system that an automounter mounts appears in every OS, whichever process accesses it first, and
# whether the automounter was started before or after chos.  It is systemd's automounter; autofs(5) uses the
# same kernel interface.
. "${0%/*}/login-lib.sh"
fresh
enable sshd
choose alice trixie
choose bob bullseye
modprobe autofs4 2>/dev/null
mkdir -p /srv/project
echo results >/srv/project/data
# In a directory that the farm has once, and in one that is bound into every tree.
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

# Unmounts it, as the automounter does when it has been unused for a time.
expires() {
  expect 0 systemctl stop "$(unit mount $place)"
  ! is_mounted || fail "$place is still mounted in the base OS"
}

# accesses_first USER: the user's access mounts it.
accesses_first() {
  expect 0 ssh "$1@node" cat $place/data
  says results
  is_mounted || fail "the base OS lacks the file system that $1 sees at $place"
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
    ! is_mounted || fail "$place is mounted before the first access"
    accesses_first alice
    expect 0 ssh bob@node cat $place/data
    says results
    expires
    accesses_first bob
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
