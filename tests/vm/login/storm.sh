# SPDX-License-Identifier: BSD-3-Clause
# Twenty users log in repeatedly, each time to a random OS or none: 60 logins, 20 at a time (500 in the long
# runs).  Each session checks in which OS it is, and in which OS /proc/chos/processes lists it.
. "${0%/*}/login-lib.sh"
fresh
enable sshd
rounds=3
[ -z "${CHOS_LONG:-}" ] || rounds=25
seed=${CHOS_SEED:-$RANDOM}
echo "seed $seed"
listener=$(systemctl show -p MainPID --value ssh)
descriptors() { ls "/proc/$listener/fd" | wc -l; }
ssh u20@node true || fail "no login at all"
descriptors_before=$(descriptors)
rm -f /tmp/storm-*

# The command of a session: prints the output of the probe, and the OS in its own line of the list.
look="$probe; while read -r pid os; do [ \$pid != \$\$ ] || echo \"listed \$os\"; done </proc/chos/processes"

# user_logs_in NAME NUMBER: all logins of one user.
user_logs_in() {
  local user=$1 oses=(trixie bullseye base none) os wanted
  RANDOM=$((seed + $2))
  for ((n = 0; n < rounds; n++)); do
    os=${oses[RANDOM % 4]}
    if [ $os = none ]; then rm -f "/home/$user/.chos"; os=base; else choose "$user" $os; fi
    wanted="$(place $os) $user /home/$user"
    [ $os = base ] || wanted+=$'\n'"listed $os"
    said=$(ssh "$user@node" "$look" 2>&1)
    [ "$said" = "$wanted" ] || echo "$user: \"$said\", wanted \"$wanted\"" >>/tmp/storm-wrong
    echo "$user $os" >>/tmp/storm-done
    echo "$user: login $((n + 1)) of $rounds"
  done
}
began=$SECONDS
for number in $(seq -w 1 20); do
  user_logs_in "u$number" "$((10#$number))" &
done
wait
echo "$(wc -l </tmp/storm-done) logins in $((SECONDS - began)) s:" \
  "$(cut -d' ' -f2 /tmp/storm-done | sort | uniq -c | tr '\n' ' ')"
equal "$(wc -l </tmp/storm-done)" $((20 * rounds)) "logins"
[ ! -e /tmp/storm-wrong ] || {
  cat /tmp/storm-wrong
  fail "$(wc -l </tmp/storm-wrong) sessions in a wrong OS; the first: $(head -n 1 /tmp/storm-wrong)"
}
entered=$(grep -cv ' base$' /tmp/storm-done)
equal "$(journal | grep -c "enters '")" "$entered" "switches in the log"
equal "$(journal | grep -vc "enters '")" 0 "other lines in the log"
rm -f /tmp/storm-*
finished
equal "$(descriptors)" "$descriptors_before" "descriptors of sshd"
equal "$(user_processes)" "" "processes of users"
