# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Filters: a filtered recording holds nothing else (tests/lab/verify looks), and
# changing the filter while recording loses nothing that passes both.

run='. /lab/lib.sh; xl unpause truth; wait_for 100 _gone truth'

truth_ready
expect 0 idtap record --fail-on-loss -o "$OUT/trace-inject" -e inject \
    --vector 0xf3,0x40,db -d truth -- sh -c "$run"
truth_verdict
cp "$(guest_console truth)" "$OUT/trace-inject.truth"

truth_ready
expect 0 idtap record --fail-on-loss -o "$OUT/trace-softirq" -e softirq,irq \
    -d idle,0 -- sh -c "$run"

# Back and forth between two filters that both let injections pass.
truth_ready "seconds=$(much 6 3 6)"
cat >"$OUT/toggle" <<'END'
. /lab/lib.sh
domid=$(xl domid truth)
xl unpause truth
n=0
while xl domid truth >/dev/null 2>&1 && [ $n -lt 2000 ]; do
    idtap filter -e inject,exit -d "$domid" || exit 1
    idtap filter -e inject,exception,softirq -d "$domid,0" || exit 1
    n=$((n + 2))
done
echo $n >/out/filters/toggles
END
expect 0 idtap record --fail-on-loss -o "$OUT/trace-toggled" -e inject -d truth \
    --ring 8M -- sh "$OUT/toggle"
truth_verdict
cp "$(guest_console truth)" "$OUT/trace-toggled.truth"
echo "$(cat "$OUT/toggles") changes of the filter"
[ "$(cat "$OUT/toggles")" -ge 8 ] || fail "too few changes to prove anything"

# A configuration that makes no sense changes nothing.
expect 0 idtap attach
expect 0 idtap filter -e irq -d 0
expect 2 idtap filter -e irq,nonsense
expect 2 idtap filter -d no-such-domain
expect 2 idtap filter --vector 300
idtap status >"$OUT/status"
grep -q 'records *irq; of domains 0$' "$OUT/status" ||
    fail "the filter is not what it was: $(cat "$OUT/status")"
expect 0 idtap detach
not_attached
