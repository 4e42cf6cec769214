# SPDX-License-Identifier: BSD-3-Clause
"""The test harness of chos: the programs behind tests/run and tests/demo, and the cases that run in VMs.

It uses only the standard library of Python.  It needs root, for mmdebstrap, chroot and private mount
namespaces, and never touches the mounts or the kernel of the running system.

Commands
    bootstrap.sh    sourced by tests/run and tests/demo: becomes root and installs Python
    main.py         the command line of tests/run
    suites.py       the parts of tests/run: unit tests, checks of the sources, cases in VMs
    rooms.py        checks the includes against the rules of ARCHITECTURE.md (tested by rooms_test.py)
    fuzz.py         libFuzzer over the parsers
    campaign.py     tests/run debug: the kernel cases on kernels with detectors
    builders.py     kills `chosctl os add` while a builder works for it (builders.sh)
    bench.py        measures the cost of chos in guest instructions
    demo.py         tests/demo; its steps are in demo_steps.py, its sessions in sessions.py

Running cases
    cases.py        boots machines until each case has an outcome; the cases of the kernel and the node
    daemons.py      the cases with daemons: groups of cases, and the nodes on which they run
    kernel_reports.py  the reports of detectors in a console log (tested by kernel_reports_test.py)
    results.py      outcomes, and the report
    qemu.py         boots a virtual machine and reads its reports

What a machine is made of
    kernels.py      the kernels, and chos.ko built for each of them
    debug_kernels.py  kernels with detectors, built from Debian's sources, and chos.ko for them
    trees.py        Debian trees made by mmdebstrap
    sources.py      OSs made by `chosctl os add` from every kind of source
    small_tree.py   images of a small tree with busybox
    image.py        disk images made from trees
    initramfs.py    initial RAM file systems
    node.py         the disks and the initramfs of the node VM
    guest.py        builds chos-guest, the program of the kernel cases
    tools.py        builds the tools, and installs them into a folder

This machine
    cache.py        the cache, in which everything is kept by content
    host.py         installs missing packages
    mirror.py       the Debian mirror of this machine's apt
    progress.py     progress lines, commands that report progress, jobs in parallel; the class Failure

Cases (`tests/run vm 6.1 nothing` prints the names of all)
    guest/          the kernel cases, in C++: one program, chos-guest
    debug/          cases that need a kernel with detectors, the options of such kernels, and a module's
                    mistakes on purpose
    node/           scripts for the node, in a VM without systemd; lib.sh is the base of all scripts
    login/ slurm/ mpi/ accounting/ sge/ globus/ condor/ sources/ server/ reboot/ diskless/ scale/
                    scripts for the groups of daemons.py.  lib.sh: what the cases of the group share;
                    set-up.sh: what boot/daemon-runner sources before the first case
    boot/           init programs, runners of cases, and systemd units of the VMs

How another part of the tests boots a machine:

    import sys; sys.path.insert(0, "<checkout>/tests")
    from vm import kernels, qemu, initramfs

    k = kernels.get("6.1")        # "5.10", "6.1", "6.12", "newest" (or its version, "7.3")
    k.name                        # "6.1"
    k.release                     # "6.1.0-50-amd64", as `uname -r` prints it
    k.vmlinuz                     # Path of the kernel image
    k.modules_dir                 # Path of lib/modules/RELEASE of the linux-image package
    k.ko                          # Path of chos.ko for this kernel; built on first use
    k.modules(["ext4"])           # [(name, bytes)] in the order that insmod needs, decompressed

    payload = initramfs.base()    # busybox and its applets; it has no /init
    payload.file("/init", text, 0o755)
    payload.file("/lib/chos/chos.ko", k.ko)
    run = qemu.boot(k, payload.build(), label="bench", append="chostest.scale=1",
                    icount=True, smp=1, on_line=print)
    run.lines                     # the lines that the guest wrote to /dev/ttyS1
    run.console                   # Path of the console log (ttyS0)
    run.ended                     # "exit" | "silent" (no line for `silence` seconds) | "timeout"
"""
