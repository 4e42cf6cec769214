# SPDX-License-Identifier: BSD-3-Clause
# fish completion for chos-base(1).

# Prints the programs of the base OS.
function __chos_base_commands
    set -l top ''
    test -d /local/usr; and set top /local # inside an OS
    for file in $top/usr/local/sbin/* $top/usr/local/bin/* $top/usr/sbin/* $top/usr/bin/*
        test -f $file -a -x $file; and string replace -r '.*/' '' -- $file
    end
end

function __chos_base_first
    test (count (commandline -opc)) -eq 1
end

complete -c chos-base -f -n __chos_base_first -a '(__chos_base_commands)'
complete -c chos-base -n __chos_base_first -l version -d 'Print the version'
complete -c chos-base -n __chos_base_first -l help -d 'Print help'
complete -c chos-base -n 'not __chos_base_first' -a '(__fish_complete_subcommand)'
