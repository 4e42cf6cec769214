# SPDX-License-Identifier: BSD-3-Clause
# Five sessions at once in one ssh connection: one login, one switch, no mount.
. "${0%/*}/login-lib.sh"
fresh
enable sshd
choose alice bullseye
mkfifo -m 666 $meet/said $meet/go
exec 5<>$meet/said 6<>$meet/go

expect 0 ssh -f -N -M -S /run/mux alice@node
for n in 1 2 3 4 5; do
  ssh -S /run/mux alice@node "$probe >$meet/said; read -r _ <$meet/go; exit 1$n" >/dev/null 2>&1 &
  jobs[n]=$!
done
for n in 1 2 3 4 5; do
  read -r -t $((30 * CHOS_TIME_SCALE)) line <&5 || fail "only $((n - 1)) sessions came up"
  equal "$line" "$(place bullseye) alice /home/alice" "session $n"
done
# All five are now running.
equal "$(mounts)" "$mounts_before" "mounts with five sessions"
shells=$(while read -r pid os; do echo "$os $(cat /proc/$pid/comm)"; done </proc/chos/processes)
equal "$(grep -c '^bullseye bash' <<<"$shells")" 5 "shells in the OS ($shells)"
for n in 1 2 3 4 5; do echo >&6; done
for n in 1 2 3 4 5; do
  wait ${jobs[n]}
  equal "$?" 1$n "status of session $n"
done
expect 0 ssh -S /run/mux -O exit alice@node
logged 1 "user 'alice' enters 'bullseye'"
finished
