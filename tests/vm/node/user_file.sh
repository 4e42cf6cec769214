# SPDX-License-Identifier: BSD-3-Clause
# ~/.chos in every state that users and accidents produce: there is always a message, and never a hang.
. "${0%/*}/lib.sh"
start_node
file=/home/alice/.chos
in_time() { timeout -k 5 $((15 * CHOS_TIME_SCALE)) "$@"; }

# said ARGUMENT...: chos prints a message about the file, and ends in time.
said() {
  in_time setpriv --reuid alice --regid alice --init-groups env -i HOME=/home/alice USER=alice \
    LOGNAME=alice SHELL=/bin/bash PATH=/usr/bin:/bin chos "$@" >$output 2>&1 </dev/null
  local status=$?
  [ $status != 124 ] && [ $status != 137 ] || fail "chos hangs"
  says .chos
}

echo trixie >$file
expect 0 as alice chos sed -n 's/^VERSION_ID=//p' /etc/os-release
equal "$(cat $output)" '"13"' "the OS chosen by ~/.chos"
printf /os/bullseye >$file
expect 0 as alice chos --why
says bullseye
expect 0 as alice chos sed -n 's/^VERSION_ID=//p' /etc/os-release
equal "$(cat $output)" '"11"' "the OS chosen by a path in ~/.chos"
expect 0 as alice chos --set trixie
equal "$(cat $file)" trixie "what --set wrote"

: >$file
said true
rm -f $file; truncate -s 1G $file
said true
rm -f $file; mkfifo $file; chown alice $file
said true
rm -f $file; mkdir $file
said true
rmdir $file; ln -s /dev/zero $file
said true
rm -f $file; printf 'tri\0xie\n' >$file
said true
rm -f $file; echo nope >$file
said true
rm -f $file; echo trixie >$file; chmod 0 $file
said true
rm -f $file
stop_node
