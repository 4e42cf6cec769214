# SPDX-License-Identifier: BSD-3-Clause
# fish completion for chosctl(8).

# The names of all OSs, also of those that are closed, each with its state.
function __chosctl_oses
    for line in (chos --list --plain 2>/dev/null)
        set -l field (string split \t -- $line)
        test "$field[2]" = /; or printf '%s\t%s\n' $field[1] $field[3]
    end
end

# The words so far that are neither options nor their values, without chosctl itself.
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

# Whether the words so far are these; the last of them may be a list, with commas.  "+" at the end:
# or more follow.
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
complete -c chosctl -l config -r -F -d 'Instead of /etc/chos.conf'
complete -c chosctl -l allowlist -r -F -d 'Instead of /etc/chos'
complete -c chosctl -l version -d 'Print the version'
complete -c chosctl -s h -l help -d 'Print help'

complete -c chosctl -n __chosctl_at -a up -d 'Make the node ready'
complete -c chosctl -n __chosctl_at -a down -d 'Back to a node without OSs'
complete -c chosctl -n __chosctl_at -a reload -d 'Put what was changed in force'
complete -c chosctl -n __chosctl_at -a watch -d 'Reload whenever a tree comes or goes'
complete -c chosctl -n __chosctl_at -a status -d 'What there is'
complete -c chosctl -n __chosctl_at -a doctor -d 'What is wrong'
complete -c chosctl -n __chosctl_at -a metrics -d 'Figures for a monitoring system'
complete -c chosctl -n __chosctl_at -a os -d 'Make, close, replace, remove OSs'
complete -c chosctl -n __chosctl_at -a pam -d 'Which logins land in the OS'
complete -c chosctl -n __chosctl_at -a batch -d 'Which batch systems start jobs in the OS'

complete -c chosctl -n '__chosctl_at up' -l module -r -F -d 'Load this file'
complete -c chosctl -n '__chosctl_at down' -l force -d 'Even while processes are in an OS'
complete -c chosctl -n '__chosctl_at down' -l keep-module -d 'Leave the module loaded'
complete -c chosctl -n '__chosctl_at down' -l at-shutdown -d 'For chos.service'
complete -c chosctl -n '__chosctl_at status,doctor' -l json -d 'Print JSON'

complete -c chosctl -n '__chosctl_at os' -a "$os"
complete -c chosctl -n "__chosctl_at os $of_oses" -a '(__chosctl_oses)'
complete -c chosctl -n '__chosctl_at os add,replace \'*\'' -a '(__chosctl_sources)'
complete -c chosctl -n '__chosctl_at os pack \'*\'' -F
complete -c chosctl -n '__chosctl_at os base \'*\' +' -a '(__fish_complete_command)'
complete -c chosctl -n '__chosctl_at os verify \'*\' +' -a '(__chosctl_oses)'
complete -c chosctl -n '__chosctl_at os \'*\' +' -l json -d 'Print JSON'
complete -c chosctl -n '__chosctl_at os add,replace +' -l max-size -x -d 'Refuse what becomes bigger'
complete -c chosctl -n '__chosctl_at os add,replace +' -l drop-devices \
    -d 'Leave the device nodes of an archive out'
complete -c chosctl -n '__chosctl_at os add,replace +' -l include -x -d 'Of Debian, more packages'
complete -c chosctl -n '__chosctl_at os add,replace +' -l variant -x -a 'minbase important standard' \
    -d 'Of Debian, how much'
complete -c chosctl -n '__chosctl_at os add,replace +' -l mirror -x -d 'Of Debian, another mirror'
complete -c chosctl -n '__chosctl_at os add,replace +' -l allow-expired -d 'Of Debian, an old release'
complete -c chosctl -n '__chosctl_at os add,replace +' -l releasever -x -d 'Of RPM packages, the release'
complete -c chosctl -n '__chosctl_at os add +' -l closed -d 'Let nobody enter yet'
complete -c chosctl -n '__chosctl_at os add +' -l suid -d 'Its setuid programs give rights'
complete -c chosctl -n '__chosctl_at os add +' -l group -x -a '(__fish_complete_groups)' \
    -d 'Only for its members'
complete -c chosctl -n '__chosctl_at os pack +' -l squashfs -d 'Which form'
complete -c chosctl -n '__chosctl_at os pack +' -l erofs -d 'Which form'
complete -c chosctl -n '__chosctl_at os base +' -l remove -d 'Not any more'

complete -c chosctl -n '__chosctl_at pam,batch' -a 'enable disable status'
complete -c chosctl -n '__chosctl_at pam enable,disable,status +' -a '(__chosctl_services)'
complete -c chosctl -n '__chosctl_at pam enable +' -l deny -d 'Refuse a session whose OS cannot be entered'
complete -c chosctl -n '__chosctl_at pam enable +' -l option -x -d 'An option of the module' \
    -a 'on_error= user_file= min_uid= exclude_service= timeout= fallback_shell= quiet debug'
complete -c chosctl -n '__chosctl_at batch enable,disable,status' \
    -a 'slurm sge condor torque openpbs lsf globus'
complete -c chosctl -n '__chosctl_at batch enable,disable,status +' -l directory -x -a '(__fish_complete_directories)' \
    -d 'Of the configuration'
complete -c chosctl -n '__chosctl_at batch enable,disable +' -l queue -x -d 'This queue only'
complete -c chosctl -n '__chosctl_at batch enable +' -l force -d 'In the place of another program'
complete -c chosctl -n '__chosctl_at batch disable +' -l force -d 'Even if the hook chos is not of chos'
complete -c chosctl -n '__chosctl_at pam,batch status +' -l json -d 'Print JSON'
