# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# A dom0 that asks for anything: random configurations, reads and writes of every
# node, mappings it may not have, consumed positions that are not so, under a
# recorder's feet, too. Xen and the guests go on, each answer is the right one,
# the counters add up, and a recorder that comes afterwards is exact. The
# long form does five times as much, beside a Linux guest.

# shellcheck source=/dev/null
. /tests/linux_guest.sh

blobs=$(much 20000 1000 100000) nodes=$(much 10000 1000 50000)
lies=$(much 3000 1000 15000)
seed=$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')

now() { cut -d. -f1 /proc/uptime; }
took() { echo "$1: $(($(now) - begin)) s"; begin=$(now); }

# Once before counting: what Xen and dom0 allocate on first use, and keep.
expect 0 idtap attach
expect 0 idtap detach
truth_ready
destroy_guest truth
text=$(textsum) || fail "no checksum of Xen's text"
free=$(domain_free_memory)

truth_loop "rest=20 repeat=20 $STEADY"
truth_at_work
if [ -e /tests/long ]; then
    linux_ready linux
    xl unpause linux
    linux_at_work linux 120
    hvm="$(xl domid linux) $(xl domid truth)"
else
    hvm=$(xl domid truth)
fi
begin=$(now)

# Configurations, and all other nodes.
expect 0 idtap attach
# shellcheck disable=SC2086 # words
expect 0 /tests/programs/blobs "$seed" $blobs $hvm
said "blobs: OK $blobs blobs"
took "$blobs configurations"
expect 0 /tests/programs/nodes "$seed" $nodes
said 'nodes: OK'
took "$nodes reads and writes"
truth_at_work
expect 0 /tests/programs/positions map
said 'positions: OK'
took "mappings"

# Lies to a recorder that is at work: it may give up, but it comes to an end.
idtap record -o /tmp/lied-to --rotate 4M --keep 2 2>"$OUT/recorder" &
recorder=$!
recording() { idtap status | grep -q "reader *process $recorder"; }
wait_for 20 recording || fail "no recorder: $(cat "$OUT/recorder")"
expect 0 /tests/programs/positions lie "$seed" $lies
said 'positions: OK'
kill -INT $recorder 2>/dev/null
recorder_gone() { ! kill -0 $recorder 2>/dev/null; }
wait_for 30 recorder_gone || fail "the recorder does not end"
wait $recorder
status=$?
echo "the recorder ended with $status: $(tail -n 3 "$OUT/recorder")"
[ $status -lt 128 ] || fail "the recorder was killed: $status"
idtap report -i /tmp/lied-to >"$OUT/report" 2>&1
[ $? -lt 128 ] || fail "report was killed"
rm -rf /tmp/lied-to
took "lies to a recorder"
truth_at_work

# Lies while it is known how much there is to record.
truth_ready "seconds=2 repeat=20 $STEADY"
expect 0 idtap filter -e inject -d truth
records=$(counters records) discards=$(counters discards)
/tests/programs/positions lie "$seed" $((lies + 2000)) >"$OUT/lies" 2>&1 &
liar=$!
truth_run
wait $liar || fail "$(cat "$OUT/lies")"
cat "$OUT/lies"
records=$(($(counters records) - records))
discards=$(($(counters discards) - discards))
happened=$(truth_sum injected)
echo "$records recorded, $discards dropped, $happened happened"
[ $records -gt 0 ] || fail "nothing was recorded"
[ $((records + discards)) -eq "$happened" ] ||
    fail "$records recorded + $discards dropped is not $happened"
took "lies, counted"

# What the last liar left behind is no harm to a recorder that comes.
truth_ready
expect 0 idtap record --fail-on-loss -o "$OUT/trace" -- \
    sh -c '. /lab/lib.sh; xl unpause truth; wait_for 100 _gone truth'
said 'nothing lost'
truth_verdict
cp "$(guest_console truth)" "$OUT/trace.truth"

took "a recorder"

expect 0 idtap detach
not_attached
same_text "$text"
[ ! -e /tests/long ] || { linux_at_work linux 60; destroy_guest linux; }
few_pages_lost "$free" 20 # of all those thousands
