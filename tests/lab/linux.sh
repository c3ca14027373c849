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

# Exceptions that only a program raises: as many exits as the load counted since. Linux
# itself raises INT3 where it changes its own code; and in Bochs one #UD a cycle, which
# is its warning of a single step that came to its entry code (AMD: unless an exit came
# between). So #UD are counted by where they were: as many as there were in programs.
linux_exact 0 4 5 11 12 16 19
linux_about 3 20
cycles=$(($(sed -n 's/^load: SUCCESS cycles=//p' "$OUT/linux") - 1))
if amd; then linux_about 6 $cycles; else linux_exact "6+$cycles"; fi
idtap script -i "$OUT/trace" -e exception --json >"$OUT/ud" || fail script
grep -q "\"domain\": *${other}[,}]" "$OUT/ud" && fail "exceptions of the other guest are seen"
in_programs=$(awk -F '"rip": *' '/"event": *"exception"/ && $2 + 0 < 140737488355328 { n++ }
                                 END { print n + 0 }' "$OUT/ud")
echo "vector 6: $in_programs in programs"
[ "$in_programs" -eq "$(linux_raised 6)" ] || fail "$in_programs #UD of programs"
[ "$(linux_caused 14)" -gt 1000 ] || fail "page faults were not intercepted"
