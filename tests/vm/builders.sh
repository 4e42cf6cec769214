#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Run by builders.py in a private mount namespace: kills `chosctl os add` at $COUNT random moments while
# one kind of builder works.  Input: $KIND (debian, rpm or oci), $SEED, $WORK (an empty directory),
# $CHOSCTL, $TREE (a small tree), $SPEC (a spec file of RPM for it), $KEPT (a tar archive of it).
set -u
mount --make-rprivate / || exit
umask 022
cd "$WORK" || exit
RANDOM=$SEED
trees=$WORK/trees
mkdir "$trees"
: >allowlist
printf '[farm]\npath = "%s"\ntrees = "%s"\n' "$WORK/farm" "$trees" >chos.conf
fail() {
  echo "FAIL $*"
  tail -n 20 said
  exit 1
}
os() { "$CHOSCTL" --config "$WORK/chos.conf" --allowlist "$WORK/allowlist" os "$@" >said 2>&1 </dev/null; }
must() { os "$@" || fail "os $1 ended with $?; $at"; }
at="before the first"

# A container image, as `docker save` writes it.
container() {
  umoci init --layout image && umoci new --image image:1 && umoci unpack --image image:1 bundle &&
    cp -a "$TREE/." bundle/rootfs/ && umoci repack --image image:1 bundle &&
    skopeo copy oci:image:1 docker-archive:docker.tar:tiny:1
}
packages() {
  rpmbuild -bb --define "_topdir $WORK/rpm" --define '__os_install_post %nil' \
    --define '_build_id_links none' --define 'debug_package %nil' "$SPEC" && createrepo_c rpm/RPMS &&
    printf '[tiny]\nname=tiny\nbaseurl=file://%s\ngpgcheck=0\n' "$WORK/rpm/RPMS" >tiny.repo
}
case $KIND in
  debian) source=(debian:trixie --variant minbase --allow-expired) ;;
  rpm) packages >said 2>&1 && source=("rpm:$WORK/tiny.repo#tinyos" --no-signatures) ;;
  oci) container >said 2>&1 && source=("oci:$WORK/docker.tar") ;;
esac || fail "no source"
must add kept "tar:$KEPT"
mounts=$(wc -l </proc/self/mountinfo)

# check_tidy TREES: nothing of an interrupted build is left, and these trees are there.
check_tidy() {
  [ -z "$(ls "$trees/.chos/work" "$trees/.chos/journal" 2>/dev/null | grep -v -e : -e '^$')" ] ||
    fail "left in the store: $(ls -R "$trees/.chos" | head -n 20); $at"
  [ "$(ls "$trees")" = "$1" ] || fail "trees: $(ls "$trees"); $at"
  [ "$(wc -l </proc/self/mountinfo)" = "$mounts" ] || fail "mounts: $(grep "$WORK" /proc/self/mountinfo); $at"
}
# No builder runs any more.
builders_have_ended() {
  local try
  # The kernel kills them with their PID namespace, a moment after chosctl.
  for try in $(seq 100); do
    pgrep -f "$trees/.chos/work" >/dev/null || return 0
    sleep 0.1
  done
  fail "still running: $(pgrep -a -f "$trees/.chos/work"); $at"
}
killed=0 tries=0 takes=0
while ((killed < COUNT)); do
  ((tries += 1)) && ((tries <= 3 * COUNT + 3)) || fail "killed only $killed times in $((tries - 1)) tries"
  began=${EPOCHREALTIME/./}
  "$CHOSCTL" --config "$WORK/chos.conf" --allowlist "$WORK/allowlist" os add new "${source[@]}" >said 2>&1 </dev/null &
  if ((takes > 0)); then
    moment=$(((RANDOM * 32768 + RANDOM) % takes))
    sleep "$(awk "BEGIN { print $moment / 1000000 }")"
    kill -9 $! 2>/dev/null
  fi
  wait $!
  case $? in
    0)
      takes=$((${EPOCHREALTIME/./} - began))
      at="it took $takes us" ;;
    137)
      killed=$((killed + 1))
      at="killed at $moment us of $takes" ;;
    *) fail "os add failed" ;;
  esac
  builders_have_ended
  must verify kept
  # If it was killed after it had written the list, the OS is there.
  ! grep -q '^new:' allowlist || must remove new
  must add new "${source[@]}"
  must verify new
  check_tidy "kept
new"
  must remove new
  check_tidy kept
  echo "$KIND: $at"
done
echo "$KIND: killed $killed times in $tries tries; an undisturbed run takes $((takes / 1000)) ms"
