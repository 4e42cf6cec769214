# SPDX-License-Identifier: BSD-3-Clause
# What the node cases share.  A case is a script that sources this, fails at the first thing
# that is not as it should be, and says which on a line that begins with FAIL.

set -uo pipefail
release=$(uname -r)
ko=/lib/modules/$release/updates/chos.ko
output=/tmp/case-output
export TERM=dumb

fail() {
  echo "FAIL $( { caller 1 || caller 0; } | { read -r line _ file; echo "${file##*/}:$line"; }): $*"
  [ -s $output ] && sed 's/^/  | /' $output
  exit 1
}

# expect STATUS COMMAND...: its output is in $output, and on the console if it disappoints.
expect() {
  local wanted=$1 status
  shift
  "$@" >$output 2>&1 </dev/null
  status=$?
  [ "$status" = "$wanted" ] || fail "\"$*\" ended with $status, wanted $wanted"
}

# as USER COMMAND...: as a login of that user would run it.
as() {
  local user=$1
  shift
  setpriv --reuid "$user" --regid "$user" --init-groups \
    env -i HOME="/home/$user" USER="$user" LOGNAME="$user" SHELL=/bin/bash \
    PATH=/usr/local/bin:/usr/bin:/bin "$@"
}

# The output of the last command holds, or does not hold, a fixed text.
says() { grep -qF -e "$1" $output || fail "the output lacks \"$1\""; }
says_not() { ! grep -qF -e "$1" $output || fail "the output holds \"$1\""; }

equal() { [ "$1" = "$2" ] || fail "${3:-value}: \"$1\", wanted \"$2\""; }

# Mounts of the base OS's namespace.
mounts() { wc -l </proc/1/mountinfo; }

allowlist() {
  printf '%s\n' "$@" >/etc/chos
  chown root: /etc/chos
  chmod 644 /etc/chos
}

# A node as most cases want it: both trees allowed, up.
start_node() {
  cd / || exit 1
  find /tmp -mindepth 1 -maxdepth 1 ! -path $output -exec rm -rf {} +
  rm -f /etc/chos.conf /home/*/.chos
  allowlist trixie:/os/trixie bullseye:/os/bullseye
  expect 0 chosctl up
}

stop_node() {
  cd / || exit 1
  expect 0 chosctl down
  ! grep -q '^chos ' /proc/modules || fail "the module is still loaded"
  ! grep -q ' /chos' /proc/mounts || fail "something is still mounted in the farm"
}

version_of() { sed -n 's/^VERSION_ID="\(.*\)"/\1/p' "$1"; }
