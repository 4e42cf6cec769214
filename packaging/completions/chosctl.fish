# SPDX-License-Identifier: BSD-3-Clause
# fish completion for chosctl(8).

# Prints all OSs, including closed ones, each with its state.
function __chosctl_oses
    for line in (chos --list --plain 2>/dev/null)
        set -l field (string split \t -- $line)
        test "$field[2]" = /; or printf '%s\t%s\n' $field[1] $field[3]
    end
end

# Prints the words before the cursor that are neither options nor their values, without chosctl itself.
function __chosctl_words
    set -l words (commandline -opc)
    set -e words[1]
    set -l value 0
    for word in $words
        if test $value = 1
            set value 0
        else if contains -- $word --config --allowlist --module --directory --queue --option --max-size \
                --include --variant --mirror --releasever --group
            set value 1
        else if not string match -q -- '-*' $word
            echo $word
        end
    end
end

# Whether the words before the cursor are these.  Each may be a comma-separated list of alternatives, or
# "*" for any word.  "+" at the end allows more words.
function __chosctl_at
    set -l words (__chosctl_words)
    set -l wanted $argv
    if test "$wanted[-1]" = +
        set -e wanted[-1]
        test (count $words) -ge (count $wanted); or return 1
    else
        test (count $words) -eq (count $wanted); or return 1
    end
    for i in (seq (count $wanted))
        test $wanted[$i] = '*'; and continue
        contains -- $words[$i] (string split , -- $wanted[$i]); or return 1
    end
end

function __chosctl_sources
    set -l word (commandline -ct)
    switch $word
        case 'debian:*'
            printf 'debian:%s\n' bullseye bookworm trixie sid
        case 'dir:*' 'rpm:*' 'tar:*' 'oci:*' 'image:*'
            set -l kind (string split -m 1 : -- $word)
            printf "$kind[1]:%s\n" (__fish_complete_path $kind[2] | string replace -r '\t.*' '')
        case '*'
            printf '%s:\n' debian rpm tar oci dir image
    end
end

function __chosctl_services
    for file in /etc/pam.d/*
        set -l name (string replace -r '.*/' '' -- $file)
        string match -qr '^(common-.*|other|slurm)$' -- $name; or echo $name
    end
end

set -l names show verify close open default rollback remove
set -l os add list replace pack base $names
set -l of_oses (string join , $names replace pack base)

complete -c chosctl -f
complete -c chosctl -l config -r -F -d 'Read this file instead of /etc/chos.conf'
complete -c chosctl -l allowlist -r -F -d 'Read this file instead of /etc/chos'
complete -c chosctl -l version -d 'Print the version'
complete -c chosctl -s h -l help -d 'Print help'

complete -c chosctl -n __chosctl_at -a up -d 'Load the module and set up the farm'
complete -c chosctl -n __chosctl_at -a down -d 'Take down the farm and unload the module'
complete -c chosctl -n __chosctl_at -a reload -d 'Apply changes of /etc/chos'
complete -c chosctl -n __chosctl_at -a watch -d 'Reload whenever a tree appears or disappears'
complete -c chosctl -n __chosctl_at -a status -d 'Show module, farm, OSs and processes'
complete -c chosctl -n __chosctl_at -a doctor -d 'Look for problems'
complete -c chosctl -n __chosctl_at -a metrics -d 'Print metrics for a monitoring system'
complete -c chosctl -n __chosctl_at -a os -d 'Create, close, replace and remove OSs'
complete -c chosctl -n __chosctl_at -a pam -d 'Choose which logins enter the OS'
complete -c chosctl -n __chosctl_at -a batch -d 'Choose which batch systems start jobs in the OS'

complete -c chosctl -n '__chosctl_at up' -l module -r -F -d 'Load this module file'
complete -c chosctl -n '__chosctl_at down' -l force -d 'Even while processes are in an OS'
complete -c chosctl -n '__chosctl_at down' -l keep-module -d 'Leave the module loaded'
complete -c chosctl -n '__chosctl_at down' -l at-shutdown -d 'End the processes in OSs (used by chos.service)'
complete -c chosctl -n '__chosctl_at status,doctor' -l json -d 'Print JSON'

