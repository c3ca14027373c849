#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Runs in dom0, where the TSC counts instructions: what hooks cost, measured by
# calls through sites in Xen (payload hookcost) and by exits of a guest (guest
# "cost"), untapped and in each state of the tap; and what Xen's own ways of
# recording cost (payload oldways).

# shellcheck source-path=SCRIPTDIR source=lib.sh
. /bench/lib.sh

# guest NAME [OPTIONS of idtap record]: what exits cost the guest; with options
# while that is recorded.
guest() {
    _state=$1
    shift
    rm -f "$(guest_console cost)"
    xl create -q -p /bench/guests/cost.cfg >/dev/null 2>&1 || fail "no guest"
    if [ $# -gt 0 ]; then
        recording "guest-$_state" "$@" -- sh -c \
            '. /lab/lib.sh; xl unpause cost; wait_for 60 _gone cost'
    else
        xl unpause cost
        wait_for 60 _gone cost
    fi
    grep -q SUCCESS "$(guest_console cost)" || fail "the guest: $(cat "$(guest_console cost)")"
    sed -n "s/^truth: cost \([a-z]*\) least=\([0-9]*\) times=\([0-9]*\) of.*/guest $_state \1 \2 \3/p" \
        "$(guest_console cost)" >>/out/numbers
}

xl sched-credit2 -d Domain-0 -w 8192

echo "untapped"
text text-before
payload hookcost 'call untapped'
guest untapped

echo "xentrace, printk"
xentrace -D -e all /tmp/xentrace >/dev/null 2>&1 &
sleep 1
payload oldways oldways
kill %1

echo "attached, idle"
idtap attach >/dev/null || fail "attach"
payload hookcost 'call idle'
guest idle

echo "recording"
recording irq -e irq -- sh -c '. /bench/lib.sh; payload hookcost "call irq"'
recording softirq -e softirq -- sh -c '. /bench/lib.sh; payload hookcost "call softirq"'
recording vector -e irq --vector 0x30 -- sh -c '. /bench/lib.sh; payload hookcost "call other-vector"'
recording domain -e irq,softirq -d idle -- sh -c '. /bench/lib.sh; payload hookcost "call other-domain"'
recording class -e nmi -- sh -c '. /bench/lib.sh; payload hookcost "call other-class"'
guest other-domain -e exit,exception,inject -d idle
guest other-vector -e exception,inject --vector 0x30 -d cost
guest exit -e exit
guest exception -e exception
guest inject -e inject
guest intercepted -e nmi --intercept cost=all
guest intercepted-recorded -e exception --intercept cost=all

echo "detached"
idtap detach >/dev/null || fail "detach"
text text-after
payload hookcost 'call detached'
echo "done"
