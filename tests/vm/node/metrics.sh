# SPDX-License-Identifier: BSD-3-Clause
# chosctl metrics: while chos is down and up, with users in OSs, after a tree was replaced, and as a user.
. "${0%/*}/lib.sh"

# value SERIES: its value in the output of the last `chosctl metrics`.
value() { sed -n "s|^$(printf %s "$1" | sed 's/[.[*^$]/\\&/g') ||p" $output; }
has() { equal "$(value "$1")" "$2" "$1"; }
os() { printf '%s{os="%s",path="/os/%s"}' "$1" "$2" "${3-$2}"; }

cd / || exit 1
expect 0 chosctl metrics
has chos_up 0
equal "$(tail -n 1 $output)" "# EOF" "the last line where there is no module"
equal "$(grep -c -v '^#' $output)" 1 "samples where there is no module"

start_node
mkfifo /tmp/go
for pair in alice:trixie bob:bullseye carol:bullseye; do
  user=${pair%:*}
  [ "$user" != carol ] || user=alice
  as $user chos -o ${pair#*:} sh -c "echo >/tmp/in-$pair; exec cat /tmp/go" &
done
until [ -s /tmp/in-alice:trixie ] && [ -s /tmp/in-bob:bullseye ] && [ -s /tmp/in-carol:bullseye ]; do
  :
done
expect 0 as alice chos -o trixie true
expect 126 as alice chos -o nope true
! as alice sh -c 'echo nope >/proc/chos/setchos' 2>/dev/null || fail "nope was entered"

expect 0 chosctl metrics
says_not "warning"
has chos_up 1
has "$(os chos_os_processes trixie)" 1
has "$(os chos_os_processes bullseye)" 2
has "$(os chos_os_entries_total trixie)" 2
has "$(os chos_os_entries_total bullseye)" 2
has "$(os chos_os_open trixie)" 1
has chos_enters_total 4
has 'chos_refusals_total{errno="ENOENT"}' 1
has 'chos_refusals_total{errno="EXDEV"}' 0
has chos_allowlist_entries 2
version=$(sed -n 's/^version //p' /proc/chos/version)
has "chos_info{version=\"$version\",abi=\"1\",fork_tracking=\"on\",farm=\"/chos\"}" 1
equal "$(tail -n 1 $output)" "# EOF" "the last line"
equal "$(grep -v '^#' $output | sed 's/ [0-9]*$//' | sort | uniq -d)" "" "series twice"

# The name gets another tree: processes in the old tree are still counted there.
mkdir /var/lib/chos/os/trixie~2
expect 0 mount --bind /var/lib/chos/os/bullseye /var/lib/chos/os/trixie~2
allowlist trixie:/os/trixie~2 bullseye:/os/bullseye:closed
expect 0 chosctl reload
expect 0 as alice chos -o trixie true
expect 0 chosctl metrics
has "$(os chos_os_processes trixie)" 1
has "$(os chos_os_processes trixie trixie~2)" 0
has "$(os chos_os_entries_total trixie trixie~2)" 1
has "$(os chos_os_open trixie trixie~2)" 1
has "$(os chos_os_open trixie)" ""
has "$(os chos_os_open bullseye)" 0

# A user sees the public series, and a message about the others.
expect 0 as alice "$(command -v chosctl)" metrics
has chos_up 1
says "only root may read it"
says_not chos_os_processes

exec 4<>/tmp/go
echo >&4
echo >&4
echo >&4
exec 4>&-
kill %1 %2 %3 2>/dev/null
wait
expect 0 chosctl metrics
has "$(os chos_os_processes trixie)" 0
has "$(os chos_os_processes bullseye)" 0
rm -f /tmp/go /tmp/in-*
umount /var/lib/chos/os/trixie~2
stop_node
rmdir /var/lib/chos/os/trixie~2
expect 0 chosctl metrics
has chos_up 0
