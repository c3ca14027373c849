# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Exactness: all classes on, the truth guest's own counts beside the trace.
# tests/lab/verify compares them outside, vCPU by vCPU and vector by vector.

times='1 2 3'
! slow_emulator || times=1
for n in $times; do
    truth_ready
    expect 0 idtap record --fail-on-loss -o "$OUT/trace$n" -- \
        sh -c '. /lab/lib.sh; xl unpause truth; wait_for 100 _gone truth'
    said 'nothing lost'
    truth_verdict
    cp "$(guest_console truth)" "$OUT/trace$n.truth"
done
not_attached

# The tap and the guest have the same idea of how interrupts are delivered.
expect 0 idtap attach
idtap status --json >"$OUT/status"
expect 0 idtap detach
cat "$OUT/status"
virtual=$(grep -c virtual_interrupt_delivery "$OUT/status")
grep -q "truth: begin .* virtual-delivery=$virtual" "$OUT/trace1.truth" ||
    fail "status and the truth guest disagree on virtual interrupt delivery"
