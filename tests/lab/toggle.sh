# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Interception changed thousands of times, at random, under guests at work; wrong
# requests; a recorder killed in the middle of it. The guests notice nothing.
# In an emulator that behaves as hardware does: QEMU makes no #DF of an exception
# that was given back and a fault in its delivery, and with more than one vCPU it
# kills guests now and then.

# dom0 and the guests have one CPU: without pauses they would hardly run between
# the changes.
changes=10000 pause=3000
seed=$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')
what=all allowed=0xffffffff
! amd || { what=all,swint allowed=0x1ffffffff; }

truth_passes() { grep -c 'truth: pass' "$(guest_console "$TRUTH")"; }
_passes_beyond() { [ "$(truth_passes)" -gt "$1" ]; }
# truth_at_work NAME: it goes on, from now, and nothing is wrong.
truth_at_work() {
    TRUTH=$1
    wait_for 200 _passes_beyond "$(truth_passes)" || truth_verdict
    ! grep -E 'truth: .*(FAILURE|ERROR|CRASH|mismatch|UNEXPECTED)' \
        "$(guest_console "$1")" ||
        fail "the guest $1 can tell that interception is toggled"
}
both_at_work() {
    truth_at_work other
    truth_at_work truth
}
# caused: exits that the tap caused, of all guests.
caused() {
    idtap status --json | awk '
        /"caused":/ { in_caused = 1 }
        in_caused && /"swint":/ { n += $2 }
        in_caused && /"exits":/ { in_exits = 1; next }
        /\]/ { in_exits = 0 }
        in_exits { n += $1 }
        END { print n + 0 }'
}

# truth_begin NAME REPEAT: a truth guest of that name is at work. It has raised
# everything once untapped: to that, all that it sees later must be equal.
truth_begin() {
    destroy_guest "$1"
    rm -f "$(guest_console "$1")"
    xl create -q /guests/truth.cfg "name='$1'" "cmdline=\"loop=1 repeat=$2$(spared)\"" \
        >/dev/null 2>&1 || fail "cannot create the guest $1"
    truth_at_work "$1"
}

truth_begin other 1
truth_begin truth 2
second=$(xl domid other) truth=$(xl domid truth)

rm -rf /tmp/toggled
idtap record -e exception,inject -d other,truth --rotate 1M --keep 2 \
    -o /tmp/toggled 2>"$OUT/recorder" &
recorder=$!
recording() {
    idtap status >/tmp/status
    grep -q '^tap  *attached' /tmp/status &&
        grep -q "reader *process $recorder" /tmp/status
}
wait_for 20 recording || fail "no recorder: $(cat "$OUT/recorder")"

# What is refused, while something is in force.
expect 0 /tests/programs/wrong "$second"
said 'wrong: OK'

before=$(caused)
begin=$(cut -d. -f1 /proc/uptime)
expect 0 /tests/programs/toggle "$seed" $changes $pause $allowed "$second" "$truth"
said "toggle: OK $changes changes"
echo "in $(($(cut -d. -f1 /proc/uptime) - begin)) s, $before and $(caused) exits caused"
[ "$(caused)" -gt $((before + 1000)) ] || fail "next to nothing was intercepted"
kill -0 $recorder || fail "the recorder ended: $(cat "$OUT/recorder")"
both_at_work
# It has left nothing in force.
n=$(caused)
sleep 1
[ "$(caused)" -eq "$n" ] || fail "exits are still caused"

# A recorder that is killed takes its interceptions with it.
expect 0 idtap filter -e exception,inject -d other,truth \
    --intercept other=$what --intercept truth=$what
n=$(caused)
both_at_work
[ "$(caused)" -gt "$n" ] || fail "nothing is intercepted"
kill -9 $recorder
wait $recorder
n=$(caused)
sleep 1
[ "$(caused)" -eq "$n" ] || fail "exits are caused for nobody: $n, $(caused)"
both_at_work
[ "$(caused)" -eq "$n" ] || fail "exits are caused for nobody: $n, $(caused)"
expect 0 idtap status
said "intercepts d$second"
said 'reader *none: the recorder ended'

# The next recorder intercepts nothing unless it is asked to.
expect 0 idtap record -e exception -d other -T 1 -o /tmp/next
[ "$(caused)" -eq 0 ] || fail "the next recorder's interceptions: $(caused)"
expect 0 idtap detach
not_attached
both_at_work
! xl dmesg | grep -E 'Xen (WARN|BUG)|Assertion|nexpected|Failed vm|crash' ||
    fail "Xen complains"
rm -rf /tmp/toggled /tmp/next
cp "$(guest_console other)" "$OUT/other"
cp "$(guest_console truth)" "$OUT/truth"
destroy_guest other
destroy_guest truth
