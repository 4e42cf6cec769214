# SPDX-License-Identifier: BSD-3-Clause
# Stub of the base class of all job managers.  It keeps the job's description and the responses.
use POSIX;

package Globus::GRAM::JobManager;

# Globus's class has a method with the name of a POSIX function.
sub getenv { 'the method' }

sub new
{
    my ($class, %attributes) = @_;
    my $self = bless {JobDescription => bless({%attributes}, 'Description')}, $class;
    die "POSIX's getenv hides the method" if $self->getenv() ne 'the method';
    return $self;
}

sub log { }
sub respond { my ($self, $response) = @_; $self->{said} = {%{$self->{said} // {}}, %$response} }

package Description;

sub add { my ($self, $name, $value) = @_; $self->{$name} = $value }
sub executable { $_[0]{executable} }
sub directory { $_[0]{directory} }
sub arguments { @{$_[0]{arguments}} }
sub environment { @{$_[0]{environment}} }

1;
