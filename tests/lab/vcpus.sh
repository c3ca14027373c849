# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# A Linux guest's second vCPU goes offline and comes back, by xl vcpu-set, while all
# exceptions of the guest are intercepted and recorded: its load goes on and finds
# nothing wrong, and there are as many exits as exceptions, whichever vCPU they were
# on. In an emulator that a guest with two vCPUs survives.
# shellcheck source=/dev/null
. /tests/linux_guest.sh

what=all
! amd || what=all,swint
linux_ready linux load.seconds="$(much 30 30 300)" vcpus=2
linux=$(xl domid linux)
idtap record --fail-on-loss -e exception -d linux --intercept linux=$what --ring 4M \
    -o "$OUT/trace" >"$OUT/said" 2>&1 &
recorder=$!
wait_for 40 sh -c "idtap status | grep -q 'reader *process'" || fail "no recorder"
xl unpause linux
wait_for 120 grep -q 'load: cycle' "$(guest_console linux)" || linux_dead linux

# is_on, is_off: vCPU 1. To Xen, what is offline is paused.
state() { xl vcpu-list linux 2>/dev/null | awk '$3 == 1 { print $5 }'; }
is_off() { case $(state) in *p) ;; *) false ;; esac; }
is_on() { case $(state) in *p|'') false ;; esac; }
gone_or() { _gone linux || "$1"; }
n=0
while :; do
    xl vcpu-set linux 1 >"$OUT/set" 2>&1
    wait_for 40 gone_or is_off || fail "the vCPU does not go: $(state)"
    _gone linux && break
    sleep 0.5
    xl vcpu-set linux 2 >"$OUT/set" 2>&1
    wait_for 40 gone_or is_on || fail "the vCPU does not come: $(state)"
    _gone linux && break
    sleep 0.5
    n=$((n + 1))
done
echo "offline and online $n times"
[ $n -ge 3 ] || fail "only $n times"

idtap status --json >"$OUT/status"
kill -INT $recorder
wait $recorder || fail "the recorder: status $?: $(cat "$OUT/said")"
cat "$OUT/said"
not_attached
cp "$(guest_console linux)" "$OUT/linux"
linux_verdict linux
linux_exact 0 4 5 11 12 16 19
for vcpu in 0 1; do
    idtap script -i "$OUT/trace" | grep -q "d${linux}v$vcpu .*intercepted" ||
        fail "nothing of vCPU $vcpu was intercepted"
done
