# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# A disk that is full, full from the start, read-only, or slow: a clear word, or
# a loss that is counted to the record; nothing attached afterwards.

truth_loop

mkdir -p /mnt/small
mount -t tmpfs -o size=1m small /mnt/small
fill() { dd if=/dev/zero of=/mnt/small/fill bs=4k >/dev/null 2>&1; }

# Not a byte to be had: before the first record, and for what others write.
fill
expect 1 idtap record -o /mnt/small/trace -T 30
said 'disk is full'
not_attached
expect 1 idtap record -o /mnt/small/parts --rotate 64K --ring 64K --packet 4K -T 30
said 'disk is full'
not_attached
expect 1 idtap metrics --textfile /mnt/small/idtap.prom --interval 200ms -e irq
said 'No space left|disk is full'
not_attached
rm -rf /mnt/small/*

# Full in the middle, among parts; what is there can be read, all of it.
expect 1 idtap record -o /mnt/small/parts --rotate 64K --ring 64K --packet 4K -T 30
said 'disk is full'
not_attached
expect 0 idtap report -i /mnt/small/parts
! grep -E '^Lost .*packets' "$OUT/last" || fail "packets are missing"
[ -d /mnt/small/parts/000002 ] || fail "no second part"
rm -rf /mnt/small/*
# The same disk is large enough for the last few parts.
expect 0 idtap record -o /mnt/small/parts --rotate 64K --ring 64K --packet 4K --keep 2 -T 4
rm -rf /mnt/small/*

# Full when the flight recorder wants to save.
idtap record -o /mnt/small/flight --flight 4M >"$OUT/last" 2>&1 &
recorder=$!
wait_for 40 sh -c "idtap status | grep -q 'softirq'" || fail "it does not begin"
sleep 1
fill
idtap trigger >/dev/null || fail "trigger"
wait $recorder
[ $? -eq 1 ] || fail "the flight recorder did not fail"
cat "$OUT/last"
said 'disk is full'
not_attached
rm -rf /mnt/small/*

# Read-only.
mount -o remount,ro /mnt/small
for how in "-T 30" "--rotate 64K --ring 64K --packet 4K -T 30" "--flight 64K -T 30"; do
    # shellcheck disable=SC2086 # words
    expect 1 idtap record -o /mnt/small/trace $how
    said 'Read-only file system'
    not_attached
done
umount /mnt/small

# Slow: a recorder that is held up until records are dropped. All is counted.
expect 0 idtap attach --ring 64K --packet 4K
records=$(counters records) discards=$(counters discards)
idtap record --fail-on-loss -o "$OUT/trace-slow" >"$OUT/last" 2>&1 &
recorder=$!
wait_for 20 sh -c "idtap status | grep -q 'reader *process'" || fail "no recorder"
dropping() { [ "$(counters discards)" -gt "$dropped" ]; }
for _ in 1 2 3; do
    sleep 0.5
    kill -STOP $recorder
    dropped=$(counters discards)
    wait_for 30 dropping || fail "held up for 30 s, and nothing was dropped"
    kill -CONT $recorder
done
sleep 0.5
kill -INT $recorder
wait $recorder
[ $? -eq 4 ] || fail "no status 4 for a loss: $(cat "$OUT/last")"
cat "$OUT/last"
said 'CPU [01] lost [0-9]+ records'
adds_up "$records" "$discards" "$OUT/trace-slow"
expect 0 idtap detach
not_attached
truth_at_work
destroy_guest truth
