# SPDX-License-Identifier: BSD-3-Clause
# The command in ForceCommand of sshd_config(5) runs in the user's OS.
. "${0%/*}/login-lib.sh"
fresh
enable sshd
choose forced bullseye
expect 0 ssh forced@node 'rm -rf /'
equal "$(cat $output)" "forced in bullseye, asked for: rm -rf /" "what ran"
expect 0 ssh -tt forced@node
says "forced in bullseye, asked for: "
finished
