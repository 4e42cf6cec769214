# SPDX-License-Identifier: BSD-3-Clause
# Sourced by boot/daemon-runner before the cases: no daemon is needed.
set_up() { :; }
stop_daemons() { :; }
