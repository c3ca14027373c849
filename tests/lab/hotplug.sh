# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# pCPUs go offline and come back while attached: recording goes on, nothing is
# lost or left in the ring of a CPU that is offline, the counts of a guest that
# is moved about stay exact, and detaching works in between.

[ "$(xl info nr_cpus)" -eq 2 ] || fail "not two CPUs"
off() { xen-hptool cpu-offline 1 >"$OUT/hptool" 2>&1 || fail "offline: $(cat "$OUT/hptool")"; }
on() { xen-hptool cpu-online 1 >"$OUT/hptool" 2>&1 || fail "online: $(cat "$OUT/hptool")"; }
cpu1() { xenhypfs cat "/idtap/cpu1/$1"; }

# Once before counting: what Xen allocates on first use.
expect 0 idtap attach
off
on
expect 0 idtap detach
sum=$(textsum) || fail "no checksum of Xen's text"
free=$(domain_free_memory)

# While a guest raises known numbers, on both CPUs and on one. The tap stays, for
# its counters.
truth_ready "seconds=3 repeat=$(much 50 6 50)"
expect 0 idtap attach --ring 4M
records=$(counters records) discards=$(counters discards)
cat >"$OUT/work" <<'END'
. /lab/lib.sh
xl unpause truth
n=0
while xl domid truth >/dev/null 2>&1; do
    sleep 0.3
    xen-hptool cpu-offline 1 || exit 1
    # A new filter does not wait for it, and it records nothing more.
    idtap filter -e all || exit 1
    before=$(xenhypfs cat /idtap/cpu1/records)
    sleep 0.3
    [ "$(xenhypfs cat /idtap/cpu1/records)" -eq "$before" ] || exit 2
    xen-hptool cpu-online 1 || exit 1
    n=$((n + 1))
done
sleep 0.3
[ "$(xenhypfs cat /idtap/cpu1/records)" -gt "$before" ] || exit 3
echo "offline and online $n times"
[ $n -ge 2 ]
END
expect 0 idtap record --fail-on-loss -o "$OUT/trace" -- sh "$OUT/work"
said 'offline and online [0-9]+ times'
! grep 'ended with status' "$OUT/last" || fail "a CPU did not do as it should"
truth_verdict
cp "$(guest_console truth)" "$OUT/trace.truth"
adds_up "$records" "$discards" "$OUT/trace"

# A recording that ends while a CPU is offline has what that CPU had recorded.
truth_loop 'rest=20 repeat=20'
records=$(counters records) discards=$(counters discards)
expect 0 idtap record --fail-on-loss -o "$OUT/trace-off" -- \
    sh -c 'sleep 0.5; xen-hptool cpu-offline 1; sleep 0.5'
adds_up "$records" "$discards" "$OUT/trace-off"
[ -s "$OUT/trace-off/cpu1" ] || fail "nothing of CPU 1"

# Attached, recorded and detached with a CPU that is not there; attached without
# it, and then it comes.
expect 0 idtap detach
not_attached
expect 0 idtap record --fail-on-loss -o "$OUT/trace-without" -T 500ms
not_attached
expect 0 idtap attach --ring 4M
[ "$(cpu1 records)" -eq 0 ] || fail "an offline CPU has records"
on
records=$(counters records) discards=$(counters discards)
expect 0 idtap record --fail-on-loss -o "$OUT/trace-on" -T 500ms
adds_up "$records" "$discards" "$OUT/trace-on"
[ "$(cpu1 records)" -gt 0 ] || fail "nothing of a CPU that came up after the attach"

# Often, with nobody who looks.
n=0 times=$(much 5 5 100)
expect 0 idtap filter -e all
while [ $((n += 1)) -le "$times" ]; do off; on; done
truth_at_work
expect 0 idtap detach
not_attached
destroy_guest truth
same_text "$sum"
few_pages_lost "$free" "$times"
