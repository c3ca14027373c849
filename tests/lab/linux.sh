# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# A Linux guest cannot tell that all its exceptions are intercepted, for a minute: its
# load finds what it found before, without the tap. Another at work beside it, that is
# not intercepted, has no exit more, and finds the same.
# In an emulator that behaves as hardware does: QEMU's CPUs leave RF clear in the
# frame of a fault (docs/interception.md).
# shellcheck source=/dev/null
. /tests/linux_guest.sh

# INT n exits on AMD only. The trace has each #UD, and a few seconds of exits.
what=all rest='-e exception --vector ud -d linux,other'
! amd || what=all,swint

# What each part of a load finds in its first cycle it must find in every one, or it
# fails. The first is without a tap.
not_attached
for name in linux other; do
    linux_ready $name 'load.wait=1 load.seconds=60'
    xl unpause $name
done
for name in linux other; do
    wait_for 120 grep -q 'load: waiting' "$(guest_console $name)" || linux_dead $name
done

# Both at work; for a cycle of the load or so the exits of both are recorded, too.
linux=$(xl domid linux) other=$(xl domid other)
cat >"$OUT/work" <<END
. /lab/lib.sh
. /tests/linux_guest.sh
linux_go linux
linux_go other
wait_for 60 _beyond linux 1 && wait_for 60 _beyond other 1 &&
    idtap filter -e exit,exception --vector ud -d linux,other && sleep 4 &&
    idtap filter $rest || echo NO FILTER
wait_for 300 _gone linux
wait_for 300 _gone other
idtap status
idtap status --json >$OUT/status
END
# shellcheck disable=SC2086 # words
expect 0 idtap record --fail-on-loss --ring 4M $rest \
    --intercept linux=$what -o "$OUT/trace" -- sh "$OUT/work"
for name in other linux; do
    cp "$(guest_console $name)" "$OUT/$name"
    linux_verdict $name
    linux_findings $name >"$OUT/found-$name"
    grep 'load: SUCCESS' "$OUT/$name"
done
cat "$OUT/found-other"
grep -q digest "$OUT/found-other" && cmp -s "$OUT/found-other" "$OUT/found-linux" || {
    diff "$OUT/found-other" "$OUT/found-linux"
    fail "the two guests do not find the same"
}
grep -q 'NO FILTER' "$OUT/last" && fail "filter"
said "^intercepts d$linux: all exceptions"
not_attached

# Only the one has exits that the tap caused; of the trace, verify-linux says it.
[ "$(grep -c '^caused' "$OUT/last")" -eq 1 ] ||
    fail "not one domain in the counts"
said "^caused +d$linux: "
echo "$linux $other" >"$OUT/domains"

# Exceptions that only a program raises: as many exits as the load counted since. Linux
# itself raises INT3 where it changes its own code; and in Bochs one #UD a cycle, which
# is its warning of a single step that came to its entry code (AMD: unless an exit came
# between): verify-linux looks at where they were.
linux_exact 0 4 5 11 12 16 19
linux_about 3 20
cycles=$(($(sed -n 's/^load: SUCCESS cycles=//p' "$OUT/linux") - 1))
if amd; then linux_about 6 $cycles; else linux_exact "6+$cycles"; fi
[ "$(linux_caused 14)" -gt 1000 ] || fail "page faults were not intercepted"
