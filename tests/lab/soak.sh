# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# All classes at full rate, with a truth guest at work and, where an emulator is
# quick, a Linux guest: each record that the tap counts is in the trace, or counted
# there as dropped; the guests go on; the recorder's memory does not grow.
#
# QEMU ends a guest like these now and then, tap or not (lab/README.md): there, it
# gets a successor.
# expect-console: [Tt]riple fault - invoking HVM shutdown action
# shellcheck source=/dev/null
. /tests/linux_guest.sh

start_linux() {
    linux_ready linux
    xl unpause linux
}
start_truth() { truth_loop "repeat=20 $STEADY"; }
died=0
# alive NAME: or another is, if it died without a word of what was wrong.
alive() {
    xl domid "$1" >/dev/null 2>&1 && return
    grep -E '(truth|load): .*(FAILURE|ERROR|CRASH|mismatch|UNEXPECTED)' "$(guest_console "$1")" &&
        fail "$1 found something wrong"
    slow_emulator && fail "$1 is no more"
    died=$((died + 1))
    "start_$1"
}
guests=truth
slow_emulator || guests="truth linux"
for guest in $guests; do "start_$guest"; done
truth_at_work
slow_emulator || linux_at_work linux 120

expect 0 idtap attach --ring 4M
records=$(counters records) discards=$(counters discards)
idtap record --rotate 1M -o /tmp/soak >"$OUT/said" 2>&1 &
recorder=$!
wait_for 40 test -d /tmp/soak/000001 || fail "no recorder"

memory() { awk '/^VmRSS/ { print $2 }' "/proc/$recorder/status"; }
files() { find "/proc/$recorder/fd" | wc -l; }
in_trace=0 dropped=0 parts=0
# count_part PART: and gone with it; they would fill dom0's memory.
count_part() {
    idtap report -i "$1" --json >/tmp/report 2>/dev/null || fail "cannot read $1"
    # shellcheck disable=SC2046 # words
    set -- "$1" $(awk '
        /"cpus":/ { in_cpus = 1 } /"domains":/ { in_cpus = 0 }
        in_cpus && $1 == "\"records\":" { r += $2 }
        in_cpus && $1 == "\"discarded\":" { d += $2 }
        in_cpus && $1 == "\"lost_packets\":" { l += $2 }
        END { printf "%d %d %d\n", r, d, l }' /tmp/report)
    [ "$4" -eq 0 ] || fail "$1: $4 packets are missing"
    in_trace=$((in_trace + $2)) dropped=$((dropped + $3)) parts=$((parts + 1))
    rm -r "$1"
}
# Parts are whole when there is another one after them.
count_parts() {
    for part in /tmp/soak/*; do
        next=$(printf '/tmp/soak/%06d' $((parts + 2)))
        [ -d "$next" ] || break
        count_part "$part"
    done
}

seconds=$(much 15 8 1800)
begin=$(cut -d. -f1 /proc/uptime) early=0
while now=$(($(cut -d. -f1 /proc/uptime) - begin)); [ $now -lt "$seconds" ]; do
    sleep 1
    kill -0 $recorder || fail "the recorder ended: $(cat "$OUT/said")"
    for guest in $guests; do alive "$guest"; done
    count_parts
    if [ $early -eq 0 ] && [ $now -ge 5 ]; then
        early=$(memory) fds=$(files)
    fi
done
late=$(memory)
echo "VmRSS $early KiB after 5 s, $late KiB after $seconds s; $(files) files"
# Between two parts it has those of both.
[ "$(files)" -le $((fds + 4)) ] || fail "it had $fds files open, and has $(files)"
[ "$early" -gt 0 ] && [ "$late" -le $((early + 128)) ] ||
    fail "the recorder had $early KiB of memory, and has $late"
kill -INT $recorder
wait $recorder || fail "the recorder: status $?: $(cat "$OUT/said")"
cat "$OUT/said"
for part in /tmp/soak/*; do count_part "$part"; done
rmdir /tmp/soak || fail "something is left in the trace"

records=$(($(counters records) - records)) discards=$(($(counters discards) - discards))
echo "$seconds s, $parts parts: $records records counted and $discards dropped," \
     "$in_trace and $dropped in the trace"
[ "$records" -eq "$in_trace" ] || fail "$records records, $in_trace in the trace"
[ "$discards" -eq "$dropped" ] || fail "$discards dropped, $dropped in the trace"
[ "$parts" -gt 1 ] || fail "only one part"
for guest in $guests; do alive "$guest"; done
truth_at_work
slow_emulator || linux_at_work linux 60
echo "$died guests died in the emulator"
expect 0 idtap detach
not_attached
destroy_guest linux
destroy_guest truth
