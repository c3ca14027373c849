#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The demonstration's part in dom0: two guests at work, one recording of both,
# one report. Lines that begin with "demo: " are progress.

. /lab/lib.sh
step() { echo "demo: $*"; }
die() { echo "demo-failed: $*"; exit 1; }

xl sched-credit2 -d Domain-0 -w 8192

step "creating a Linux guest (timers, page faults, signals, IPC)"
create_guest linux /guests/linux.cfg || die "the Linux guest cannot be created"
wait_for 40 grep -q 'load: cycle' "$(guest_console linux)" ||
    die "the Linux guest does not begin to work"

# succeeds: the truth guest does what it does while all is recorded.
succeeds() {
    step "creating the truth guest, 2 vCPUs (raises known vectors, counts them)"
    rm -rf /out/trace "$(guest_console truth)"
    xl create -q -p /guests/truth.cfg >/dev/null 2>&1 ||
        die "the truth guest cannot be created"

    step "recording: attach to the running Xen, record both guests, detach"
    idtap record --ring 8M -o /out/trace -- sh -c '
        . /lab/lib.sh
        xl unpause truth
        wait_for 60 _gone truth
        sleep 3' || die "idtap record ended with status $?"
    idtap status | grep -q '^tap  *detached' || die "the tap is still there"
    grep -q 'truth: SUCCESS' "$(guest_console truth)"
}
# An emulator may deliver an injected event twice (docs/limits.md, "Emulators").
if ! succeeds; then
    grep FAILURE "$(guest_console truth)"
    step "the truth guest did not succeed, as in emulators it may; once more"
    destroy_guest truth
    succeeds || die "the truth guest did not succeed"
fi
cp "$(guest_console truth)" /out/truth.log

before=$(grep -c 'load: cycle' "$(guest_console linux)")
more() { [ "$(grep -c 'load: cycle' "$(guest_console linux)")" -gt "$before" ]; }
wait_for 20 more || die "the Linux guest did not survive the recording"
step "both guests went on; the Linux guest still does its work"
