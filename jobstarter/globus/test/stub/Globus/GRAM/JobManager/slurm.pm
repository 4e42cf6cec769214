# SPDX-License-Identifier: BSD-3-Clause
use Globus::GRAM::JobManager;

package Globus::GRAM::JobManager::slurm;

our @ISA = qw(Globus::GRAM::JobManager);
our $sbatch = '/nowhere/sbatch';  # from Globus's configuration, or from $PATH

sub submit { my $self = shift; $self->{parent} = {chos => $ENV{CHOS}}; return {} }
sub validate_executable { 'EXECUTABLE_NOT_FOUND' }
sub create_execution_statement { $_[0]{JobDescription}->executable() }

1;
