# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# A Linux guest's second vCPU goes offline and comes back, again and again, while
# all exceptions of the guest are intercepted and recorded: its load goes on and
# finds nothing wrong, and there are as many exits as exceptions, whichever vCPU
# they were on.
# shellcheck source=/dev/null
. /tests/linux_guest.sh

what=all
! amd || what=all,swint
linux_ready linux "load.wait=1 load.seconds=$(much 20 10 300) load.hotplug=1" \
    vcpus=2 "cpus='all'"
linux=$(xl domid linux)
xl unpause linux
wait_for 120 grep -q 'load: waiting' "$(guest_console linux)" || linux_dead linux

cat >"$OUT/work" <<END
. /lab/lib.sh
. /tests/linux_guest.sh
linux_go linux
wait_for $(much 200 200 900) _gone linux
idtap status --json >$OUT/status
END
expect 0 idtap record --fail-on-loss -e exception -d linux --ring 4M \
    --intercept linux=$what -o "$OUT/trace" -- sh "$OUT/work"
not_attached
cp "$(guest_console linux)" "$OUT/linux"
linux_verdict linux

n=$(sed -n '/load: waiting/,$p' "$OUT/linux" | grep -c 'load: hotplug')
echo "offline and online $n times"
[ "$n" -ge 3 ] || fail "only $n times"
linux_exact 0 4 5 11 12 16 19
for vcpu in 0 1; do
    idtap script -i "$OUT/trace" | grep -q "d${linux}v$vcpu .*intercepted" ||
        fail "nothing of vCPU $vcpu was intercepted"
done
