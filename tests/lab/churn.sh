# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Guests come and go while everything is recorded and all their exceptions are
# intercepted: created, paused, crashed, destroyed in the middle of it. Each of those
# that end by themselves gets what it raises, and the trace has as many
# (tests/lab/verify holds it against each guest's own counts).
#
# expect-console: [Tt]riple fault - invoking HVM shutdown action

simple=ud,de-zero,bp,db-step,gp-rdmsr,pf-write,ipi-self,timer-oneshot,event-self
what=all
! amd || what=all,swint

# What Xen and dom0 allocate once, and keep.
truth_ready "repeat=1 cases=$simple"
expect 0 idtap record -T 1 -o /tmp/first -- \
    sh -c '. /lab/lib.sh; xl unpause truth; wait_for 100 _gone truth'
rm -rf /tmp/first
not_attached
sum=$(textsum) || fail "no checksum of Xen's text"
free=$(memory_settled) || fail "Xen's free memory does not settle"

recorder_begins --fail-on-loss -e exception,swint,lapic,inject --intercept $what \
    --ring 4M -o "$OUT/trace"

# They come and go.
guests=$(much 15 3 100 100) n=0 begin=$(cut -d. -f1 /proc/uptime)
while [ $((n += 1)) -le "$guests" ]; do
    if [ $((n % 3)) -eq 0 ]; then
        # Gone in the middle of it, some of them while they are paused.
        truth_ready "loop=1 repeat=5 cases=$simple"
        xl unpause truth
        sleep "0.$(random 5)"
        [ $((n % 2)) -eq 0 ] || xl pause truth
        destroy_guest truth || fail "$n: cannot destroy the guest"
    else
        truth_ready "repeat=5 cases=$simple"
        id=$(xl domid truth)
        truth_run
        cp "$(guest_console truth)" "$OUT/trace.truth-d$id"
    fi
done
echo "$guests guests in $(($(cut -d. -f1 /proc/uptime) - begin)) s"

# Crashes.
for how in '' triple; do
    xl create -q /guests/ends.cfg "cmdline=\"$how\"" >/dev/null 2>&1 ||
        fail "cannot create ends"
    wait_for 20 _gone ends || fail "ends does not end"
done
recorder_ends

# Nothing of theirs, or ours, is left in Xen, but for a page or two that it keeps of each
# of the first five guests, tap or not.
few_pages_lost "$free" $((guests + 6))
same_text "$sum"
