# SPDX-License-Identifier: BSD-3-Clause
# Sourced by boot/daemon-runner before the cases: the set-up of reboot/, on a diskless node.
. "$tests/reboot-set-up"
