# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Overload: a ring of two small packets. Without a reader, what was recorded
# and what was dropped add up to what happened; with one, the trace says so.

expect 0 idtap attach --ring 8K --packet 4K
truth_ready
expect 0 idtap filter -e inject -d truth
truth_run
records=$(counters records)
discards=$(counters discards)
happened=$(truth_sum injected)
echo "no reader: $records recorded, $discards dropped, $happened happened"
[ "$discards" -gt 0 ] || fail "nothing was dropped: no overload"
[ $((records + discards)) -eq "$happened" ] ||
    fail "$records recorded + $discards dropped is not $happened"

# The next recorder begins at 0 whatever the last one left.
truth_ready
expect 0 idtap record -o "$OUT/trace-small" -e inject -d truth -- \
    sh -c '. /lab/lib.sh; xl unpause truth; wait_for 100 _gone truth'
truth_verdict
cp "$(guest_console truth)" "$OUT/trace-small.truth-total"
expect 0 idtap detach
not_attached
