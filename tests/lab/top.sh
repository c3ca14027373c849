# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Seeing things live: top shows what the guest does and leaves nothing behind;
# alerts fire and are over, in top and while recording.

truth_loop 'rest=20 repeat=20 cases=event-self,gp-rdmsr'
domid=$(xl domid truth)

expect 0 idtap top -b -n 4 -s 500ms
said "^d$domid \(truth\) +lapic +0xf3 "
said "^d$domid \(truth\) +exit +[A-Z]"
said '^Xen \(idle\)|^d0 \(Domain-0\)'
said 'nothing lost'
[ "$(grep -c '^idtap top' "$OUT/last")" -eq 4 ] || fail "not four pages"
not_attached

# Only what was asked for; sorted; a tap that is there stays.
expect 0 idtap attach
expect 0 idtap top -b -n 2 -s 300ms -e lapic -d truth --vector 0xf3 --sort p99
said "^d$domid \(truth\) +lapic +0xf3 "
grep -qE ' (exit|irq|softirq|nmi|inject) +' "$OUT/last" && fail "more than was asked for"
expect 1 idtap top -b -n 1 --payload /nonexistent -i /nonexistent
expect 0 idtap status
said '^tap +attached'
expect 0 idtap detach
not_attached

# dom0 is a PV guest: what it raises, what it is told of, and after how long.
expect 0 idtap top -b -n 2 -s 500ms -e pv-trap,pv-upcall,evtchn -d 0 \
    --alert 'kind=virq,ipi,interdomain domain=0 count>0 max>0ns'
said '^d0 \(Domain-0\) +pv-trap +0x[0-9a-f]+ #'
said '^d0 \(Domain-0\) +pv-upcall event '
said '^d0 \(Domain-0\) +evtchn +port [0-9]+ .* [0-9.]+ (ns|us|ms) .* -$'
said "^idtap: alert: .*kind=virq,ipi,interdomain.* d0 .*max "
not_attached

# One reader at a time; a signal ends it, and detaches.
idtap top -b -s 200ms >"$OUT/pages" 2>&1 &
top=$!
wait_for 40 grep -q truth "$OUT/pages" || fail "no page: $(cat "$OUT/pages")"
expect 1 idtap record -o "$OUT/second" -T 1
said "process $top is recording already \(idtap top\)"
kill -TERM $top
wait $top || fail "top ended with status $?"
not_attached

# A guest that comes and one that goes, by their names.
idtap top -b -s 300ms -e exit,lapic >"$OUT/pages" 2>&1 &
top=$!
wait_for 40 grep -q "^d$domid (truth)" "$OUT/pages" || fail "no truth"
destroy_guest truth
# It lives for some milliseconds: too short to be asked for its name.
xl create -q -p /guests/ends.cfg >/dev/null 2>&1 || fail "cannot create ends"
sleep 1
xl unpause ends
wait_for 40 grep -q "(ends)" "$OUT/pages" || fail "no guest ends: $(tail -n 20 "$OUT/pages")"
truth_loop 'rest=20 repeat=20 cases=event-self,gp-rdmsr'
again=$(xl domid truth)
wait_for 40 grep -q "^d$again (truth)" "$OUT/pages" || fail "no new truth"
kill -INT $top
wait $top || fail "top ended with status $?"
not_attached

# Alerts: on, and over when the guest is gone.
# shellcheck disable=SC2016 # the command's own variables
idtap record -o "$OUT/trace-alert" -d truth -e inject,lapic --fail-on-loss \
    --alert 'domain=truth class=lapic vector=0xf3 rate>5/s' \
    --alert-run 'echo "$IDTAP_ALERT_STATE $IDTAP_ALERT_DOMAIN_NAME $IDTAP_ALERT_VALUE"' \
    >"$OUT/alerts" 2>&1 &
recorder=$!
wait_for 40 grep -q '^fired truth [1-9]' "$OUT/alerts" ||
    fail "nothing fired: $(cat "$OUT/alerts")"
destroy_guest truth
wait_for 40 grep -q '^over truth' "$OUT/alerts" ||
    fail "it is not over: $(cat "$OUT/alerts")"
kill -INT $recorder
wait $recorder || fail "record ended with status $?: $(cat "$OUT/alerts")"
cat "$OUT/alerts"
grep -q "^idtap: alert: .* d$again (truth): rate" "$OUT/alerts" || fail "not said"
expect 0 sh -c "idtap script -i '$OUT/trace-alert' | grep ' meta '"
said 'trigger.*alert: '
expect 2 idtap record --alert 'vektor=nmi rate>1'
said "'vektor' is unknown; did you mean 'vector'"
not_attached
