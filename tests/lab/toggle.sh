# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Interception changed 10,000 times, at random, under guests at work; wrong
# requests; a recorder killed in the middle of it. The guests notice nothing.
# shellcheck source=/dev/null
. /tests/linux_guest.sh

changes=10000 pause=2000
seed=$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')
what=all
! grep -q AuthenticAMD /proc/cpuinfo || what=all,swint

truth_passes() { grep -c 'truth: pass' "$(guest_console truth)"; }
_passes_beyond() { [ "$(truth_passes)" -gt "$1" ]; }
# truth_at_work: it goes on, from now, and nothing is wrong.
truth_at_work() {
    wait_for 60 _passes_beyond "$(truth_passes)" || truth_verdict
    grep -E 'truth: .*(FAILURE|ERROR|CRASH|mismatch|UNEXPECTED)' \
        "$(guest_console truth)" && truth_verdict
    return 0
}
both_at_work() {
    linux_at_work linux 60
    truth_at_work
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

linux_ready linux
xl unpause linux
wait_for 120 grep -q 'load: cycle' "$(guest_console linux)" ||
    linux_dead linux
# QEMU does not make #DF of an injected exception and a fault in its delivery: of
# one that was intercepted and is delivered when nothing is any more.  And it has
# no nRIP.
without='' soft=1
! grep -q AuthenticAMD /proc/cpuinfo || soft=0
[ $soft = 1 ] ||
    without=without=df-gp-np,df-np-np,df-de-gp,df-ss-ts,df-pf-np,df-pf-pf,df-user,df-user-int
truth_ready "loop=1 $without"
xl unpause truth
truth_at_work
linux=$(xl domid linux) truth=$(xl domid truth)

idtap record -e exception,inject -d linux,truth --rotate 1M --keep 2 \
    -o /tmp/toggled 2>"$OUT/recorder" &
recorder=$!
recording() { idtap status | grep -q "reader *process $recorder"; }
wait_for 20 recording || fail "no recorder: $(cat "$OUT/recorder")"

# What is refused, while something is in force.
expect 0 /tests/programs/wrong "$linux"
said 'wrong: OK'

before=$(caused)
begin=$(cut -d. -f1 /proc/uptime)
expect 0 /tests/programs/toggle "$seed" $changes $pause $soft "$linux" "$truth"
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
expect 0 idtap filter -e exception,inject -d linux,truth \
    --intercept linux=$what --intercept truth=$what
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
said "intercepts d$linux"
said 'reader *none: the recorder ended'

# The next recorder intercepts nothing unless it is asked to.
expect 0 idtap record -e exception -d linux -T 1 -o /tmp/next
[ "$(caused)" -eq 0 ] || fail "the next recorder's interceptions: $(caused)"
expect 0 idtap detach
not_attached
both_at_work
! xl dmesg | grep -E 'Xen (WARN|BUG)|Assertion|nexpected|Failed vm|crash' ||
    fail "Xen complains"
rm -rf /tmp/toggled /tmp/next
cp "$(guest_console linux)" "$OUT/linux"
cp "$(guest_console truth)" "$OUT/truth"
destroy_guest linux
destroy_guest truth
