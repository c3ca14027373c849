# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# The flight recorder: nothing is written until something happens, then the
# newest packets are, all of them, and nothing is missing in between.
#
# expect-console: [Tt]riple fault - invoking HVM shutdown action

# landed STATUS PATTERN: it ended so, and said that.
landed() {
    wait $recorder
    status=$?
    cat "$OUT/said"
    [ $status -eq "$1" ] || fail "status $status, not $1"
    grep -qE -- "$2" "$OUT/said" || fail "it did not say: $2"
    not_attached
}

# Nothing is overwritten in a ring that is large enough: every event, exactly.
truth_ready
idtap record -o "$OUT/trace-all" --flight 8M -d truth -e inject,exception,lapic \
    >"$OUT/said" 2>&1 &
recorder=$!
wait_for 40 sh -c "idtap status | grep -q 'inject'" || fail "it does not begin"
truth_run
[ -e "$OUT/trace-all/metadata" ] && fail "it wrote before the trigger"
expect 0 idtap trigger "enough seen"
landed 0 'triggered: enough seen'
cp "$(guest_console truth)" "$OUT/trace-all.truth"
expect 0 sh -c "idtap script -i '$OUT/trace-all' | grep ' meta '"
said 'trigger +.*enough seen'

# A small ring, overwritten many times: what is left is whole and of the end.
truth_loop
idtap record -o "$OUT/trace-last" --flight 64K >"$OUT/said" 2>&1 &
recorder=$!
wait_for 40 sh -c "idtap status | grep -q 'softirq'" || fail "it does not begin"
overwritten() { [ "$(counters packets)" -gt 64 ]; }
wait_for 30 overwritten || fail "only $(counters packets) packets: nothing was overwritten"
before=$(counters discards)
kill -USR1 $recorder
landed 0 'triggered: by hand'
[ "$before" -eq 0 ] || fail "$before records were dropped"
expect 0 idtap report -i "$OUT/trace-last" --fail-on-loss
said '^Lost +none'
said 'truth'
# 8 packets of 8 KiB a ring: seven of each are whole; an idle CPU has fewer.
bytes=$(cat "$OUT/trace-last"/cpu* | wc -c)
[ "$bytes" -ge 57344 ] && [ "$bytes" -le 114688 ] || fail "$bytes bytes saved"
rm -rf "$OUT/trace-part"
idtap record -o "$OUT/trace-part" --flight 16K --ring 128K --packet 4K \
    >"$OUT/said" 2>&1 &
recorder=$!
wait_for 40 sh -c "idtap status | grep -q 'softirq'" || fail "it does not begin"
sleep 2
expect 0 idtap trigger
landed 0 'saved [1-8] packets'
destroy_guest truth

# A guest crashes; one triple-faults; their last exits are in the trace.
idtap record -o "$OUT/trace-crash" --flight 256K -d ends,idle,0 >"$OUT/said" 2>&1 &
recorder=$!
wait $recorder
grep -q "no domain is called 'ends'" "$OUT/said" || fail "$(cat "$OUT/said")"
idtap record -o "$OUT/trace-crash" --flight 256K >"$OUT/said" 2>&1 &
recorder=$!
wait_for 40 sh -c "idtap status | grep -q 'softirq'" || fail "it does not begin"
xl create -q /guests/ends.cfg >/dev/null 2>&1
landed 0 'triggered: guest d[0-9]* \(ends\) crashed'
expect 0 idtap script -i "$OUT/trace-crash" -e exit
said 'd[0-9]+v0.*CPUID'
expect 0 sh -c "idtap script -i '$OUT/trace-crash' | grep ' meta '"
said 'trigger +.*crashed'
expect 0 idtap report -i "$OUT/trace-crash" --fail-on-loss

idtap record -o "$OUT/trace-triple" --flight 256K >"$OUT/said" 2>&1 &
recorder=$!
wait_for 40 sh -c "idtap status | grep -q 'softirq'" || fail "it does not begin"
xl create -q /guests/ends.cfg 'cmdline="triple"' >/dev/null 2>&1
landed 0 'triggered: guest d[0-9]* \(ends\) triple-faulted'
expect 0 idtap script -i "$OUT/trace-triple" -e exit
said 'SHUTDOWN|TRIPLE_FAULT'

# A rule; and going on afterwards, for the next time.
truth_ready 'loop=1 rest=20 repeat=20 cases=event-self' vcpus=1
idtap record -o "$OUT/kept" --flight 64K --flight-keep -d truth \
    --trigger 'class=lapic vector=0xf3 rate>5/s' >"$OUT/said" 2>&1 &
recorder=$!
wait_for 40 sh -c "idtap status | grep -q 'softirq'" || fail "it does not begin"
xl unpause truth
wait_for 40 test -e "$OUT/kept/snapshot-0002/metadata" ||
    fail "no second trace: $(cat "$OUT/said")"
destroy_guest truth
kill -INT $recorder
landed 0 'triggered: class=lapic vector=0xf3 rate>5/s: rate .*/s on CPU [01]'
expect 0 sh -c "idtap script -i '$OUT/kept/snapshot-0001' | grep ' meta '"
said 'trigger'
expect 0 idtap script -i "$OUT/kept/snapshot-0002"

# Nothing happens: nothing is left.
expect 0 idtap record -o "$OUT/nothing" --flight 64K -T 1
said 'nothing happened'
[ -e "$OUT/nothing" ] && fail "it left a directory"
expect 1 idtap trigger
said 'no flight recorder'

# Killed: its rings go on overwriting; the next recorder begins anew with them.
truth_loop
idtap record -o "$OUT/killed" --flight 64K >/dev/null 2>&1 &
recorder=$!
wait_for 40 sh -c "idtap status | grep -q 'softirq'" || fail "it does not begin"
sleep 2
kill -9 $recorder
wait $recorder
destroy_guest truth
expect 0 idtap record --fail-on-loss -o "$OUT/trace-next" -e softirq -d 0 -T 1
said 'nothing lost'
expect 0 idtap detach
not_attached
