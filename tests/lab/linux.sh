# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# A Linux guest cannot tell that all its exceptions are intercepted: its load
# finds what it finds without the tap. A guest beside it, that is not
# intercepted, has no exit more, and finds the same. Both are at work for a minute.
# shellcheck source=/dev/null
. /tests/linux_guest.sh

seconds=60
# INT n exits on AMD only. On a slow emulator the trace has a few seconds of exits.
if slow_emulator; then what=all rest='-e pv-trap -d other'; else what=all,swint rest='-e exit -d other'; fi
# Untapped. On the slow emulator the guest beside it must do for that: its exits are
# as they are without idtap.
if ! slow_emulator; then
    linux_ready linux load.cycles=2
    xl unpause linux
    wait_for 120 _gone linux || fail "the untapped Linux guest does not end"
    linux_verdict linux
    cp "$(guest_console linux)" "$OUT/untapped"
    linux_findings linux >"$OUT/want"
fi

# Both at work; for a cycle of the load or so the exits of both are recorded, else
# those of the one that is not intercepted.
linux_ready linux load.seconds=$seconds
linux_ready other load.seconds=$seconds
linux=$(xl domid linux) other=$(xl domid other)
cat >"$OUT/work" <<END
. /lab/lib.sh
xl unpause linux
xl unpause other
wait_for 120 grep -q 'load: cycle' "\$(guest_console linux)" &&
    wait_for 120 grep -q 'load: cycle' "\$(guest_console other)" &&
    idtap filter -e exit -d linux,other && sleep 4 &&
    idtap filter $rest || echo NO FILTER
wait_for 300 _gone linux
wait_for 300 _gone other
idtap status
idtap status --json >$OUT/status
END
# shellcheck disable=SC2086 # words
expect 0 idtap record --fail-on-loss --ring 4M $rest \
    --intercept linux=$what -o "$OUT/trace" -- sh "$OUT/work"
! slow_emulator || linux_findings other >"$OUT/want"
cat "$OUT/want"
for name in linux other; do
    cp "$(guest_console $name)" "$OUT/$name"
    linux_verdict $name
    linux_findings $name >"$OUT/got"
    grep -q digest "$OUT/got" && cmp -s "$OUT/want" "$OUT/got" || {
        diff "$OUT/want" "$OUT/got"
        fail "the guest $name finds something else than untapped"
    }
    grep 'load: SUCCESS' "$OUT/$name"
done
grep -q 'NO FILTER' "$OUT/last" && fail "filter"
said "^intercepts d$linux: all exceptions"
not_attached

# Only the one has exits that the tap caused: in the counts, and in the trace.
[ "$(grep -c '^caused' "$OUT/last")" -eq 1 ] ||
    fail "not one domain in the counts"
said "^caused +d$linux: "
idtap script -i "$OUT/trace" -e exit | awk -v l="d${linux}v0" -v o="d${other}v0" '
    !/vm_exit/ { next }
    $0 ~ " " l " " { all_l++; caused_l += /intercepted/ }
    $0 ~ " " o " " { all_o++; caused_o += /intercepted/ }
    END { print caused_l + 0, all_l + 0, caused_o + 0, all_o + 0 }' >"$OUT/exits"
read -r in_linux all_linux in_other all_other <"$OUT/exits"
echo "$in_linux of $all_linux exits caused in d$linux, $in_other of $all_other in d$other"
[ "$in_linux" -gt 100 ] || fail "no intercepted exits in the trace"
[ "$all_other" -gt 1000 ] || fail "the other guest's exits are not in the trace"
[ "$in_other" -eq 0 ] || fail "the other guest's exceptions are intercepted"

# Exceptions that only a program raises: as many exits as the load counted. In
# QEMU, INT3 and INTO exit as INT n does (tap/swint.c). Linux itself raises INT3
# while it boots, and where it changes its own code; and in Bochs one #UD a cycle,
# which is its warning of a single step that came to its entry code.
if slow_emulator; then
    linux_about 3
    linux_exact 4 6+"$(grep -c 'load: cycle' "$OUT/linux")"
else
    linux_exact 6
fi
linux_exact 0 5 11 12 16 19
[ "$(linux_caused 14)" -gt 1000 ] || fail "page faults were not intercepted"
