# SPDX-License-Identifier: BSD-3-Clause
# Sourced by boot/daemon-runner, before the cases: a node that finds its trees, and what chosctl keeps
# beside them, on its second disk.
. "$tests/login-set-up"
