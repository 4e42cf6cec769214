# SPDX-License-Identifier: BSD-3-Clause
# Tests the job managers of jobstarter/globus with stub parent classes that record their calls.
#   perl job_managers.pl MODULE-DIRECTORY CHOS_JOBSTARTER
use strict;
use warnings;
use File::Temp ();
use FindBin ();

BEGIN {
    if (!eval { require Test::More; Test::More->import; 1 }) {
        print "this Perl has no Test::More\n";
        exit 77;
    }
    my $modules = shift @ARGV;
    $ENV{PERL5LIB} = "/before:$modules:/after";  # as in the service files, with more directories
    unshift @INC, $modules, "$FindBin::Bin/stub";
}
use Globus::GRAM::JobManager::chosfork;
use Globus::GRAM::JobManager::chosslurm;

my $home = File::Temp->newdir();
$ENV{HOME} = "$home";
my $chos = "$home/.chos";

sub write_file
{
    my ($path, $text, $mode) = @_;
    unlink $path;
    open my $file, '>', $path or die "$path: $!";
    print $file $text;
    close $file;
    chmod $mode // 0644, $path;
}

sub write_starter { write_file("$home/starter", "#!/bin/sh\n$_[0]\n", 0755); return "$home/starter" }

# Submits a job.  Returns its manager.
sub submit
{
    my ($type, %attributes) = @_;
    my $manager = "Globus::GRAM::JobManager::chos$type"->new(
        executable => '/bin/program', arguments => [], directory => "$home", environment => [],
        %attributes);
    $manager->{result} = $manager->submit();
    return $manager;
}

is(delete $ENV{PERL5LIB}, '/before:/after', 'jobs do not inherit the module directory');

# user_file
for my $case (
    ["trixie\n", 'trixie'], [" \t/os/trixie \r\n\n", '/os/trixie'], ["\xef\xbb\xbfa", 'a'],
    ['', undef], [" \n", undef], ['x' x 255, 'x' x 255], ['x' x 256, undef, qr/more than 255 bytes/],
    ["a\nb\n", undef, qr/more than one line/], ["a\0b", undef, qr/control character/])
{
    my ($text, $wanted, $reason) = @$case;
    write_file($chos, $text);
    my ($name, $why) = Globus::GRAM::ChosOS::user_file();
    is($name, $wanted, 'the name of ' . substr($text, 0, 12));
    $reason ? like($why, $reason, 'the reason') : is($why, undef, 'no reason');
}
unlink $chos;
is_deeply([Globus::GRAM::ChosOS::user_file()], [], 'no file, no choice');
symlink '/nowhere/at/all', $chos;
like((Globus::GRAM::ChosOS::user_file())[1], qr/no regular file/, 'a link that leads nowhere');
unlink $chos;
POSIX::mkfifo($chos, 0600);
like((Globus::GRAM::ChosOS::user_file())[1], qr/no regular file/, 'a FIFO');
is(submit('slurm')->{result}, 'JOB_EXECUTION_FAILED', 'Slurm: a FIFO is refused');
unlink $chos;

# Slurm
sub write_sbatch
{
    write_file("$home/sbatch", "#!/bin/sh\n[ \"\$*\" = --help ] || exit 1\n$_[0]\n", 0755);
    no warnings 'once';
    $Globus::GRAM::JobManager::slurm::sbatch = "$home/sbatch";
}
my $help = "echo 'Usage: sbatch'; echo 'Options provided by plugins:'";
my $with_plugin = "$help; echo '      --chos=OS               run in that OS'";
write_sbatch($with_plugin);
write_file($chos, "trixie\n");
$ENV{CHOS} = 'of-the-gatekeeper';
is(submit('slurm')->{parent}{chos}, 'trixie', 'Slurm: $CHOS from ~/.chos');
is(submit('slurm', environment => [['CHOS', 'bullseye']])->{parent}{chos}, 'bullseye',
    'Slurm: the description comes first');
is(submit('slurm', environment => [['CHOS', '']])->{parent}{chos}, 'trixie', 'Slurm: an empty one');
is($ENV{CHOS}, 'of-the-gatekeeper', 'Slurm: the environment is restored');
is(submit('slurm')->validate_executable(), undef, 'Slurm: a program that only the OS has');
unlink $chos;
is(submit('slurm')->{parent}{chos}, undef, 'Slurm: no choice');
is(submit('slurm')->validate_executable(), 'EXECUTABLE_NOT_FOUND', 'Slurm: unchanged without a choice');
write_file($chos, "a\nb");
my $refused = submit('slurm');
is($refused->{result}, 'JOB_EXECUTION_FAILED', 'Slurm: refused');
is($refused->{parent}, undef, 'Slurm: a refused job is not submitted');
like($refused->{said}{GT3_FAILURE_MESSAGE}, qr/one line.*not started/, 'Slurm: the reason');
delete $ENV{CHOS};

