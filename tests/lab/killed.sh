# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# A recorder killed with -9: the trace is readable up to its last whole packet,
# the tap stays, status explains, detach removes; the next recorder starts anew.

truth_ready 'loop=1'
idtap record -o "$OUT/killed" &
recorder=$!
xl unpause truth
sleep 3
idtap status >"$OUT/status"
grep -q "reader *process $recorder" "$OUT/status" ||
    fail "status does not know the recorder: $(cat "$OUT/status")"
grep -q 'reader .*confined: no capabilities' "$OUT/status" ||
    fail "the recorder is not confined: $(cat "$OUT/status")"
expect 1 idtap detach
said "process $recorder is recording"
kill -9 $recorder
wait $recorder
expect 0 idtap status
said 'reader *none: the recorder ended'

# What status says is true: losses grow now that nobody reads.
lossy() { [ "$(counters discards)" -gt 0 ]; }
wait_for 20 lossy || fail "the ring does not fill up"

# Readable: as it is, or after a repair that says what it cuts.
if ! idtap report -i "$OUT/killed" >"$OUT/report" 2>"$OUT/err"; then
    cat "$OUT/err"
    grep -q 'idtap repair' "$OUT/err" || fail "no word of repair"
    expect 0 idtap repair -i "$OUT/killed"
    expect 0 idtap report -i "$OUT/killed"
fi
grep -q truth "$OUT/report" || fail "the report knows nothing of the guest"

# A new recorder takes the tap over: from 0, without the old one's losses.
expect 0 idtap record --fail-on-loss -e inject -d truth -o "$OUT/next" -T 1
said 'nothing lost'
expect 0 idtap status
said 'records *nothing'
expect 0 idtap detach
destroy_guest truth
not_attached
