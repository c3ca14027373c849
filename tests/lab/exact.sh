# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Exactness: all classes on, the truth guest's own counts beside the trace.
# tests/lab/verify compares them outside, vCPU by vCPU and vector by vector.

for n in 1 2 3; do
    truth_ready
    expect 0 idtap record --fail-on-loss -o "$OUT/trace$n" -- \
        sh -c '. /lab/lib.sh; xl unpause truth; wait_for 60 _gone truth'
    said 'nothing lost'
    truth_verdict
    cp "$(guest_console truth)" "$OUT/trace$n.truth"
done
not_attached
