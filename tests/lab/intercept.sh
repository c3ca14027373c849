# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# All exceptions of the truth guest, and INT n where it can be, intercepted and
# given back: what the guest observes is what it observes without, to the last
# bit of every register; with interception switched on and off under its feet,
# too. tests/lab/verify holds the counts of the trace against the guest's.

what=all
! amd || what=all,swint

digests() { grep -E '^truth: (digest|case|count)' "$1" | sort; }

# same_as_untapped NAME: the guest has printed what it printed untapped.
same_as_untapped() {
    cp "$(guest_console truth)" "$OUT/$1"
    grep -E 'mismatch|FAILURE' "$OUT/$1"
    truth_verdict
    digests "$OUT/untapped" >"$OUT/want"
    digests "$OUT/$1" >"$OUT/got"
    cmp -s "$OUT/want" "$OUT/got" && return
    diff "$OUT/want" "$OUT/got" | head -n 20
    fail "the guest can tell: $1"
}

times=20
! slow_emulator || times=6
truth_ready repeat=$times
truth_run
cp "$(guest_console truth)" "$OUT/untapped"
grep -q '^truth: digest' "$OUT/untapped" || fail "no digests"

truth_ready repeat=$times
expect 0 idtap record --fail-on-loss -o "$OUT/trace-off" -- \
    sh -c '. /lab/lib.sh; xl unpause truth; wait_for 100 _gone truth'
same_as_untapped observed

truth_ready repeat=$times
id=$(xl domid truth)
expect 0 idtap record --fail-on-loss --intercept truth=$what \
    -o "$OUT/trace-on" -- \
    sh -c ". /lab/lib.sh; xl unpause truth; wait_for 100 _gone truth
           idtap status; idtap status --json >$OUT/status"
same_as_untapped trace-on.intercepted
said "intercepts d$id: all exceptions"
said "caused +d$id: .* #UD [1-9]"

# Only the guest: dom0's filter calls are many.
repeat=100 pause=:
# On one CPU the guest must have its share, too.
! slow_emulator || { repeat=15 pause='sleep 0.1'; }
truth_ready repeat=$repeat
id=$(xl domid truth)
expect 0 idtap record -d truth -o "$OUT/trace-toggled" -- \
    sh -c ". /lab/lib.sh; xl unpause truth
           n=0
           while xl domid truth >/dev/null 2>&1; do
               idtap filter -d $id --intercept $id=$what || break
               $pause
               idtap filter -d $id --intercept none || break
               $pause
               n=\$((n + 1))
           done
           echo toggled \$n times"
cp "$(guest_console truth)" "$OUT/toggled"
# QEMU does not make #DF of an injected exception and a fault in its delivery.
# With interception Xen does; toggled in between, nobody does.
double='case[= ]df-'
! slow_emulator || double='none'
grep -E '^truth: (mismatch|UNEXPECTED|case .* FAILURE)' "$OUT/toggled" |
    grep -v "$double" &&
    fail "the guest can tell that interception is toggled"
# All of its report is there; its verdict is of cases of #DF, if it is bad.
grep -qE '^truth: FAILURE [0-9]+ of [0-9]+ cases' "$OUT/toggled" || truth_verdict
for f in untapped toggled; do
    grep '^truth: digest' "$OUT/$f" | grep -v "$double" | sort >"$OUT/$f.digests"
done
cmp "$OUT/untapped.digests" "$OUT/toggled.digests" ||
    fail "the guest can tell that interception was toggled"
said 'toggled ([2-9]|[1-9][0-9])'
not_attached
