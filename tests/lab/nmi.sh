# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Physical NMIs: Xen's debug key N sends itself one; each is recorded, enter and
# exit, while all other classes write into the same rings.

truth_loop 'repeat=20 rest=20'
expect 0 idtap record --fail-on-loss -o "$OUT/trace-nmi" -- \
    sh -c 'for i in 1 2 3 4 5 6 7 8 9 10; do xl debug-keys N; sleep 0.1; done'
idtap script -i "$OUT/trace-nmi" -e nmi >"$OUT/nmis"
destroy_guest truth
enters=$(grep -c 'nmi-enter\|nmi_enter' "$OUT/nmis")
exits=$(grep -c 'nmi-exit\|nmi_exit' "$OUT/nmis")
echo "$enters entered, $exits left"
head -n 4 "$OUT/nmis"
[ "$enters" -eq 10 ] && [ "$exits" -eq 10 ] || fail "ten NMIs were sent"
not_attached
