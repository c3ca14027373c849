# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# How a recording ends: by time, by signal, by its command, by a full disk; and
# parts by size.

truth_loop 'repeat=20 rest=20'

expect 0 idtap record -o "$OUT/time" -T 500ms
not_attached

for sig in INT TERM; do
    idtap record -o "$OUT/$sig" 2>"$OUT/last" &
    recorder=$!
    sleep 1.5
    kill -$sig $recorder
    wait $recorder
    status=$?
    [ $status -eq 0 ] || fail "SIG$sig: status $status: $(cat "$OUT/last")"
    said 'recorded'
    not_attached
done

# Two signals at once: out quickly, whatever is left; detach cleans up.
idtap record -o "$OUT/twice" 2>"$OUT/last" &
recorder=$!
sleep 1.5
kill -INT $recorder
kill -INT $recorder
wait $recorder
idtap status | grep -q '^tap  *detached' || expect 0 idtap detach
not_attached

expect 0 idtap record -o "$OUT/command" -- sh -c 'exit 3'
said 'status 3'
expect 1 idtap record -o "$OUT/no-command" -- /nonexistent
said '/nonexistent'
expect 1 idtap record -o "$OUT/command" -T 1
said 'something in it already'
expect 1 idtap record -o /nonexistent/dir -T 1
expect 2 idtap record -T never
expect 2 idtap record --keep 3
expect 2 idtap record what
not_attached

# Two at a time.
idtap record -o "$OUT/first" -T 4 2>/dev/null &
first=$!
sleep 1.5
expect 1 idtap record -o "$OUT/second" -T 1
said 'recording already'
wait $first || fail "the first recorder was disturbed"
not_attached

# A full disk.
mkdir -p /mnt/small
mount -t tmpfs -o size=1m small /mnt/small
expect 1 idtap record -o /mnt/small/trace -T 30
said 'disk is full'
not_attached
expect 0 idtap report -i /mnt/small/trace
cp -r /mnt/small/trace "$OUT/full"
umount /mnt/small

# Parts by size: each readable by itself, all together, nothing missing.
expect 0 idtap record -o "$OUT/parts" --rotate 128K --fail-on-loss -T 6
[ -d "$OUT/parts/000002" ] || fail "no second part"
expect 0 idtap report -i "$OUT/parts/000002"
expect 0 idtap report -i "$OUT/parts"
expect 0 idtap record -o "$OUT/kept" --rotate 128K --keep 2 -T 6
[ "$(ls "$OUT/kept" | wc -l)" -le 2 ] || fail "more than two parts were kept"
not_attached
destroy_guest truth
