# SPDX-License-Identifier: BSD-3-Clause
# What a login costs: `ssh node true` with and without pam_chos, in pairs, by their medians.  The OS is
# another tree, whose shell and libc are others, and then the base's own once more, so that the session
# runs the same programs in both.  The bound holds for either in the long runs, with 30 pairs; the few
# of the others are for a look.  The machine's clock counts instructions.
. "${0%/*}/login-lib.sh"
fresh
mkdir -p $tree/same
mount --bind / $tree/same
allowlist trixie:/os/trixie same:/os/same
expect 0 chosctl reload
mounts_before=$(mounts)
pairs=5
[ -z "${CHOS_LONG:-}" ] || pairs=30
cp /etc/pam.d/sshd /run/pam-without
enable sshd
cp /etc/pam.d/sshd /run/pam-with

# login KIND: microseconds of one.
login() {
  local began
  cp "/run/pam-$1" /etc/pam.d/sshd
  began=${EPOCHREALTIME/./}
  ssh alice@node true || fail "no login $1 pam_chos"
  echo $((${EPOCHREALTIME/./} - began)) >>"/tmp/cost-$1"
}
median() { sort -n "$1" | awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'; }

# compare OS: what a login into it costs.
compare() {
  local n with without ratio
  choose alice "$1"
  login with
  login without
  rm -f /tmp/cost-*
  mark
  for ((n = 0; n < pairs; n++)); do
    # Whoever comes first pays for what the other left behind: by turns.
    if ((n % 2)); then login with; login without; else login without; login with; fi
    echo "$1: pair $((n + 1)): $(tail -n 1 /tmp/cost-with) us with, $(tail -n 1 /tmp/cost-without) without"
  done
  logged $pairs "enters '$1'"
  with=$(median /tmp/cost-with)
  without=$(median /tmp/cost-without)
  ratio=$(awk "BEGIN { printf \"%.3f\", $with / $without }")
  echo "ssh node true, medians of $pairs: $with us with pam_chos into $1, $without us without:" \
    "ratio $ratio"
  rm -f /tmp/cost-*
  [ -z "${CHOS_LONG:-}" ] || awk "BEGIN { exit !($ratio <= 1.03) }" ||
    fail "a login into $1 costs $ratio times as much with pam_chos"
}
compare trixie
compare same
rm -f /run/pam-with /run/pam-without
finished
allowlist trixie:/os/trixie bullseye:/os/bullseye
expect 0 chosctl reload
umount $tree/same || fail "the tree of the base is busy"
rmdir $tree/same
