# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Attach and detach many times while guests work: they go on, Xen's memory and
# text are afterwards what they were before.

# In Bochs a Linux guest takes half a minute to boot; linux.sh has one there.
linux=yes
! slow_emulator || linux=''
linux_cycles() { grep -c 'load: cycle' "$(guest_console linux)"; }
more_cycles() { [ "$(linux_cycles)" -gt "$1" ]; }

if [ $linux ]; then
    create_guest linux /guests/linux.cfg || fail "cannot create the Linux guest"
    wait_for 40 more_cycles 0 || fail "the Linux guest does not begin to work"
fi
truth_loop "rest=20 repeat=20 $STEADY"
truth_at_work

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
if [ $linux ]; then
    wait_for 20 more_cycles "$(linux_cycles)" || fail "the Linux guest does not go on"
    grep 'load: FAILURE' "$(guest_console linux)" && fail "the load failed"
fi
truth_at_work

# While the guests live: a dead one gives its memory back.
same_text "$sum_before"
same_memory() { [ "$(domain_free_memory)" -eq "$free_before" ]; }
wait_for 5 same_memory ||
    fail "Xen had $free_before KiB free and has $(domain_free_memory)"
echo "text $sum_before, $free_before KiB free, before and after"
not_attached
destroy_guest linux
destroy_guest truth
