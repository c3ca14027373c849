# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# A Linux guest whose exceptions are intercepted from the midst of its work: the
# first cycle of its load, untapped, is what the others must find again, and
# there are as many exits as exceptions. A guest beside it is not intercepted.
# One boot of one Linux guest, for an emulator in which that takes long.
# shellcheck source=/dev/null
. /tests/linux_guest.sh

linux_ready linux load.cycles=4 load.wait=1
xl unpause linux
wait_for 250 grep -q 'load: waiting' "$(guest_console linux)" || {
    xl domid linux && fail "the load does not finish its first cycle"
    linux_dead linux
}

truth_ready 'loop=1 repeat=20 cases=db-step,gp-rdmsr,ud,pf-write,ipi-self,event-self'
xl sched-credit2 -d truth -w 64 # of 256: the load is the point
xl unpause truth
passes() { grep -c 'truth: pass' "$(guest_console truth)"; }
_passes_beyond() { [ "$(passes)" -gt "$1" ]; }
wait_for 60 _passes_beyond 0 || fail "the truth guest does not begin to work"

linux=$(xl domid linux) truth=$(xl domid truth)
tty=$(xenstore-read "/local/domain/$linux/console/tty")
cat >"$OUT/work" <<END
. /lab/lib.sh
echo >$tty
wait_for 200 _gone linux
idtap status
idtap status --json >$OUT/status
END
before=$(passes)
expect 0 idtap record --fail-on-loss --ring 4M -e exit -d linux,truth \
    --intercept linux=all -o "$OUT/trace" -- sh "$OUT/work"
cp "$(guest_console linux)" "$OUT/linux"
# Each cycle compares its digests with the first one's.
linux_verdict linux
grep -E 'load: (cycle|raised|SUCCESS)' "$OUT/linux"
[ "$(grep -c 'load: digest' "$OUT/linux")" -gt 10 ] || fail "no digests"
said "^intercepts d$linux: all exceptions"
[ "$(grep -c '^caused' "$OUT/last")" -eq 1 ] ||
    fail "not one domain in the counts"
said "^caused +d$linux: "
not_attached

# In QEMU, INT3 and INTO exit as INT n does (tap/swint.c).
if slow_emulator; then linux_exact 3 4; fi
linux_exact 0 5 6 11 12 16 19
[ "$(linux_caused 14)" -gt 1000 ] || fail "page faults were not intercepted"
wait_for 60 _passes_beyond "$before" || fail "the truth guest does not go on"
grep -E 'truth: .*(FAILURE|ERROR|CRASH|mismatch|UNEXPECTED)' \
    "$(guest_console truth)" && fail "the truth guest saw something wrong"

idtap script -i "$OUT/trace" -e exit | awk -v l="d${linux}v0" -v t="d${truth}v0" '
    !/vm_exit/ { next }
    $0 ~ " " l " " { all_l++; caused_l += /intercepted/ }
    $0 ~ " " t " " { all_t++; caused_t += /intercepted/ }
    END { print caused_l + 0, all_l + 0, caused_t + 0, all_t + 0 }' >"$OUT/exits"
read -r in_linux all_linux in_truth all_truth <"$OUT/exits"
echo "$in_linux of $all_linux exits caused in d$linux, $in_truth of $all_truth in d$truth"
[ "$in_linux" -gt 1000 ] || fail "no intercepted exits in the trace"
[ "$all_truth" -gt 1000 ] || fail "the other guest's exits are not in the trace"
[ "$in_truth" -eq 0 ] || fail "the other guest's exceptions are intercepted"
destroy_guest truth
