# SPDX-License-Identifier: BSD-3-Clause
# who, w, last and loginctl of the base OS show a session as they show it without pam_chos, and the log has
# one line for each switch.
. "${0%/*}/login-lib.sh"
fresh
mkfifo -m 666 $meet/said $meet/go
exec 5<>$meet/said 6<>$meet/go

# records: prints the records of a session of alice on a terminal, during and after it, without the times and
# numbers that differ from session to session.
records() {
  local before after job
  before=$(last 2>/dev/null | grep -c '^alice ')
  printf '%s\n' "cat /etc/chos-mark >$meet/said; read -r _ <$meet/go" exit |
    ssh -tt alice@node >/dev/null 2>&1 &
  job=$!
  read -r -t $((30 * CHOS_TIME_SCALE)) landed <&5 || fail "no session"
  echo "who: $(who | awk '$1 == "alice" { print $1, $NF }')"
  echo "w: $(w -h alice | awk '{ print $1, $3 }')"
  echo "last: $(last | grep '^alice ' | head -n 1 | grep -c 'still logged in\|still running')"
  echo "loginctl: $(loginctl --no-legend list-sessions | awk '$3 == "alice"' | wc -l)"
  id=$(loginctl --no-legend list-sessions | awk '$3 == "alice" { print $1; exit }')
  loginctl show-session "$id" -p Name -p Service -p Type -p Class -p Remote -p RemoteHost -p State
  echo >&6
  wait $job
  # sshd records the end of the session, and stays in the session's cgroup until it has done so.
  local group pids
  group=$(systemctl show -p ControlGroup --value "session-$id.scope")
  if [ -n "$group" ] && pids=$(cat "/sys/fs/cgroup$group/cgroup.procs" 2>/dev/null); then
    for pid in $pids; do timeout $((20 * CHOS_TIME_SCALE)) tail --pid="$pid" -f /dev/null; done
  fi
  after=$(last | grep -c '^alice ')
  echo "last: $((after - before)) more," \
    "$(last | grep '^alice ' | head -n 1 | grep -c 'still logged in\|still running') still open"
  echo "who: $(who | grep -c '^alice ') left"
}
records >/tmp/records-without
equal "$landed" base "where the first session is"
logged 0

enable sshd
choose alice bullseye
mark
records >/tmp/records-with
equal "$landed" bullseye "where the second session is"
logged 1 "(sshd) user 'alice' enters 'bullseye' [rule ~/.chos, OS 'bullseye']"
cat /tmp/records-without
diff /tmp/records-without /tmp/records-with >$output || fail "the records differ"
grep -q '^who: alice' /tmp/records-with || fail "who shows no session at all"
grep -q '^Service=sshd' /tmp/records-with || fail "loginctl shows no session at all"
rm /tmp/records-*

# Each service logs one line for each session, with user, service, OS and rule.
enable su
mark
expect 0 su alice -c true
choose alice sl6
expect 0 su alice -c true
rm /home/alice/.chos
expect 0 su alice -c true
equal "$(journal | sed 's/you may enter: [^)]*/.../')" \
"(su) user 'alice' enters 'bullseye' [rule ~/.chos, OS 'bullseye']
(su) user 'alice' stays in the base OS: /home/alice/.chos names 'sl6', which is not in /etc/chos \
(...) [rule ~/.chos, OS 'sl6']" "the log"
# The site's default is another rule.
allowlist trixie:/os/trixie bullseye:/os/bullseye default:/os/trixie
expect 0 chosctl reload
mark
lands trixie u01
logged 1 "user 'u01' enters 'trixie' [rule site default"
finished
