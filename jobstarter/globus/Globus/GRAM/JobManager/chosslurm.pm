# SPDX-License-Identifier: BSD-3-Clause
# Globus's job manager `slurm`, for jobs that run in the OS of the user's ~/.chos.  It needs
# spank_chos(8), which judges the name: here, if this node knows the OSs, and where the job runs.

# Before the package: it brings names of POSIX's into whatever package asks for it first, among them
# one of a method.
use Globus::GRAM::JobManager::slurm;

package Globus::GRAM::JobManager::chosslurm;

use strict;
use warnings;
use Globus::GRAM::ChosOS ();
use Globus::GRAM::Error;

our @ISA = qw(Globus::GRAM::JobManager::slurm);

sub submit
{
    my $self = shift;

    my ($name, $why) = Globus::GRAM::ChosOS::choice($self->{JobDescription});
    return Globus::GRAM::ChosOS::refuse(
        $self, Globus::GRAM::Error::JOB_EXECUTION_FAILED(), "$why; the job was not started")
        if defined $why;

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
