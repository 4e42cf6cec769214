# SPDX-License-Identifier: BSD-3-Clause
# What a login costs: `ssh node true` with and without pam_chos, in pairs, by their medians.  The
# bound holds for the long runs, with 30 pairs; the few of the others are for a look.
. "${0%/*}/login-lib.sh"
fresh
choose alice trixie
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
rm -f /tmp/cost-*
login with
login without
rm -f /tmp/cost-*
for ((n = 0; n < pairs; n++)); do
  # Whoever comes first pays for what the other left behind: by turns.
  if ((n % 2)); then login with; login without; else login without; login with; fi
done
logged $((pairs + 1)) "enters 'trixie'"
median() { sort -n "$1" | awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'; }
with=$(median /tmp/cost-with)
without=$(median /tmp/cost-without)
ratio=$(awk "BEGIN { printf \"%.3f\", $with / $without }")
echo "ssh node true, medians of $pairs: $with us with pam_chos, $without us without: ratio $ratio"
rm -f /tmp/cost-* /run/pam-with /run/pam-without
if [ -n "${CHOS_LONG:-}" ]; then
  awk "BEGIN { exit !($ratio <= 1.03) }" || fail "a login costs $ratio times as much with pam_chos"
fi
finished
