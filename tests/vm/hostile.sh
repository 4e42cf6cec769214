#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Run by hostile.py in a private mount namespace: adds an OS of each hostile input.  What chosctl writes outside
# its store goes to the upper directory of an overlay of the whole node, which must stay empty.
# Input: $TOP, with the folders `node` (the upper part of the node, with the canary), `over` and `inputs`, and
# the list of inputs: NAME KIND EXPECTED OPTIONS ...
set -u
mount --make-rprivate / || exit
umask 022
changed=$TOP/over/changed root=$TOP/over/root
mount -t tmpfs tmpfs "$TOP/over" && mkdir "$changed" "$TOP/over/work" "$root" && cp -a "$TOP/node" "$TOP/over" &&
  mount -t overlay overlay -o "lowerdir=$TOP/over/node:/,upperdir=$changed,workdir=$TOP/over/work" "$root" &&
  mount --rbind /proc "$root/proc" && mount --rbind /dev "$root/dev" && mount -t tmpfs tmpfs "$root/run" &&
  mount --bind "$TOP/inputs" "$root/chos-hostile/inputs" &&
  mkdir -p "$TOP/store/trees" && mount --bind "$TOP/store" "$root/chos-hostile/store" || exit
store=$root/chos-hostile/store
: >"$store/allowlist"
printf '[farm]\npath = "/chos-hostile/store/farm"\ntrees = "/chos-hostile/store/trees"\n' >"$store/chos.conf"

os() {
  chroot "$root" "${trace[@]}" /chos-hostile/chosctl --config /chos-hostile/store/chos.conf \
    --allowlist /chos-hostile/store/allowlist os "$@" >"$store/said" 2>&1 </dev/null
}
canary() { tar -C "$root/chos-canary" --xattrs --xattrs-include='*' -cf - . | sha256sum; }
trace=()
was=$(canary) mounts=$(wc -l </proc/self/mountinfo)

# What is wrong after an input.
wrong() {
  find "$changed" -mindepth 1 -printf 'it has changed /%P; '
  [ "$(canary)" = "$was" ] || printf 'the canary has changed; '
  [ "$(wc -l </proc/self/mountinfo)" = "$mounts" ] || printf 'it has left a mount; '
  [ -z "$(ls "$store"/trees/.chos/{work,journal} 2>/dev/null | grep -v -e : -e '^$')" ] || printf 'it has left a part; '
  ! grep -qE 'signal (4|6|7|8|11|31)\b' "$store/said" || printf 'a parser crashed; '
}
while read -r name kind expected options; do
  # shellcheck disable=SC2086
  os add new "$kind:/chos-hostile/inputs/$name" $options
  case $? in
    0) verdict=added ;;
    [1-9] | [1-9][0-9]) verdict=refused ;;
    *) verdict=crashed ;;
  esac
  why=$(wrong)
  case $expected/$verdict in
    */crashed | added/refused | refused/added) why+="it was $verdict, expected: $expected; " ;;
  esac
  said=$(head -c 300 "$store/said" | grep -v '^chosctl: [a-z].*\.\.\.$' | tr '\n\t' '  ')
  if [ "$verdict" = added ]; then
    os remove new || why+="it cannot be removed: $(tail -n 1 "$store/said"); "
    ! grep -q new "$store/allowlist" || why+="it is still listed; "
  fi
  printf '%s\t%s\t%s\t%s\n' "$name" "$verdict" "$why" "$said"
  # What was changed once is no finding for the next.
  [ -z "$why" ] || { find "$changed" -mindepth 1 -delete; was=$(canary); }
done <"$TOP/list"

# A trace of what is opened, for those that are named.
for one in $TRACED; do
  trace=(strace -f -y -s 4096 -e "trace=open,openat,openat2,creat,chroot,clone,clone3,fork,vfork,execve"
    -o "/chos-hostile/store/trace")
  os add new "${one%%:*}:/chos-hostile/inputs/${one#*:}"
  trace=()
  cp "$store/trace" "$TOP/trace-${one#*:}" && os remove new
done
exit 0
