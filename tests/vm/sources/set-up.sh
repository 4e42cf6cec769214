# SPDX-License-Identifier: BSD-3-Clause
# Sourced by boot/daemon-runner before the cases: a node whose second disk has the trees and chosctl's records
# of them.
. "$tests/login-set-up"