complete -c chosctl -n '__chosctl_at os' -a "$os"
complete -c chosctl -n "__chosctl_at os $of_oses" -a '(__chosctl_oses)'
complete -c chosctl -n '__chosctl_at os add,replace \'*\'' -a '(__chosctl_sources)'
complete -c chosctl -n '__chosctl_at os pack \'*\'' -F
complete -c chosctl -n '__chosctl_at os base \'*\' +' -a '(__fish_complete_command)'
complete -c chosctl -n '__chosctl_at os verify \'*\' +' -a '(__chosctl_oses)'
complete -c chosctl -n '__chosctl_at os \'*\' +' -l json -d 'Print JSON'
complete -c chosctl -n '__chosctl_at os add,replace +' -l max-size -x -d 'Refuse a larger tree'
complete -c chosctl -n '__chosctl_at os add,replace +' -l drop-devices \
    -d 'Leave out device nodes of an archive'
complete -c chosctl -n '__chosctl_at os add,replace +' -l allow-writable \
    -d 'Publish a tree that others than root can change'
complete -c chosctl -n '__chosctl_at os add,replace +' -l include -x -d 'debian: install these packages as well'
complete -c chosctl -n '__chosctl_at os add,replace +' -l variant -x -a 'minbase important standard' \
    -d 'debian: the set of packages'
complete -c chosctl -n '__chosctl_at os add,replace +' -l mirror -x -d 'debian: use this mirror'
complete -c chosctl -n '__chosctl_at os add,replace +' -l allow-expired -d 'debian: accept an expired Release file'
complete -c chosctl -n '__chosctl_at os add,replace +' -l releasever -x -d 'rpm: the release of the packages'
complete -c chosctl -n '__chosctl_at os add,replace +' -l no-signatures -d 'rpm: accept packages without a signature'
complete -c chosctl -n '__chosctl_at os add +' -l closed -d 'Do not let users enter yet'
complete -c chosctl -n '__chosctl_at os add +' -l suid -d 'Honor its setuid programs'
complete -c chosctl -n '__chosctl_at os add +' -l group -x -a '(__fish_complete_groups)' \
    -d 'Only for members of this group'
complete -c chosctl -n '__chosctl_at os pack +' -l squashfs -d 'Create a squashfs image'
complete -c chosctl -n '__chosctl_at os pack +' -l erofs -d 'Create an erofs image'
complete -c chosctl -n '__chosctl_at os base +' -l remove -d 'Remove the links'

complete -c chosctl -n '__chosctl_at pam,batch' -a 'enable disable status'
complete -c chosctl -n '__chosctl_at pam enable,disable,status +' -a '(__chosctl_services)'
complete -c chosctl -n '__chosctl_at pam enable +' -l deny -d 'Refuse a session whose OS cannot be entered'
complete -c chosctl -n '__chosctl_at pam enable +' -l option -x -d 'Add an option of pam_chos.so' \
    -a 'on_error= user_file= min_uid= exclude_service= timeout= fallback_shell= quiet debug'
complete -c chosctl -n '__chosctl_at batch enable,disable,status' \
    -a 'slurm sge condor torque openpbs lsf globus'
complete -c chosctl -n '__chosctl_at batch enable,disable,status +' -l directory -x -a '(__fish_complete_directories)' \
    -d 'The directory of the configuration'
complete -c chosctl -n '__chosctl_at batch enable,disable +' -l queue -x -d 'Only this queue'
complete -c chosctl -n '__chosctl_at batch enable +' -l force -d 'Replace another program'
complete -c chosctl -n '__chosctl_at batch disable +' -l force -d 'Even if the hook does not come from chos'
complete -c chosctl -n '__chosctl_at pam,batch status +' -l json -d 'Print JSON'
