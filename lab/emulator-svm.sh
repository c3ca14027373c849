# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# AMD-V, by QEMU's TCG. A file like this one is all that the lab knows of an
# emulator; it provides:
#   emulator_packages   prints the Debian packages to install on this machine,
#                       one a line
#   emulator_fetch      brings what else it needs, after these (lab/fetch)
#   emulator_stream     dom0's device for the script's output (write only)
#   emulator_stream_wait  how many seconds a full pipe takes to get there
#   emulator_terminal   dom0's device for the interactive shell (a terminal)
#   emulator_disk       dom0's device for the results (a raw disk), or its SCSI
#                       address
#   emulator_dom0_mem   dom0's memory
#   emulator_smp        how many CPUs, unless --smp says it
#   emulator_xen_words, emulator_dom0_words
#                       more for the two command lines, each word after a space
#   emulator_fast_xen_words, emulator_fast_dom0_words
#                       the same, but for --stock
#   emulator_command    sets the array "emulator" to the command that boots
#                       what the lab_* variables of lab/run describe
# shellcheck disable=SC2034,SC2154 # lab/run reads the first, sets the second
# shellcheck disable=SC2054 # the emulator's options have commas in them

emulator_packages() { echo qemu-system-x86; }
emulator_fetch() { :; }

emulator_xen_words=' reboot=k'
emulator_dom0_words=''
emulator_fast_xen_words=''
emulator_fast_dom0_words=''
emulator_dom0_mem=1024M
emulator_smp=2
# The second serial port would do for the stream as well, but each byte is a
# trap there: 20 kB/s.
emulator_stream=/dev/vport1p1
emulator_stream_wait=1
emulator_terminal=/dev/ttyS1
emulator_disk=/dev/vda

# What is switched off, and the failure that each one causes in QEMU 7.2:
#   monitor   #GP at Xen's MWAIT
#   smap      iret to CPL 3 makes supervisor accesses: a PV dom0 dies
#   rdtscp    wrong exit code: the guest is killed
#   xsave and everything that needs it: a Linux guest's FPU state goes bad
#             after a second or two
# The others are not emulated; naming them avoids a warning for each.
svm_model=EPYC,-smap,-monitor,-rdtscp,-rdseed,-sha-ni,-fxsr-opt,-misalignsse
svm_model+=,-3dnowprefetch,-osvw,-topoext,-nrip-save
svm_model+=,-xsavec,-xsave,-xsaveopt,-xgetbv1,-avx,-avx2,-f16c,-fma

emulator_command() {
    [ -z "$lab_model" ] || die "--model is Bochs'" "QEMU's is chosen in lab/emulator-svm.sh, with reasons"
    local accel=tcg,thread=multi,tb-size=512 smp=$lab_smp
    emulator=(qemu-system-x86_64 -nodefaults -no-user-config -no-reboot
        -display none -vga none -machine q35 -m 2048 -cpu "$svm_model")
    if [ "$lab_icount" = yes ]; then
        # The TSC counts instructions. So that a run repeats, the date is the
        # same each time, and so is what RDRAND answers.
        accel=tcg,thread=single,tb-size=512 smp=1
        emulator+=(-icount shift=0,sleep=off -rtc base=2026-01-01,clock=vm -seed 1)
    fi
    emulator+=(-accel "$accel" -smp "$smp"
        -kernel "$lab_xen_elf" -append "$lab_xen_words"
        -initrd "$lab_vmlinux $lab_dom0_words,$lab_initrd"
        -chardev "file,id=console,path=$lab_console" -serial chardev:console
        -drive "if=none,id=result,format=raw,cache=unsafe,file=$lab_disk"
        -device virtio-blk-pci,drive=result)
    if [ -n "$lab_stream" ]; then
        emulator+=(-chardev "file,id=stream,path=$lab_stream"
            -device virtio-serial-pci -device virtserialport,chardev=stream)
    else
        # signal=off: Ctrl-C belongs to the shell in dom0.
        emulator+=(-chardev stdio,id=terminal,mux=on,signal=off
            -serial chardev:terminal)
    fi
}
