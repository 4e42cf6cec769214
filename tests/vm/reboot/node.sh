# SPDX-License-Identifier: BSD-3-Clause
# The node reboots while users are in OSs: the shutdown neither waits nor reports errors, and the node boots
# into service with the same OSs; a closed OS is still closed.
. "${0%/*}/reboot-lib.sh"

if [ "$CHOS_BOOT" = 1 ]; then
  expect 0 chosctl os close bullseye
  # OSs that must be mounted at boot: an image, and a directory outside the trees.
  expect 0 chosctl os add small "image:${0%/*}/small.squashfs"
  small_tree_at /srv/far || fail "no tree"
  expect 0 chosctl os add far dir:/srv/far
  expect 0 systemctl reload chos
  echo trixie >/home/alice/.chos
  mkfifo -m 666 /run/alice /run/bob
  # A process in a session, and one that outlives the service that started it.
  ssh -n alice@node 'cat /etc/chos-mark >/run/alice; exec sleep infinity' &
  equal "$(timeout 60 cat /run/alice)" trixie "where alice is"
  as bob chos -o trixie sh -c 'cat /etc/chos-mark >/run/bob; exec sleep infinity' &
  equal "$(timeout 60 cat /run/bob)" trixie "where bob is"
  # Stopping chos.service fails while processes are in OSs, and systemctl shows that.
  systemctl stop chos
  equal "$(systemctl show -P Result chos)" exit-code "the result of stopping chos"
  expect 0 chosctl status
  expect 0 systemctl start chos
  expect 0 systemctl is-active chos chos-watch
  cut -d' ' -f2 /proc/chos/processes >$output
  says trixie
  reboot_node
fi

came_up
expect 0 journalctl --flush
lands alice trixie
expect 126 as alice chos -o bullseye true
says closed
for os in small far; do
  expect 0 as alice chos -o $os cat /etc/os-release
  says ID=$os
done
expect 0 chosctl os verify
equal "$(sed -n 's/^bullseye://p' /proc/chos/valid)" /os/bullseye:closed "the closed entry"
# The end of the previous boot: chos stopped after the services by which users log in, without errors.
expect 0 journalctl -q -b -1 -o cat -u chos.service
says "1 process was in an OS and had to end"
says "chos is down"
expect 0 journalctl -q -b -1 -o cat _PID=1
sed -i '1,/Stopped target.*[Mm]ulti-[Uu]ser/d' $output
says_not "Failed with result"
says_not "Failed unmounting"
sed -n 's/^Stopped .*\(ssh\|cron\|chos\|systemd-user-sessions\)\.service.*/\1/p' $output | tail -n 1 >$output.last
equal "$(cat $output.last)" chos "the last of these services to be stopped"
expect 0 systemctl stop chos
expect 3 chosctl status
