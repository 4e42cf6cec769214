# SPDX-License-Identifier: BSD-3-Clause
# fish completion for chos(1).

# Prints the OSs that the caller may enter, and base, each with its state.
function __chos_oses
    for line in (chos --list --plain 2>/dev/null)
        set -l field (string split \t -- $line)
        test "$field[4]" = yes; and printf '%s\t%s\n' $field[1] $field[3]
    end
end

# Prints the words after chos's own options: the command and its arguments.
function __chos_command
    set -l words (commandline -opc)
    set -e words[1]
    while set -q words[1]
        switch $words[1]
            case -o --os --set
                set -e words[1]
            case --
                set -e words[1]
                break
            case '-*'
            case '*'
                break
        end
        set -q words[1]; and set -e words[1]
    end
    string join -- \n $words
end

function __chos_no_command
    test -z (__chos_command | string collect)
end

function __chos_subcommand
    set -l words (__chos_command)
    complete -C (string join -- ' ' (string escape -- $words) (commandline -ct))
end

complete -c chos -f
complete -c chos -n __chos_no_command -s o -l os -x -a '(__chos_oses)' -d 'Enter this OS'
complete -c chos -n __chos_no_command -l set -x -a '(__chos_oses)' -d 'Write this OS to ~/.chos'
complete -c chos -n __chos_no_command -l list -d 'List the OSs and who may enter them'
complete -c chos -n __chos_no_command -l current -d 'Print the OS of this process'
complete -c chos -n __chos_no_command -l why -d 'Explain which rule chooses the OS'
complete -c chos -n __chos_no_command -l ps -d 'List your processes by OS'
complete -c chos -n __chos_no_command -l json -d 'Print JSON'
complete -c chos -n __chos_no_command -l plain -d 'With --list, print tab-separated fields'
complete -c chos -n __chos_no_command -l version -d 'Print the version'
complete -c chos -n __chos_no_command -s h -l help -d 'Print help'
complete -c chos -a '(__chos_subcommand)'
