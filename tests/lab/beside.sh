# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# What else goes on in a host while somebody records: xentrace, debug keys by the
# hundred, a second recorder, a clock that is set. The counts stay exact.

# Keys that only show or count something; not those that crash, reboot, wait for
# a debugger, or dump stacks on the console, which the lab takes for a failure.
# "xl debug-keys" presses all of a word, one right after the other.
keys=0aceghHiImMnNoqQrstuvxz

# xentrace keeps its buffers in Xen once it ran.
timeout 20 xentrace -D -e all -T 1 /dev/null >/dev/null 2>&1
xl debug-keys $keys || fail "debug keys"
expect 0 idtap attach --ring 4M
# Nor does dom0 give back all that a first guest costs it.
truth_ready repeat=1
truth_run
free=$(memory_settled) || fail "Xen's free memory does not settle"

# The truth guest, exact, while xentrace records everything and keys are pressed. What
# xentrace says is counted and forgotten: dom0 has no room for it. The guest gets what
# CPU is left between the keys.
truth_ready "seconds=3 repeat=$(much 50 4 50)"
records=$(counters records) discards=$(counters discards)
cat >"$OUT/work" <<END
. /lab/lib.sh
mkfifo /tmp/xentrace
wc -c </tmp/xentrace >/tmp/traced &
counter=\$!
xentrace -D -e all /tmp/xentrace >/dev/null 2>&1 &
xentrace=\$!
xl unpause truth
n=0
while xl domid truth >/dev/null 2>&1; do
    xl debug-keys $keys && n=\$((n + 1))
    sleep 0.5
done
kill \$xentrace
wait \$xentrace \$counter
idtap record -o /tmp/second -T 1
echo "second: status \$?"
echo "\$n times all keys"
END
expect 0 idtap record --fail-on-loss -o "$OUT/trace" -- sh "$OUT/work"
said 'nothing lost'
said '([2-9]|[1-9][0-9]+) times all keys'
said 'process [0-9]+ is recording already'
said 'second: status 1'
truth_verdict
cp "$(guest_console truth)" "$OUT/trace.truth"
adds_up "$records" "$discards" "$OUT/trace"
echo "xentrace: $(cat /tmp/traced) bytes"
[ "$(cat /tmp/traced)" -gt 100000 ] || fail "xentrace has recorded nothing"
rm /tmp/xentrace /tmp/traced
few_pages_lost "$free" 20

# Short keys, as fast as they can be pressed.
truth_loop "rest=20 repeat=20 $STEADY"
expect 0 idtap filter -e all
n=0 storm=$(much 20 10 2500 2500)
while [ $((n += 1)) -le "$storm" ]; do
    xl debug-keys mNsx || fail "debug keys"
done
truth_at_work

# The clock is set while recording: an hour on, then two back.
now() { date +%s; }
truth_loop 'rest=5 repeat=20 cases=event-self'
start=$(now)
expect 0 idtap record -e inject -o "$OUT/trace-clock" -- \
    sh -c 'sleep 1; date -s "@$(($(date +%s) + 3600))"; sleep 1
           date -s "@$(($(date +%s) - 7200))"; sleep 1'
date -s "@$(($(now) + 3600))" >/dev/null
expect 0 idtap record -e inject -o "$OUT/trace-after" -T 1
# Between records time has run on as if nothing had been.
ns=$(idtap report -i "$OUT/trace-clock" --json | sed -n 's/.*"duration_ns": *\([0-9]*\).*/\1/p' | head -n 1)
[ "$ns" -gt 2000000000 ] && [ "$ns" -lt 10000000000 ] || fail "it took $ns ns"
# A trace by itself goes by the clock when it began; beside others, by the clock
# as it was set last, and it is said.
first_at() { date -u -d "$(head -n 1 "$OUT/lines" | cut -c1-19)" +%s; }
near() { [ $(($1 - $2)) -ge -5 ] && [ $(($1 - $2)) -le 5 ] || fail "$3: $1, not $2"; }
idtap script -i "$OUT/trace-clock" --wall >"$OUT/lines" || fail "script"
near "$(first_at)" "$start" "by itself"
idtap script -i "$OUT/trace-clock" -i "$OUT/trace-after" --wall \
    >"$OUT/lines" 2>"$OUT/last" || fail "script of two"
said 'the clock was set while recording \(2 times, the last time by -7200 s'
near "$(first_at)" $((start - 3600)) "counted back"
rm "$OUT/lines"
expect 0 idtap detach
not_attached
destroy_guest truth