# The statement in the job's script, which the shell of the OS runs.
sub script { return submit('slurm', executable => $_[0])->create_execution_statement() }
write_file($chos, "trixie\n");
is(script('"/bin/sh" "/srun"'), '"/bin/sh" "/srun"', 'Slurm: other programs are unchanged');
write_file("$home/srun", "#!/bin/sh\necho \"srun <\$1> <\$2>\"\n", 0755);
my $several = script("\"$home/srun\" \"a  b\" \"\\\$x\"");
is(qx{$several}, "srun <a  b> <\$x>\n", 'Slurm: the base OS has srun at the configured path');
$several = script('"/no/such/srun" "a"');
like($several, qr{/usr/local/bin/srun}, 'Slurm: an OS has srun where chosctl links it');
is(system('sh', '-nc', $several), 0, 'Slurm: the shell accepts the statement');
is(ref script(\'an error'), 'SCALAR', 'Slurm: an error is passed on');
# Without spank_chos, Slurm ignores $CHOS.
write_file($chos, "trixie\n");
$Globus::GRAM::JobManager::chosslurm::patience = 1;
for my $case (
    ["$help; echo '      --chosen=X'", qr/no spank_chos here.*chosctl batch enable slurm.*not started/],
    ['exit 1', qr/no spank_chos here/], ["$help; sleep 50", qr/has not answered in 1 seconds/],
    ['yes', qr/no spank_chos here/])
{
    my $began = time;
    write_sbatch($case->[0]);
    $refused = submit('slurm');
    is($refused->{result}, 'JOB_EXECUTION_FAILED', "Slurm without the plugin: $case->[0]");
    is($refused->{parent}, undef, 'Slurm: nothing is submitted');
    like($refused->{said}{GT3_FAILURE_MESSAGE} // '', $case->[1], 'Slurm: the reason');
    cmp_ok(time - $began, '<', 20, 'Slurm: it does not hang');
}
write_file($chos, "base\n");
ok(submit('slurm')->{parent}, 'Slurm: the base OS needs no plugin');
unlink $chos;
ok(submit('slurm')->{parent}, 'Slurm: nor does a job without a choice');
write_file($chos, "trixie\n");
unlink "$home/sbatch";
like(submit('slurm')->{said}{GT3_FAILURE_MESSAGE} // '', qr/cannot run .*sbatch/, 'Slurm: no sbatch');
unlink $chos;

# fork
{
    no warnings 'once';
    $Globus::GRAM::JobManager::chosfork::starter = write_starter("env >$home/saw; exit 0");
}
my $job = submit('fork', arguments => ['a  b', ''], environment => [['CHOS', 'bullseye']]);
is_deeply($job->{parent}{arguments}, ['--user-file', '--', '/bin/program', 'a  b', ''],
    'fork: the starter gets the program and its arguments');
is($job->{parent}{executable}, "$home/starter", 'fork: the starter is the executable');
is($job->{parent}{variables}{CHOS}, 'bullseye', 'fork: the variables of the description');
open my $saw, '<', "$home/saw" or die;
my @saw = grep { !/^(PWD|SHLVL|_|OLDPWD)=/ } <$saw>;
is_deeply(\@saw, ["CHOS=bullseye\n"], 'fork: the check has only the variables of the job');
is_deeply(submit('fork')->{parent}{variables}, {}, 'fork: the next job does not get them');
is((submit('fork', executable => 'program'))->{parent}{arguments}[2], "$home/program",
    'fork: a program without a directory');
is((submit('fork', executable => 'program', directory => 'below'))->{parent}{arguments}[2],
    "$home/below/program", 'fork: a directory below the home directory');
for my $case (
    ['echo no such OS >&2; exit 126', 'JOB_EXECUTION_FAILED', qr/^no such OS$/],
    ['exit 3', 'EXECUTABLE_NOT_FOUND'], ['exit 4', 'EXECUTABLE_PERMISSIONS'],
    ['kill -9 $$', 'JOB_EXECUTION_FAILED', qr/without a message/])
{
    write_starter($case->[0]);
    my $failed = submit('fork');
    is($failed->{result}, $case->[1], "fork: $case->[0]");
    is($failed->{parent}, undef, 'fork: nothing is submitted');
    like($failed->{said}{GT3_FAILURE_MESSAGE} // '', $case->[2] // qr/^$/, 'fork: the reason');
}
# An OS without /bin/sh cannot check the program; the job is submitted.
write_starter('exit 127');
ok(submit('fork')->{parent}, 'fork: an OS without a shell');
unlink "$home/starter";
like(submit('fork')->{said}{GT3_FAILURE_MESSAGE}, qr/cannot run .*starter/, 'fork: no starter');

# fork, with the real starter
{
    no warnings 'once';
    $Globus::GRAM::JobManager::chosfork::starter = $ARGV[0];
}
write_file($chos, "no-such-os\n");
like(submit('fork', environment => [['HOME', "$home"]])->{said}{GT3_FAILURE_MESSAGE},
    qr{\.chos names 'no-such-os', which is not in},
    'fork: the real starter refuses');
write_file($chos, "base\n");
ok(submit('fork', executable => '/bin/sh')->{parent}, 'fork: the real starter accepts the base OS');
is(submit('fork', executable => '/nothing')->{result}, 'EXECUTABLE_NOT_FOUND', 'fork: no program');

done_testing();
