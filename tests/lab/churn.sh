# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Guests come and go while everything is recorded and all their exceptions are
# intercepted: created, paused, saved, restored, crashed, destroyed in the middle
# of it. Each of those that end by themselves gets what it raises, and the trace
# has as many (tests/lab/verify holds it against each guest's own counts).
#
# expect-console: [Tt]riple fault - invoking HVM shutdown action
# shellcheck source=/dev/null
. /tests/linux_guest.sh

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
_settled() { [ "$(domain_free_memory)" = "$free" ] || ! free=$(domain_free_memory); }
free=0
wait_for 10 _settled || fail "Xen's free memory does not settle"

idtap record --fail-on-loss -e exception,swint,lapic,inject --intercept $what \
    --ring 4M -o "$OUT/trace" >"$OUT/said" 2>&1 &
recorder=$!
wait_for 40 sh -c "idtap status | grep -q 'reader *process'" || fail "no recorder"

# They come and go.
guests=$(much 15 8 100) n=0 begin=$(cut -d. -f1 /proc/uptime)
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
ends_gone() { ! xl domid ends; }
for how in '' triple; do
    xl create -q /guests/ends.cfg "cmdline=\"$how\"" >/dev/null 2>&1 ||
        fail "cannot create ends"
    wait_for 20 ends_gone || fail "ends does not end"
done

stop_recorder() {
    kill -0 $recorder || fail "the recorder ended: $(cat "$OUT/said")"
    kill -INT $recorder
    wait $recorder || fail "the recorder: status $?: $(cat "$OUT/said")"
    cat "$OUT/said"
    not_attached
}
stop_recorder

# A Linux guest at work, intercepted, is paused, saved, and restored as another
# domain.
linux_ready linux
xl unpause linux
wait_for 120 grep -q 'load: cycle' "$(guest_console linux)" || linux_dead linux
idtap record -e exception,inject --intercept $what --ring 4M \
    -o /tmp/linux-trace >"$OUT/said" 2>&1 &
recorder=$!
wait_for 40 sh -c "idtap status | grep -q 'reader *process'" || fail "no recorder"
for _ in 1 2 3; do
    xl pause linux || fail pause
    sleep 0.2
    xl unpause linux || fail unpause
done
linux_at_work linux 60
for _ in 1 2; do
    old=$(xl domid linux)
    expect 0 xl save linux /tmp/linux.save
    xl domid linux >/dev/null 2>&1 && fail "it is still there"
    expect 0 xl restore /tmp/linux.save
    rm /tmp/linux.save
    new=$(xl domid linux)
    linux_at_work linux 60
    echo "restored: d$old is d$new"
done
stop_recorder
destroy_guest linux
for id in "$old" "$new"; do
    idtap script -i /tmp/linux-trace -e exception -d "$id" | grep -q intercepted ||
        fail "nothing of d$id was intercepted"
done
rm -rf /tmp/linux-trace

# Nothing of theirs, or ours, is left in Xen.
few_pages_lost "$free" "$guests"
same_text "$sum"
