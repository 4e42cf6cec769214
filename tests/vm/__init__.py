# SPDX-License-Identifier: BSD-3-Clause
"""The VM test harness of chos: trees, kernels, images, machines, results.

Everything is Python 3 standard library.  What other parts of the tests use:

    import sys; sys.path.insert(0, "<checkout>/tests")
    from vm import kernels, qemu, initramfs

    k = kernels.get("6.1")        # "5.10", "6.1", "6.12", "newest" (or its version, "7.3")
    k.name                        # "6.1"
    k.release                     # "6.1.0-50-amd64", as uname -r says
    k.vmlinuz                     # Path of the kernel image
    k.modules_dir                 # Path of lib/modules/RELEASE of the linux-image package
    k.ko                          # Path of chos.ko for this kernel; built on first use
    k.modules(["ext4"])           # [(name, bytes)] in the order insmod needs, decompressed

    payload = initramfs.base()    # busybox and its applets, /init not set
    payload.file("/init", text, 0o755)
    payload.file("/lib/chos/chos.ko", k.ko)
    run = qemu.boot(k, payload.build(), label="bench", append="chostest.scale=1",
                    icount=True, smp=1, on_line=print)
    run.lines                     # what the guest wrote to /dev/ttyS1
    run.console                   # Path of the console log (ttyS0)
    run.ended                     # "exit" | "silent" (no line for `silence` seconds) | "timeout"

The whole of it needs root (mmdebstrap, chroot, private mount namespaces) and never touches
the running system's mounts or kernel.
"""
