# SPDX-License-Identifier: BSD-3-Clause
# alice in Debian 13 and bob in Debian 11 on one node at the same time.
. "${0%/*}/lib.sh"
start_node
before=$(mounts)

# Each reports that they are inside, and stays until the other has done so.
meet='echo "$(. /etc/os-release; echo $VERSION_ID) $(python3 -c "import sys; print(sys.version_info[1])")"
  >/tmp/$USER-is-inside
  until [ -e /tmp/alice-is-inside ] && [ -e /tmp/bob-is-inside ]; do :; done
  ps -e -o user:10,pid= | grep -c "^alice\|^bob"
  pwd; id -un; echo "$USER was here" >>/home/shared/file'
mkdir -p /home/shared && chmod 1777 /home/shared
touch /home/shared/file && chmod 666 /home/shared/file
(cd /home/alice && as alice chos -o trixie sh -c "$meet") >/tmp/alice-out 2>&1 &
one=$!
(cd /home/bob && as bob chos -o bullseye sh -c "$meet") >/tmp/bob-out 2>&1 &
two=$!
wait $one || fail "alice: $(cat /tmp/alice-out)"
wait $two || fail "bob: $(cat /tmp/bob-out)"

equal "$(sed -n 1p /tmp/alice-out)" "13 13" "alice's Debian and Python 3"
equal "$(sed -n 1p /tmp/bob-out)" "11 9" "bob's Debian and Python 3"
[ "$(sed -n 2p /tmp/alice-out)" -ge 2 ] || fail "alice's ps does not show both: $(cat /tmp/alice-out)"
equal "$(sed -n 3p /tmp/alice-out)" /home/alice "alice's directory"
equal "$(sed -n 3p /tmp/bob-out)" /home/bob "bob's directory"
equal "$(sed -n 4p /tmp/bob-out)" bob "bob's name"
equal "$(sort /home/shared/file | tr '\n' ';')" "alice was here;bob was here;" "the file of both"
equal "$(mounts)" "$before" "mounts after the switches"
stop_node
