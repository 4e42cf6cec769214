#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The OS of a job on both nodes: by option, by $CHOS, by default; with each --export option; the record that
# an administrator sees.
. "${0%/*}/slurm-lib.sh"
cluster
job 0 alice srun --help
says "--chos=OS"
everywhere=(node1 $second)
both="-N ${#everywhere[@]}"

job 0 alice srun $both --chos=trixie sh -c "$probe"
tells trixie "${everywhere[@]}"
job 0 alice CHOS=bullseye srun $both sh -c "$probe"
tells bullseye "${everywhere[@]}"
job 0 alice CHOS=bullseye srun $both --chos=trixie sh -c "$probe"
tells trixie "${everywhere[@]}"
job 0 alice CHOS=bullseye srun $both --chos=base sh -c "$probe"
tells base "${everywhere[@]}"
job 0 alice srun $both sh -c "CHOS=\${CHOS-base}; $probe"
tells base "${everywhere[@]}"
job 0 alice CHOS=trixie srun --export=NONE /bin/sh -c "$probe"
tells trixie

# sbatch: $CHOS with each form of --export.
batch -- --chos=trixie "$probe"
tells trixie
batch CHOS=bullseye -- "$probe"
tells bullseye
batch CHOS=bullseye -- --chos=trixie --export=NONE "$probe"
tells trixie
batch CHOS=bullseye -- --export=NONE "$probe"
tells bullseye
batch CHOS=bullseye -- --export=ALL,X=1 "$probe; [ \$X = 1 ]"
tells bullseye
batch CHOS=bullseye -- --export=ALL,CHOS=trixie "$probe"
tells trixie
job 0 alice scontrol show job "$(squeue -h -t all -S -i -o %i | head -n 1)"
says "AdminComment=chos=trixie"

# The name is checked before the job is submitted.
jobs=$(squeue -h -t all | wc -l)
job 1 alice srun --chos=sarge true
says "--chos names 'sarge', which is not in /etc/chos (you may enter: trixie, bullseye and base)"
job 1 alice sbatch --chos=sarge --wrap true
says "nothing was submitted"
job 1 alice CHOS=sarge salloc true
says "\$CHOS names 'sarge'"
equal "$(squeue -h -t all | wc -l)" "$jobs" "jobs"

# The site's default is taken from the node that runs the job.
allowlist trixie:/os/trixie bullseye:/os/bullseye default:/os/bullseye
to_second /etc/chos
on_both chosctl reload >$output 2>&1 || fail "chosctl reload"
job 0 alice srun $both sh -c "$probe"
tells bullseye "${everywhere[@]}"
job 0 alice srun $both --chos=base sh -c "$probe"
tells base "${everywhere[@]}"
finished
