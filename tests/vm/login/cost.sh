# SPDX-License-Identifier: BSD-3-Clause
# The cost of a login: `ssh node true` with and without pam_chos, in pairs; their medians are compared.  First
# the OS is another tree, with another shell and libc; then it is the tree of the base OS, so that the session
# runs the same programs in both.  The bound is checked in the long runs, with 30 pairs; other runs only print
# the figures of a few pairs.  The machine's clock counts instructions.
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

# login with|without: adds the microseconds of a login to a file.
login() {
  local began
  cp "/run/pam-$1" /etc/pam.d/sshd
  began=${EPOCHREALTIME/./}
  ssh alice@node true || fail "no login $1 pam_chos"
  echo $((${EPOCHREALTIME/./} - began)) >>"/tmp/cost-$1"
}

# compare OS: the cost of a login into it.
compare() {
  local n with without ratio
  choose alice "$1"
  login with
  login without
  rm -f /tmp/cost-*
  mark
  for ((n = 0; n < pairs; n++)); do
    # In alternating order, because the first of a pair bears costs that the previous login left.
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
