# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# A Linux guest at work, all its exceptions intercepted, is paused, saved, and restored
# as another domain, which is intercepted in its turn. What the load finds stays what it
# was.
# In an emulator that behaves as hardware does: in QEMU the load has found page faults
# to be others than before, once in a while.
# shellcheck source=/dev/null
. /tests/linux_guest.sh

what=all
! amd || what=all,swint

# A save is as large as its guest: the guest has as little as Linux needs, and the save
# a place of its own. /tmp has half of dom0's memory, together with all that tests leave.
room=/tmp/room
mkdir -p $room
mount -t tmpfs -o size=160m room $room || fail "no room"
trap 'umount -l $room' EXIT

# What Xen and dom0 allocate once, and keep.
expect 0 idtap record -T 1 -o /tmp/first -- \
    sh -c '. /lab/lib.sh; xl create -q /guests/ends.cfg; wait_for 20 _gone ends'
rm -rf /tmp/first
not_attached
sum=$(textsum) || fail "no checksum of Xen's text"
free=$(memory_settled) || fail "Xen's free memory does not settle"

linux_ready linux '' memory=96
xl unpause linux
wait_for 120 grep -q 'load: cycle' "$(guest_console linux)" || linux_dead linux
recorder_begins -e exception,inject --intercept $what --ring 4M -o /tmp/linux-trace
for _ in 1 2 3; do
    xl pause linux || fail pause
    sleep 0.2
    xl unpause linux || fail unpause
done
linux_at_work linux 60
ids=$(xl domid linux) n=0 times=$(much 2 1 10 10)
while [ $((n += 1)) -le "$times" ]; do
    expect 0 xl save linux $room/save
    xl domid linux >/dev/null 2>&1 && fail "it is still there"
    expect 0 xl restore $room/save
    rm $room/save
    ids="$ids $(xl domid linux)"
    linux_at_work linux 60
done
recorder_ends
destroy_guest linux
echo "restored $times times: $ids"
for id in $ids; do
    idtap script -i /tmp/linux-trace -e exception -d "$id" | grep -q intercepted ||
        fail "nothing of d$id was intercepted"
done
rm -rf /tmp/linux-trace

# Nothing of theirs, or ours, is left in Xen, but for a page or two that it keeps of each
# of the first five guests, tap or not.
few_pages_lost "$free" $((times + 7))
same_text "$sum"
