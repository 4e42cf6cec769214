# SPDX-License-Identifier: BSD-3-Clause
# Globus's job manager `slurm`, with jobs in the OS that the user has chosen.  It needs spank_chos(8),
# which checks the name on this node, if it knows the OSs, and where the job runs.  Without spank_chos,
# Slurm would ignore $CHOS, so jobs that choose an OS are refused.

# Load it before the package statement: it exports POSIX functions into the package that loads it first,
# and one of them would hide a method.
use Globus::GRAM::JobManager::slurm;

package Globus::GRAM::JobManager::chosslurm;

use strict;
use warnings;
use Globus::GRAM::ChosOS ();
use Globus::GRAM::Error;

our @ISA = qw(Globus::GRAM::JobManager::slurm);

our $patience = 20;           # seconds
our $longest_help = 1 << 20;  # bytes

# Returns undef if sbatch has the option of spank_chos, otherwise why the job cannot rely on the plugin.
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
    # Wait no longer than that, even if something else keeps the pipe open.
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

    # The variables of the description are set only in the job's script, after its OS has been entered, so
    # sbatch gets $CHOS from the environment.
    delete local $ENV{CHOS};
    $ENV{CHOS} = $name if defined $name;
    $self->{chos} = $name;
    return $self->SUPER::submit(@_);
}

# The base OS may not have the program.
sub validate_executable
{
    my $self = shift;
    return $self->SUPER::validate_executable(@_) if !defined $self->{chos};
    my $program = $self->{JobDescription}->executable();
    return Globus::GRAM::Error::RSL_EXECUTABLE() if !defined $program || $program eq '';
    return;
}

# Jobs of type `multiple`, the default of clients, are started by srun from the job's script, and so inside
# the OS.  There srun is in the directory in which `chosctl up` links commands of the base OS.
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
