# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# A recorder killed with -9: the trace is readable up to its last whole packet,
# the tap stays, status explains, detach removes; the next recorder starts anew.
# Then many, at random moments, with guests that are intercepted.

truth_loop
idtap record -o "$OUT/killed" &
recorder=$!
sleep 2
idtap status >"$OUT/status"
grep -q "reader *process $recorder" "$OUT/status" ||
    fail "status does not know the recorder: $(cat "$OUT/status")"
grep -q 'reader .*confined: no capabilities' "$OUT/status" ||
    fail "the recorder is not confined: $(cat "$OUT/status")"
expect 1 idtap detach
said "process $recorder is recording"
kill -9 $recorder
wait $recorder
expect 0 idtap status
said 'reader *none: the recorder ended'

# What status says is true: losses grow now that nobody reads.
lossy() { [ "$(counters discards)" -gt 0 ]; }
wait_for 20 lossy || fail "the ring does not fill up"

# readable TRACE: as it is, or after a repair that says what it cuts.
readable() {
    idtap report -i "$1" >"$OUT/report" 2>"$OUT/err" && return
    cat "$OUT/err"
    grep -q 'idtap repair' "$OUT/err" || fail "no word of repair"
    expect 0 idtap repair -i "$1"
    expect 0 idtap report -i "$1"
    cp "$OUT/last" "$OUT/report"
}
readable "$OUT/killed"
grep -q truth "$OUT/report" || fail "the report knows nothing of the guest"

# A new recorder takes the tap over: from 0, without the old one's losses.
expect 0 idtap record --fail-on-loss -e inject -d truth -o "$OUT/next" -T 1
said 'nothing lost'
expect 0 idtap status
said 'records *nothing'
expect 0 idtap detach
not_attached

# At random, from the first step of the recorder to its end. A trace has all
# packets that were taken out of the rings, and at most one more.
if slow_emulator; then set --; else set -- 'cpus="1"'; fi
truth_ready "loop=1 rest=20 repeat=5 $STEADY" vcpus=1 "$@"
xl unpause truth
wait_for 20 grep -q 'truth: pass' "$(guest_console truth)" ||
    fail "the truth guest does not begin to work"
packet=4096 met=''
check_packets() {
    /tests/programs/unread >"$OUT/unread" || fail "$n: $(cat "$OUT/unread")"
    while read -r _ cpu _ next; do
        _size=$(cat "/tmp/k/cpu$cpu" 2>/dev/null | wc -c)
        [ "$_size" -eq $((next * packet)) ] ||
            [ "$_size" -eq $(((next + 1) * packet)) ] ||
            fail "$n: CPU $cpu: $next packets were taken, $_size bytes are there"
    done <"$OUT/unread"
}
times=$(much 10 4 200) n=0 begin=$(cut -d. -f1 /proc/uptime)
while [ $((n += 1)) -le "$times" ]; do
    rm -rf /tmp/k /tmp/next
    # Every fourth attaches; the others find a tap.
    most=60
    if [ $((n % 4)) -eq 0 ]; then
        idtap detach >/dev/null 2>&1
        not_attached
        most=99
    elif [ "$n" -eq 1 ]; then
        expect 0 idtap attach --ring 256K --packet $packet
    fi
    idtap record -o /tmp/k --ring 256K --packet $packet \
        -e irq,exception,inject --intercept truth=all >/dev/null 2>"$OUT/said" &
    recorder=$!
    sleep "$(printf '0.%02d' "$(random $most)")"
    kill -9 $recorder
    wait $recorder
    idtap status >"$OUT/status" || fail "$n: no status"
    state=$(sed -n 's/^tap *\([a-z]*\).*/\1/p' "$OUT/status")
    [ ! -e /tmp/k/meta ] || [ "$state" = attached ] ||
        fail "$n: recorded, and is $state"
    # Killed just then, it has left files with nothing in them.
    if [ -s /tmp/k/meta ]; then
        case $met in *trace*) ;; *) met="$met trace" ;; esac
        readable /tmp/k
        ! grep -qE '^Lost .*packets' "$OUT/report" || fail "$n: packets are missing"
        check_packets
    fi
    case $met in *$state*) ;; *) met="$met $state" ;; esac
    # The next one, also where an attach was killed half done.
    idtap record --ring 256K --packet $packet -o /tmp/next -e inject -d truth \
        --fail-on-loss -T 100ms >"$OUT/said" 2>&1 ||
        fail "$n: the next recorder: $(cat "$OUT/said")"
    if [ "$state" = attached ]; then
        idtap status | grep -q '^tap  *attached' || fail "$n: not attached any more"
    else
        not_attached
        idtap attach --ring 256K --packet $packet >/dev/null || fail "$n: attach"
    fi
    [ $((n % 10)) -ne 0 ] || truth_at_work
done
echo "$times kills in $(($(cut -d. -f1 /proc/uptime) - begin)) s; met:$met"
case $met in *trace*) ;; *) fail "no trace was ever begun" ;; esac
truth_at_work
expect 0 idtap detach
not_attached
rm -rf /tmp/k /tmp/next
destroy_guest truth
