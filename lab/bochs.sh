# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Bochs, for the emulators that use it (emulator-vmx.sh and emulator-svm-bochs.sh
# say which CPU): 3.0, which bochs-build makes, or, where that cannot be, Debian's
# 2.7. It provides what emulator-svm.sh lists.
# Slower than QEMU, but its CPUs have VMX and behave like hardware.
#
# Rules, each found by a failure:
#  - every way out is a PANIC with status 1, power-off too: only what dom0
#    wrote on the result disk says that a run went well. Xen restarts by a
#    triple fault, which ends the emulator;
#  - a disk's size must be a multiple of 16 heads by 63 sectors;
#  - clock: sync=none, or emulated time runs with the machine's;
#  - Debian's starts in its debugger: "c" from a file sets it going, and it reads
#    its standard input when the emulator ends: give it none;
#  - Debian's has no "nogui" display. Of those it has, "term" (curses, to nowhere)
#    costs nothing; "rfb" would listen on a TCP port, on all interfaces.
# shellcheck disable=SC2034,SC2154 # lab/run reads the first, sets the second

emulator_packages() { printf '%s\n' g++ make patch bochsbios vgabios; }

# bochs_built: where bochs-build puts what it makes; another name if it would
# make something else.
bochs_built() {
    echo "$cache_dir/bochs/$(cat "$lab_dir/bochs-build" "$lab_dir/bochs.patch" | sha256sum | head -c 16)"
}

emulator_fetch() {
    local failed=$cache_dir/bochs/failed
    if [ -x "$(bochs_built)" ]; then return; fi
    # A network that does not answer shall not be asked at every run.
    if [ -z "$(find "$failed" -mmin -60 2>/dev/null)" ]; then
        if "$lab_dir/bochs-build"; then return; fi
        touch "$failed"
    fi
    say "going on with Debian's Bochs 2.7: slower, and with its faults (lab/README.md)"
    install_tools bochs bochs-term
}

# 115,200 baud of the guest's time, some 20 kB/s of ours: a pipe takes 6 s.
emulator_stream=/dev/ttyS1
emulator_stream_wait=10
emulator_terminal=/dev/ttyS1
# ata0's slave; the master is what was booted from.
emulator_disk=0:0:1:0
emulator_dom0_mem=512M
# A second CPU costs half as much time again, even when it is idle. (It is not to be
# had of Debian's 2.7.)
emulator_smp=1

# xsave=0: Linux finds Bochs' XSAVE inconsistent. x2apic_phys=1: Xen BUGs with
# two CPUs otherwise. serial_tx_buffer: long dumps lose characters otherwise.
# edd=off: seconds of BIOS calls.
emulator_xen_words=" reboot=t serial_tx_buffer=512k xsave=0 x2apic_phys=1 edd=off"
emulator_dom0_words=" rodata=off swiotlb=512"
# dom0's self-tests of its ciphers and certificates take twenty seconds.
emulator_dom0_words+=" cryptomgr.notests"
emulator_dom0_words+=" initcall_blacklist=load_system_certificate_list,init_kprobe_trace,crypto_kdf108_init"
# What costs time and changes how Xen enters and leaves guests (not --stock).
emulator_fast_xen_words=" spec-ctrl=no xpti=no pv-l1tf=no"
emulator_fast_dom0_words=" mitigations=off"

bochs_cylinder=$((16 * 63 * 512))

# le32 NUMBER...: little-endian words.
le32() {
    local n
    for n; do
        # shellcheck disable=SC2059 # the format is the data
        printf "\\x$(printf '%02x' $((n & 255)))\\x$(printf '%02x' $((n >> 8 & 255)))"
        # shellcheck disable=SC2059
        printf "\\x$(printf '%02x' $((n >> 16 & 255)))\\x$(printf '%02x' $((n >> 24 & 255)))"
    done
}

# pad FILE SIZE: grown to a multiple of SIZE.
pad() { truncate -s "%$2" "$1"; }

# What the loader's table, bochs-loader.S, is made of.
bochs_begin_disk() { # DISK
    bochs_disk=$1
    if ! as --32 -o "$work/loader.o" "$lab_dir/bochs-loader.S" ||
        ! ld -m elf_i386 -Ttext=0x7c00 --oformat binary -o "$bochs_disk" "$work/loader.o"; then
        die "assembling lab/bochs-loader.S failed"
    fi
    : >"$work/table"
    truncate -s 1024 "$bochs_disk"
}

# bochs_load ADDRESS FILE: put it there.
bochs_load() {
    local address=$1 first sectors part
    first=$(($(stat -c %s "$bochs_disk") / 512))
    cat "$2" >>"$bochs_disk"
    pad "$bochs_disk" 512
    sectors=$(($(stat -c %s "$bochs_disk") / 512 - first))
    while [ $sectors -gt 0 ]; do
        part=$((sectors > 65536 ? 65536 : sectors))
        le32 "$address" $first $part 0 >>"$work/table"
        address=$((address + part * 512)) first=$((first + part)) sectors=$((sectors - part))
    done
}

