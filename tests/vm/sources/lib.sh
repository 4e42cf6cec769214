# SPDX-License-Identifier: BSD-3-Clause
# What the cases of the sources share, beside what those of logins do.
. "${0%/*}/login-lib.sh"
compilers="deb11 deb12 deb13 sid i386 squash ero packed"
small="rpm rpmroot oci docker archive"

# The node up with all the OSs, and logins by ssh into them.
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
# release OS: its os-release as the base sees it.
release() { (. $tree/$1/etc/os-release && echo "$ID ${VERSION_ID-}"); }
