# SPDX-License-Identifier: BSD-3-Clause
# Every way in which /etc/chos can be invalid: the message names file and line, the kernel keeps the list
# that it had, the exit status is 1.
. "${0%/*}/lib.sh"
start_node
kept=$(cat /proc/chos/valid)

# refused TEXT...: reload refuses the file with a message that contains each text, and changes nothing.
refused() {
  expect 1 chosctl reload
  says /etc/chos
  for text; do says "$text"; done
  equal "$(cat /proc/chos/valid)" "$kept" "the kernel's list"
}

bad_line() {
  allowlist trixie:/os/trixie "$1"
  refused "${2:-/etc/chos:2}"
}

bad_line 'nonsense'
bad_line 'bad name:/os/bullseye'
bad_line ':/os/bullseye'
bad_line 'bullseye:os/bullseye'
bad_line 'bullseye:/os/../os/bullseye'
bad_line 'bullseye:/os//bullseye'
bad_line 'bullseye:/os/bullseye/'
bad_line 'bullseye:/os/bullseye:sudo'
bad_line 'bullseye:/os/bullseye:suid,nosuid'
bad_line 'bullseye:/os/bullseye:groups='
bad_line 'bullseye:/os/bullseye:groups=nosuchgroup'
bad_line 'bullseye:/os/bullseye:persona=sparc'
bad_line 'trixie:/os/bullseye'
bad_line "$(printf 'x%.0s' $(seq 64)):/os/bullseye"

allowlist trixie:/os/trixie bullseye:/os/bullseye
chown alice /etc/chos
refused "chown root"
allowlist trixie:/os/trixie
chmod 664 /etc/chos
refused chmod
allowlist trixie:/os/trixie
chmod 646 /etc/chos
refused chmod
rm /etc/chos
mkdir /etc/chos
refused
rmdir /etc/chos

# A tree that is missing, or that is outside the farm, closes its own OS and no other.
allowlist trixie:/os/trixie bullseye:/srv/nothere
expect 0 chosctl reload
says "/etc/chos:2: the tree of 'bullseye' cannot be found at /srv/nothere"
says "1 OS is closed because its tree is missing: bullseye"
expect 126 as alice chos -o bullseye true
expect 0 as alice chos -o trixie true

# A valid list after all of these.
allowlist '# a comment' '%SHELLS' 'trixie:/os/trixie:groups=alice|bob' 'base:/'
expect 0 chosctl reload
equal "$(wc -l </proc/chos/valid)" 2 "entries of the list"
stop_node