bochs_end_disk() { # ENTRY MULTIBOOT-INFORMATION
    le32 "$1" "$2" 0 0 >>"$work/table"
    [ "$(stat -c %s "$work/table")" -le 512 ] || die "dom0 is too large for lab/bochs-loader.S's table"
    dd if="$work/table" of="$bochs_disk" bs=512 seek=1 conv=notrunc status=none
    pad "$bochs_disk" $bochs_cylinder
}

# bochs_multiboot XEN-WORDS, DOM0-WORDS, VMLINUX at, end, INITRD at, end: the
# multiboot information (multiboot 1, "Boot information format") to be loaded
# at 64 KiB: the header, two modules, then the texts.
bochs_info=65536
bochs_multiboot() {
    local modules=$((bochs_info + 128)) texts=$((bochs_info + 192))
    {
        # flags: command line, modules; mem_lower, mem_upper, boot_device,
        # cmdline, mods_count, mods_addr.
        le32 $((4 + 8)) 0 0 0 $texts 2 $modules
        head -c $((128 - 28)) /dev/zero
        le32 "$3" "$4" $((texts + 1024)) 0 "$5" "$6" 0 0
        head -c 32 /dev/zero
        printf '%s' "xen $1" | head -c 1023
    } >"$work/multiboot"
    truncate -s $((192 + 1024)) "$work/multiboot"
    printf '%s\0' "vmlinux $2" >>"$work/multiboot"
}

# bochs_make_disk MEGABYTES: the modules end where the memory does, but for the
# megabyte that the BIOS keeps: Xen would move them there.
bochs_make_disk() {
    local size at_initrd at_vmlinux offset address filesz
    size=$(stat -c %s "$lab_initrd")
    at_initrd=$(((($1 - 1) * 1048576 - size) & ~4095))
    at_vmlinux=$(((at_initrd - $(stat -c %s "$lab_vmlinux")) & ~4095))
    bochs_multiboot "$lab_xen_words" "$lab_dom0_words" \
        $at_vmlinux $((at_vmlinux + $(stat -c %s "$lab_vmlinux"))) $at_initrd $((at_initrd + size))
    # Xen's ELF file has one segment.
    read -r offset address filesz < <(readelf -lW "$lab_xen_elf" | awk '$1 == "LOAD" { print $2, $4, $5 }')
    tail -c +$((offset + 1)) "$lab_xen_elf" | head -c $((filesz)) >"$work/xen.data" || true
    bochs_begin_disk "$work/boot.disk"
    bochs_load $bochs_info "$work/multiboot"
    bochs_load $((address)) "$work/xen.data"
    bochs_load $at_vmlinux "$lab_vmlinux"
    bochs_load $at_initrd "$lab_initrd"
    bochs_end_disk $(($(readelf -hW "$lab_xen_elf" | awk '/Entry point/ { print $4 }'))) $bochs_info
}

# bochs_command MODEL
bochs_command() {
    local memory=1024 com2 display
    [ "$lab_icount" = no ] || die "--icount is QEMU's" "Bochs' TSC counts instructions anyway"
    if [ -n "$lab_stream" ]; then com2="mode=file, dev=\"$lab_stream\""; else com2="mode=term, dev=\"$(tty)\""; fi
    emulator=("$(bochs_built)")
    if [ -x "${emulator[0]}" ]; then
        display=nogui
        lab_dom0_words+=" lab_emulator=bochs-3.0"
    else
        display=term
        lab_dom0_words+=" lab_emulator=bochs-2.7"
        echo c >"$work/bochs.go"
        emulator=(env TERM=vt100 bochs -rc "$work/bochs.go")
    fi
    bochs_make_disk $memory
    pad "$lab_disk" $bochs_cylinder
    cat >"$work/bochsrc" <<END
config_interface: textconfig
display_library: $display
cpu: model=$1, count=$lab_smp, ips=50000000, reset_on_triple_fault=0, ignore_bad_msrs=1
memory: guest=$memory, host=$memory
romimage: file=/usr/share/bochs/BIOS-bochs-latest, options=fastboot
vgaromimage: file=/usr/share/vgabios/vgabios.bin
pci: enabled=1, chipset=i440fx
clock: sync=none, time0=utc
boot: disk
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=disk, mode=flat, path="$work/boot.disk"
ata0-slave: type=disk, mode=flat, path="$lab_disk"
com1: enabled=1, mode=file, dev="$lab_console"
com2: enabled=1, $com2
$([ $display = nogui ] || printf 'sound: driver=dummy\nspeaker: enabled=0\n')
mouse: enabled=0
panic: action=fatal
error: action=ignore
info: action=ignore
debug: action=ignore
END
    # Its memory, and what it keeps of decoded instructions, in huge pages, if the
    # kernel leaves that to programs: a tenth of the time.
    emulator=(env GLIBC_TUNABLES=glibc.malloc.hugetlb=1
        sh -c 'exec "$@" >/dev/null </dev/null' bochs "${emulator[@]}" -q -f "$work/bochsrc")
}
