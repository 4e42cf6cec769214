# SPDX-License-Identifier: BSD-3-Clause
# Functions for the cases with OSs from every kind of source, in addition to those in login/lib.sh.  The first
# list has the OSs with a compiler, the second the small ones.
. "${0%/*}/login-lib.sh"
compilers="deb11 deb12 deb13 sid i386 squash ero packed"
small="rpm rpmroot oci docker archive"

# Brings chos up with all OSs of the store, and enables pam_chos for sshd.
fresh_store() {
  cd / || exit 1
  rm -rf /home/*/.chos
  modprobe -a loop squashfs erofs overlay || fail "the node lacks modules"
  install -m 644 $tree/allowlist /etc/chos
  expect 0 chosctl up
  expect 0 chosctl reload
  sshd_with
  enable sshd
  mounts_before=$(mounts)
}
# release OS: ID and VERSION_ID of its os-release, read from the base OS.
release() { (. $tree/$1/etc/os-release && echo "$ID ${VERSION_ID-}"); }

python_modules="test_posixpath test_genericpath test_glob test_fnmatch test_stat test_tempfile test_shutil
  test_pathlib test_popen test_pwd"
# results FILE: the lines of the summary: the numbers of tests that passed, failed and were skipped, and their
# names.
results() { grep -E '^([0-9]+ tests? |All [0-9]+ tests|    test_|Result: )' $1; }
# python_agrees OS: ten modules of Python's own test suite, about paths and processes, have the same results
# in the OS as in a plain chroot of its tree.
python_agrees() {
  local os=$1
  mkdir -p -m 1777 /tmp/python
  (cd /tmp/python && as alice TMPDIR=/tmp/python chos -o $os python3 -m test $python_modules) >/tmp/in-os 2>&1
  # The chroot has the processes and accounts of the node too, by bind mounts in a private namespace.
  env -i PATH=/usr/sbin:/usr/bin:/bin HOME=/home/alice USER=alice LOGNAME=alice SHELL=/bin/bash TMPDIR=/tmp/python \
    unshare -m --propagation private sh -ec '
      tree=$1 persona=$2
      shift 2
      for place in proc sys dev tmp home etc/passwd etc/group; do mount --rbind /$place $tree/$place; done
      exec $persona chroot --userspec=alice:alice $tree sh -c "cd /tmp/python && exec python3 -m test $*"' \
    sh $tree/$os "$([ $os = i386 ] && echo linux32)" $python_modules >/tmp/in-chroot 2>&1
  results /tmp/in-os >/tmp/in-os.results
  results /tmp/in-chroot >/tmp/in-chroot.results
  sed "s/^/$os: /" /tmp/in-os.results
  [ -s /tmp/in-os.results ] || { tail -n 20 /tmp/in-os; fail "no results in $os"; }
  diff /tmp/in-os.results /tmp/in-chroot.results >$output || {
    tail -n 30 /tmp/in-os /tmp/in-chroot >>$output
    fail "the results in $os differ from those in a chroot"
  }
  rm -rf /tmp/python /tmp/in-*
}
