# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Counters for Prometheus: what is counted while a guest runs is what the guest
# says that it got, to the unit.

truth_ready
idtap metrics --textfile "$OUT/idtap.prom" --interval 1s -d truth \
    -e inject,exception,lapic >"$OUT/said" 2>&1 &
metrics=$!
wait_for 40 test -s "$OUT/idtap.prom" || fail "no file: $(cat "$OUT/said")"
expect 0 idtap status
said 'reader .*\(metrics\), confined'
truth_run
kill -TERM $metrics
wait $metrics || fail "it ended with status $?: $(cat "$OUT/said")"
not_attached

# counted CLASS: the sum of its counters, without #NM: Xen intercepts that on its
# own behalf while a vCPU has no FPU state.
counted() {
    grep -v 'class="exception",vector="0x07"' "$OUT/idtap.prom" |
        grep -E "^idtap_interrupts_total\{.*name=\"truth\",class=\"$1\"" |
        awk '{ n += $NF } END { print n + 0 }'
}
grep -q '^idtap_lost_records_total 0$' "$OUT/idtap.prom" || fail "records lost"
injected=$(counted inject) intercepted=$(counted exception)
echo "$injected injected, $intercepted intercepted"
[ "$injected" -gt 0 ] && [ "$injected" -eq "$(truth_sum injected)" ] ||
    fail "$injected injected, the guest says $(truth_sum injected)"
[ "$intercepted" -eq "$(truth_sum intercepted)" ] ||
    fail "$intercepted exceptions, the guest says $(truth_sum intercepted)"
for f in "$OUT"/idtap.prom.*; do
    [ -e "$f" ] && fail "$f is left"
done

expect 2 idtap metrics --listen 0.0.0.0:9999
said 'others can reach'
expect 1 idtap metrics --textfile /nonexistent/idtap.prom
said '/nonexistent'
not_attached
