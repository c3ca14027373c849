# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Functions for scripts that run in the lab's dom0: ". /lab/lib.sh". POSIX sh on
# busybox; every wait has a limit; functions return non-zero and say why on
# stderr, they never exit.
#
# How to configure guests here, so that what fails is not the emulator:
#   type = "pvh"            no device model is there
#   tsc_mode = "native"     else every RDTSC is an exit, and time drifts
#   vcpus = 1, cpus = "1"   for Linux: dom0 is pinned to pCPU 0, and Linux with
#                           two vCPUs mostly dies in the emulator. Small guests
#                           of one's own may have more vCPUs.
# /guests/vmlinuz-cloud is a Linux kernel for PVH guests; linux_initrd makes a
# root for it; watch a Linux guest for 20 s before you call it healthy.

# wait_for SECONDS COMMAND...: true as soon as COMMAND is. On a slow emulator,
# COMMAND and its guests share one CPU, and a process start is 50 ms of it: there
# it is asked less often.
case $(cat /proc/cmdline) in
*lab_emulator=bochs*) _pause=1.5 ;;
*) _pause=0.1 ;;
esac
_uptime() { read -r _now _ </proc/uptime && _now=${_now%.*}; }
wait_for() {
    _limit=$1
    shift
    _uptime
    _end=$((_now + _limit))
    until "$@" >/dev/null 2>&1; do
        _uptime
        if [ "$_now" -ge "$_end" ]; then
            echo "waited $_limit s in vain for: $*" >&2
            return 1
        fi
        sleep $_pause
    done
}

# domain_free_memory: what Xen has to give to domains and to itself, in KiB,
# exact to the page. "xl info" has MiB only, so this asks by debug key and
# reads Xen's console: nine lines more in it for each call. A destroyed
# guest's memory comes back a little after it is gone; see wait_for.
domain_free_memory() {
    xl debug-keys m && xl dmesg | awk '
        /\(XEN\) Physical memory information:/ { sum = 0; seen = 0 }
        /\(XEN\) +(Xen|Dom) heap: [0-9]+kB free/ { sub(/kB$/, "", $(NF - 1)); sum += $(NF - 1); seen = 1 }
        END { if (!seen) exit 1; print sum }'
}

# guest_console NAME: the path of its console's log (it appears when the guest
# first says something; xenconsoled appends when a name is used again).
guest_console() { echo "/var/log/xen/console/guest-$1.log"; }

# create_guest NAME CONFIG-FILE: created and running when this returns. Where
# there is only one CPU, a configuration's "cpus" does not count.
create_guest() {
    set -- "$2" "name='$1'"
    [ "$(xl info nr_cpus)" -gt 1 ] || set -- "$@" "cpus='all'"
    _said=$(xl create -q "$@" 2>&1)
    _status=$?
    # xl says this of every configuration that names tsc_mode in words.
    printf '%s\n' "$_said" | grep -v -e '^got a tsc mode string' -e '^$' >&2
    return $_status
}

_gone() { ! xl domid "$1"; }

# destroy_guest NAME: gone when this returns; none of that name is no error.
destroy_guest() {
    _gone "$1" >/dev/null 2>&1 && return
    xl destroy "$1" && wait_for 10 _gone "$1"
}

# linux_initrd FILE INIT: a root for a Linux guest, busybox with all its names
# and INIT, a file, as its /init; /proc, /sys and /dev exist, unmounted.
linux_initrd() {
    _root=$(mktemp -d) || return
    mkdir -p "$_root/bin" "$_root/proc" "$_root/sys" "$_root/dev" "$_root/tmp" &&
        cp /bin/busybox "$_root/bin/" && busybox --install -s "$_root/bin" &&
        cp "$2" "$_root/init" && chmod +x "$_root/init" &&
        (cd "$_root" && find . | cpio -o -H newc 2>/dev/null) >"$1"
    _status=$?
    rm -rf "$_root"
    return $_status
}
