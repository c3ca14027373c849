# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# What the benches that run in dom0 share. Each writes lines "NAME NUMBER..." to
# /out/numbers; the outside makes a table of them.

. /lab/lib.sh

mkdir -p /out
# shellcheck disable=SC2034 # for who reads this in
id=$(idtap status | sed -n 's/^Xen.*build-id //p')

fail() {
    echo "bench: $*"
    exit 1
}

number() { echo "$@" >>/out/numbers; }

# patch ARG...: xen-livepatch, silent.
patch() { xen-livepatch "$@" >/tmp/patch 2>&1; }

# text NAME: the checksum of what a tap may change in Xen, as number NAME.
text() {
    xl dmesg -c >/dev/null
    patch upload textsum "/bench/payloads/textsum-$id.o" || fail "textsum: $(cat /tmp/patch)"
    patch apply textsum --nodeps
    patch unload textsum
    number "$1" "$(xl dmesg | sed -n 's/.*textsum: \([0-9a-f]*\)$/\1/p')"
}

# xen_said PREFIX: what payloads have put on Xen's console since it was cleared.
xen_said() { xl dmesg | sed -n 's/.*measured: //p' | sed "s/^/$1 /" >>/out/numbers; }

# payload NAME PREFIX: has it measure; what it says goes to the numbers. A
# payload that measures refuses to be applied; its printk()s may be many.
payload() {
    xl dmesg -c >/dev/null
    patch upload "$1" "/bench/payloads/$1-$id.o" || fail "$1: $(cat /tmp/patch)"
    patch apply "$1" --nodeps && fail "$1 was applied"
    patch unload "$1" || fail "$1: $(cat /tmp/patch)"
    xl dmesg | grep -q 'measured: ' || fail "$1 has measured nothing: $(cat /tmp/patch)"
    xen_said "$2"
}

# recording NAME OPTIONS -- COMMAND...: the command, while that is recorded.
recording() {
    _name=$1
    shift
    idtap record --fail-on-loss -o "/tmp/trace-$_name" "$@" >/tmp/record 2>&1 ||
        fail "$_name: $(cat /tmp/record)"
}

# xl_over NAME: the domain has shut down.
xl_over() { xl list "$1" | grep -q ' ---s'; }
