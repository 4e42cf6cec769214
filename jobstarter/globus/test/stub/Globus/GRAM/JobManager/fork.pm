# SPDX-License-Identifier: BSD-3-Clause
# Keeps the variables of one job for the next, as Globus's class does.
use Globus::GRAM::JobManager;

package Globus::GRAM::JobManager::fork;

our @ISA = qw(Globus::GRAM::JobManager);
our %CHILD_ENV;

sub submit
{
    my $self = shift;
    my $description = $self->{JobDescription};
    $CHILD_ENV{$_->[0]} = $_->[1] for $description->environment();
    $self->{parent} = {executable => $description->executable(),
                       arguments => [$description->arguments()], variables => {%CHILD_ENV}};
    return {};
}

1;
