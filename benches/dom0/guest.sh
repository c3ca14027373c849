#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Runs in dom0, where the TSC counts instructions: what whole guests cost, by
# Xen's account of the time that their vCPUs ran, untapped and tapped; what
# attaching and detaching takes, and how long Xen keeps its CPUs parked for it;
# how much memory tap and recorder take.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. /bench/lib.sh

# Without those of a failed delivery: this emulator's frames of INT n then need it
# to be intercepted, too (docs/interception.md).
failing=bp-pf,int-gp-beyond,int-gp-code32,int-gp-data,int-gp-null,int-np-code,int-pf,int-pf-idt,int-ss,int-ts
TRUTH="cases=all without=$failing repeat=40"

# run NAME: the guest from its beginning to its end; prints nothing.
run() {
    xl unpause "$1"
    wait_for 100 xl_over "$1"
}

# guest NAME STATE CONFIG WORDS [OPTIONS of idtap record]: how long it ran. A guest
# of which the emulator got something wrong (lab/README.md) is run again.
once() {
    rm -f "$(guest_console "$_guest")"
    xl create -q -p "$_config" "cmdline=\"$_words\"" 'vcpus=1' 'cpus="all"' \
        'on_poweroff="preserve"' >/dev/null 2>&1 || fail "no guest $_guest"
    if [ $# -gt 0 ]; then
        # The recorder is the parent of what it runs.
        recording "$_guest-$_state" "$@" -- sh -c \
            ". /bench/lib.sh; xl unpause $_guest; wait_for 100 xl_over $_guest &&
             sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' /proc/\$PPID/status >/tmp/hwm"
    else
        run "$_guest"
    fi
    grep -q SUCCESS "$(guest_console "$_guest")"
}
guest() {
    _guest=$1 _state=$2 _config=$3 _words=$4 _tries=1
    shift 4
    while ! once "$@"; do
        echo "$_guest $_state: $(grep -E 'mismatch|FAILURE' "$(guest_console "$_guest")")"
        [ $((_tries += 1)) -le 3 ] || fail "$_guest $_state, three times"
        destroy_guest "$_guest"
        rm -rf "/tmp/trace-$_guest-$_state"
    done
    [ $# -eq 0 ] || number "record $_guest $_state" "$(cat /tmp/hwm)" \
        "$(du -k "/tmp/trace-$_guest-$_state" | tail -n 1 | cut -f 1)"
    rm -rf "/tmp/trace-$_guest-$_state"
    number "ran $_guest $_state" "$(/bench/programs/domtime "$(xl domid "$_guest")")"
    destroy_guest "$_guest"
}

truth() {
    _as=$1
    shift
    guest truth "$_as" /guests/truth.cfg "$TRUTH" "$@"
}
linux() {
    _as=$1
    shift
    guest linux "$_as" /guests/linux.cfg "$(sed -n 's/^cmdline = "\(.*\)"/\1/p' /guests/linux.cfg |
        sed 's/load.cycles=0/load.cycles=1/')" "$@"
}

# timed NAME COMMAND...: how far the TSC went.
timed() {
    _what=$1
    shift
    /bench/programs/stopwatch /tmp/watch "$@" >/tmp/out 2>&1 || fail "$_what: $(cat /tmp/out)"
    number "took $_what" "$(cat /tmp/watch)"
}

xl sched-credit2 -d Domain-0 -w 8192

echo "untapped"
truth untapped
truth untapped-again
linux untapped

echo "attach and detach"
patch upload window "/bench/payloads/window-$id.o" || fail "window: $(cat /tmp/patch)"
patch apply window || fail "window: $(cat /tmp/patch)"
for _n in 1 2 3; do
    patch upload harmless "/bench/payloads/harmless-$id.o" || fail "harmless: $(cat /tmp/patch)"
    patch apply harmless --nodeps || fail "harmless: $(cat /tmp/patch)"
    patch revert harmless || fail "harmless: $(cat /tmp/patch)"
    patch unload harmless || fail "harmless: $(cat /tmp/patch)"
    timed "attach $_n" idtap attach
    timed "detach $_n" idtap detach
done
xl dmesg -c >/dev/null
patch revert window || fail "window: $(cat /tmp/patch)"
patch unload window || fail "window: $(cat /tmp/patch)"
xen_said parked

echo "memory"
number 'memory before' "$(domain_free_memory)"
idtap attach >/dev/null || fail attach
number 'memory attached' "$(domain_free_memory)"
idtap detach >/dev/null || fail detach
number 'memory detached' "$(domain_free_memory)"

echo "tapped"
# Nothing shall be lost, though recorder and guest share a CPU.
idtap attach --ring 8M >/dev/null || fail attach
truth idle
linux idle
truth recording -d truth
linux recording -d linux
truth intercepting -e nmi --intercept truth=all
linux intercepting -e nmi --intercept linux=all
truth all -d truth --intercept truth=all
idtap detach >/dev/null || fail detach
echo "done"
