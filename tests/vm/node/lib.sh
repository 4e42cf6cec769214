# SPDX-License-Identifier: BSD-3-Clause
# Functions for all cases that are scripts.  A case sources this file, and exits with status 1 at the first
# check that fails, after a line that begins with FAIL and says what was wrong.

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

# expect STATUS COMMAND...: runs the command, which must exit with that status.  Its output is in $output.
expect() {
  local wanted=$1 status
  shift
  "$@" >$output 2>&1 </dev/null
  status=$?
  [ "$status" = "$wanted" ] || fail "\"$*\" exited with $status, wanted $wanted"
}

# as USER COMMAND...: runs the command as that user, with the environment of a login.
as() {
  local user=$1
  shift
  setpriv --reuid "$user" --regid "$user" --init-groups \
    env -i HOME="/home/$user" USER="$user" LOGNAME="$user" SHELL=/bin/bash \
    PATH=/usr/local/bin:/usr/bin:/bin "$@"
}

# says TEXT, says_not TEXT: the output of the last command must, or must not, contain a fixed text.
says() { grep -qF -e "$1" $output || fail "the output lacks \"$1\""; }
says_not() { ! grep -qF -e "$1" $output || fail "the output contains \"$1\""; }

# equal VALUE WANTED [LABEL]
equal() { [ "$1" = "$2" ] || fail "${3:-value}: \"$1\", wanted \"$2\""; }

# The number of mounts in the mount namespace of the base OS.
mounts() { wc -l </proc/1/mountinfo; }

# The median of the numbers in a file.
median() { sort -n "$1" | awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'; }

# allowlist LINE...: writes /etc/chos.
allowlist() {
  printf '%s\n' "$@" >/etc/chos
  chown root: /etc/chos
  chmod 644 /etc/chos
}

# Brings chos up with two OSs allowed, the state from which most cases start.
start_node() {
  cd / || exit 1
  find /tmp -mindepth 1 -maxdepth 1 ! -path $output -exec rm -rf {} +
  rm -f /etc/chos.conf /home/*/.chos
  allowlist trixie:/os/trixie bullseye:/os/bullseye
  expect 0 chosctl up
}

# Takes chos down, and checks that nothing of it is left.
stop_node() {
  cd / || exit 1
  expect 0 chosctl down
  ! grep -q '^chos ' /proc/modules || fail "the module is still loaded"
  ! grep -q ' /chos' /proc/mounts || fail "something is still mounted in the farm"
}

