# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Attach and detach many times while guests work: they go on, Xen's memory and
# text are afterwards what they were before.

create_guest linux /guests/linux.cfg || fail "cannot create the Linux guest"
wait_for 40 grep -q 'load: cycle' "$(guest_console linux)" ||
    fail "the Linux guest does not begin to work"
truth_ready 'loop=1 repeat=20 cases=db-step,gp-rdmsr,pf-write,ipi-self,timer-oneshot,event-self'
xl unpause truth
wait_for 20 grep -q 'truth: pass' "$(guest_console truth)" ||
    fail "the truth guest does not begin to work"

# Once before counting: what Xen and dom0 allocate on first use, and keep.
expect 0 idtap attach
expect 0 idtap detach
sum_before=$(textsum) || fail "no checksum of Xen's text"
free_before=$(domain_free_memory)

cycles=$(much 50 20 1000)
n=0 begin=$(cut -d. -f1 /proc/uptime)
while [ $((n += 1)) -le $cycles ]; do
    idtap attach >/dev/null || fail "attach $n"
    # Every fifth time with work to do.
    if [ $((n % 5)) -eq 0 ]; then
        sum=$(textsum)
        [ -n "$sum" ] && [ "$sum" != "$sum_before" ] ||
            fail "$n: the checksum ($sum) does not see the tap"
        idtap filter -e all || fail "filter $n"
        sleep 0.1
        [ "$(counters records)" -gt 0 ] || fail "$n: nothing recorded"
    fi
    idtap detach >/dev/null || fail "detach $n"
done

echo "$cycles cycles in $(($(cut -d. -f1 /proc/uptime) - begin)) s"
cycles=$(grep -c 'load: cycle' "$(guest_console linux)")
more_cycles() {
    [ "$(grep -c 'load: cycle' "$(guest_console linux)")" -gt "$cycles" ]
}
wait_for 20 more_cycles || fail "the Linux guest does not go on"
grep 'load: FAILURE' "$(guest_console linux)" && fail "the load failed"
passes=$(grep -c 'truth: pass' "$(guest_console truth)")
more_passes() {
    [ "$(grep -c 'truth: pass' "$(guest_console truth)")" -gt "$passes" ]
}
wait_for 20 more_passes || fail "the truth guest does not go on"
grep -E 'truth: .*(FAILURE|mismatch|UNEXPECTED)' "$(guest_console truth)" &&
    fail "the truth guest saw something wrong"

# While both guests live: a dead one gives its memory back.
same_text "$sum_before"
same_memory() { [ "$(domain_free_memory)" -eq "$free_before" ]; }
wait_for 5 same_memory ||
    fail "Xen had $free_before KiB free and has $(domain_free_memory)"
echo "text $sum_before, $free_before KiB free, before and after"
not_attached
destroy_guest linux
destroy_guest truth
