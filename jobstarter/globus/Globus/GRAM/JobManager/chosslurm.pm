# SPDX-License-Identifier: BSD-3-Clause
# Globus's job manager `slurm`, for jobs that run in the OS of the user's ~/.chos.  It needs
# spank_chos(8), which judges the name: here, if this node knows the OSs, and where the job runs.  Without
# it $CHOS would mean nothing to Slurm, so a job with a choice is refused.

# Before the package: it brings names of POSIX's into whatever package asks for it first, among them
# one of a method.
use Globus::GRAM::JobManager::slurm;

package Globus::GRAM::JobManager::chosslurm;

use strict;
use warnings;
use Globus::GRAM::ChosOS ();
use Globus::GRAM::Error;

our @ISA = qw(Globus::GRAM::JobManager::slurm);

our $patience = 20;           # seconds
our $longest_help = 1 << 20;  # bytes

# undef: sbatch has the option of spank_chos, and so the plugin.  Else why it is not known to have it.
sub without_plugin
{
    my $sbatch = shift // 'sbatch';
    my $pid = open(my $output, '-|');
    return "cannot ask sbatch for its options: $!" if !defined $pid;
    if ($pid == 0) {
        setpgrp(0, 0);
        open STDIN, '<', '/dev/null';
        open STDERR, '>&', \*STDOUT;
        no warnings 'exec';
        exec {$sbatch} $sbatch, '--help';
        print "cannot run $sbatch: $!\n";
        STDOUT->flush();
        POSIX::_exit(126);
    }
    # Whatever holds the pipe, the job manager goes on.
    my ($said, $late) = ('', 0);
    my $end = time + $patience;
    while (length $said < $longest_help) {
        my $left = $end - time;
        vec(my $ready = '', fileno $output, 1) = 1;
        my $seen = $left <= 0 ? 0 : select($ready, undef, undef, $left);
        next if $seen < 0;  # a signal
        $late = $seen == 0;
        last if $late || !sysread($output, $said, 65536, length $said);
    }
    kill 'KILL', -$pid, $pid;
    close $output;
    return if $said =~ /^\s*--chos=/m;
    return "$sbatch --help has not answered in $patience seconds" if $late;
    return $1 if $said =~ /^(cannot run .*)/;
    return "Slurm has no spank_chos here, so the job would run in the base OS"
        . " (an administrator enables it: chosctl batch enable slurm)";
}

sub submit
{
    my $self = shift;

    my ($name, $why) = Globus::GRAM::ChosOS::choice($self->{JobDescription});
    return Globus::GRAM::ChosOS::refuse(
        $self, Globus::GRAM::Error::JOB_EXECUTION_FAILED(), "$why; the job was not started")
        if defined $why;
    if (defined $name && $name ne 'base') {
        $why = without_plugin($Globus::GRAM::JobManager::slurm::sbatch);
        return Globus::GRAM::ChosOS::refuse(
            $self, Globus::GRAM::Error::JOB_EXECUTION_FAILED(), "$why; the job was not started")
            if defined $why;
    }

    # The variables of the description reach the job's script only, when its OS has been entered.
    delete local $ENV{CHOS};
    $ENV{CHOS} = $name if defined $name;
    $self->{chos} = $name;
    return $self->SUPER::submit(@_);
}

# The program may be one that the base OS does not have.
sub validate_executable
{
    my $self = shift;
    return $self->SUPER::validate_executable(@_) if !defined $self->{chos};
    my $program = $self->{JobDescription}->executable();
    return Globus::GRAM::Error::RSL_EXECUTABLE() if !defined $program || $program eq '';
    return;
}

# Jobs of type `multiple`, which are what clients submit unasked, are started by srun from inside the
# job's script, and so from inside its OS.  That has it where `chosctl up` links commands of the base.
sub create_execution_statement
{
    my $self = shift;
    my $statement = $self->SUPER::create_execution_statement(@_);
    return $statement if ref $statement;
    $statement =~ s{^("(?:[^"\\]|\\.)*/srun")}
                   {chos_srun=$1\n[ -x "\$chos_srun" ] || chos_srun=/usr/local/bin/srun\n"\$chos_srun"};
    return $statement;
}

1;
