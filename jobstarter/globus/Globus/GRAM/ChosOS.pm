# SPDX-License-Identifier: BSD-3-Clause
# Finds the OS of a grid job, from $CHOS in its description or from ~/.chos, and checks that it can be
# entered.  The job managers that use this module run as the job's user.

package Globus::GRAM::ChosOS;

use strict;
use warnings;
use Fcntl qw(O_RDONLY O_NONBLOCK O_NOCTTY);
use POSIX ();
use Globus::GRAM::Error;

our $longest = 255;  # CHOS_PATH_MAX of chos/abi.h

# The job managers' service files point PERL5LIB here.  Jobs must not inherit it.
(my $own = __FILE__) =~ s{/Globus/GRAM/ChosOS\.pm$}{};
if (defined $ENV{PERL5LIB}) {
    my @others = grep { $_ ne $own } split /:/, $ENV{PERL5LIB};
    if (@others) { $ENV{PERL5LIB} = join ':', @others }
    else { delete $ENV{PERL5LIB} }
}

# Returns the variables of a job's description.  Malformed ones are skipped; the parent class refuses them.
sub environment_of
{
    my $description = shift;
    my %environment;
    for my $pair ($description->environment()) {
        next if ref($pair) ne 'ARRAY' || @$pair != 2;
        $environment{$pair->[0]} = $pair->[1];
    }
    return %environment;
}

sub home { return $ENV{HOME} || (getpwuid $<)[7] }

# Returns the job's directory as an absolute path.
sub directory_of
{
    my $directory = shift->directory();
    return home() if !defined $directory || $directory eq '';
    return $directory =~ m{^/} ? $directory : home() . "/$directory";
}

# Reads ~/.chos as chos(5) describes.  Returns (name, undef), an empty list without a choice, or
# (undef, reason) if the file cannot be used.
sub user_file
{
    my $path = home() . '/.chos';
    return if !-e $path && !-l $path;
    # A FIFO or a device must not block the job manager: check the type before and after opening.
    return (undef, "$path is no regular file") if !-f $path;
    sysopen(my $file, $path, O_RDONLY | O_NONBLOCK | O_NOCTTY)
        or return (undef, "cannot read $path: $!");
    return (undef, "$path is no regular file") if !-f $file;
    my $got = sysread($file, my $text, $longest + 1);
    return (undef, "cannot read $path: $!") if !defined $got;
    return (undef, "$path has more than $longest bytes") if $got > $longest;
    $text =~ s/^\xef\xbb\xbf//;
    $text =~ s/^[ \t\r\n]+//;
    $text =~ s/[ \t\r\n]+\z//;
    return if $text eq '';
    return (undef, "$path has more than one line; expected the name of one OS")
        if $text =~ /[\r\n]/;
    return (undef, "$path holds a control character") if $text =~ /[\x00-\x1f\x7f]/;
    return ($text, undef);
}

# Returns the same as user_file(), except that $CHOS in the description takes precedence.
sub choice
{
    my %environment = environment_of(shift);
    my $variable = $environment{CHOS};
    return ($variable, undef) if defined $variable && $variable ne '';
    return user_file();
}

# Asks the starter to enter the OS as the job would, and looks for the job's program there.  Returns an
# empty list, or (error, reason).
sub check_program
{
    my ($description, $starter, $program) = @_;
    my %environment = environment_of($description);
    my $directory = directory_of($description);

    my $pid = open(my $output, '-|');
    return (Globus::GRAM::Error::JOB_EXECUTION_FAILED(), "fork: $!") if !defined $pid;
    if ($pid == 0) {
        chdir $directory or POSIX::_exit(0);  # the parent class reports this itself
        %ENV = %environment;
        open STDIN, '<', '/dev/null';
        open STDERR, '>&', \*STDOUT;
        no warnings 'exec';
        exec {$starter} $starter, '--user-file', '--', '/bin/sh', '-c',
            '[ -e "$0" ] || exit 3; [ -f "$0" ] && [ -x "$0" ] || exit 4', $program;
        print "cannot run $starter: $!; the job was not started\n";
        STDOUT->flush();
        POSIX::_exit(126);
    }
    my $said = do { local $/; <$output> } // '';
    close $output;
    my $status = $? & 127 ? 126 : $? >> 8;
    chomp $said;
    return (Globus::GRAM::Error::EXECUTABLE_NOT_FOUND()) if $status == 3;
    return (Globus::GRAM::Error::EXECUTABLE_PERMISSIONS()) if $status == 4;
    return (Globus::GRAM::Error::JOB_EXECUTION_FAILED(), $said || "$starter failed without a message")
        if $status == 126;
    return;
}

# Reports why a job is refused.  Returns $error.
sub refuse
{
    my ($manager, $error, $why) = @_;
    if (defined $why) {
        $manager->log($why);
        (my $line = $why) =~ s/\n/\\n/g;
        $manager->respond({GT3_FAILURE_MESSAGE => $line});
    }
    return $error;
}

1;
