# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# All exceptions of the truth guest intercepted and given back: what it observes
# is what it observes without; a guest beside it that is not intercepted has no
# exit more; and when the recorder goes, however it goes, interception goes.

digests() { grep -E '^truth: (digest|case|count)' "$1" | sort; }

# The same guest without the tap, with the tap but no interception, with.
truth_ready
truth_run
cp "$(guest_console truth)" "$OUT/untapped"

truth_ready
expect 0 idtap record --fail-on-loss -o "$OUT/trace-off" -- \
    sh -c '. /lab/lib.sh; xl unpause truth; wait_for 60 _gone truth'
truth_verdict

truth_ready
id=$(xl domid truth)
expect 0 idtap record --fail-on-loss --intercept truth=all -o "$OUT/trace-on" \
    -- sh -c ". /lab/lib.sh; xl unpause truth; wait_for 60 _gone truth
              idtap status; idtap status --json >$OUT/status"
truth_verdict
cp "$(guest_console truth)" "$OUT/trace-on.intercepted"
said "intercepts d$id: all exceptions"
said "caused +d$id: .* #UD [1-9]"
not_attached
digests "$OUT/untapped" >"$OUT/want"
digests "$OUT/trace-on.intercepted" >"$OUT/got"
cmp "$OUT/want" "$OUT/got" || {
    diff "$OUT/want" "$OUT/got" | head
    fail "the guest can tell that it is intercepted"
}
