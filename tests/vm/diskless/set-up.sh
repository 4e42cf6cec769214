# SPDX-License-Identifier: BSD-3-Clause
# Sourced by boot/daemon-runner: all that an administrator has done is in the image that the node boots.
. "$tests/reboot-set-up"
