#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Runs in dom0: the tests named in /tests/list, one after the other, each in a
# shell of its own and with a time limit. /out/results gets a line each,
# "pass NAME" or "fail NAME reason"; a test that leaves a tap or a guest behind
# has failed, and is cleaned up after.

mkdir -p /out
: >/out/results

# The guests spin; dom0 shall not wait for its turn among them.
xl sched-credit2 -d Domain-0 -w 8192

clean_up() {
    for guest in truth pvtruth linux other ends; do
        xl destroy $guest >/dev/null 2>&1
    done
    killall -9 idtap >/dev/null 2>&1
    idtap status | grep -q '^tap  *detached' || idtap detach >/dev/null 2>&1
}

# evidence: what guests and Xen said last.
evidence() {
    for log in /var/log/xen/console/guest-*.log; do
        [ -f "$log" ] || continue
        echo "${log##*/}:"
        tail -n 4 "$log"
    done
    xl list
    echo "Xen:"
    xl dmesg | tail -n 12
}

# run TEST LIMIT: sets status and reason.
run() {
    # shellcheck disable=SC2016 # the inner shell shall expand it
    TEST=$1 timeout -k 5 "$2" \
        sh -c '. /tests/lib.sh; . "/tests/$TEST.sh"' >"/out/$1.log" 2>&1
    status=$?
    reason=$(sed -n 's/^FAIL: //p' "/out/$1.log" | tail -n 1)
}

while read -r test limit; do
    echo "== $test"
    begin=$(cut -d. -f1 /proc/uptime)
    run "$test" "$limit"
    tries=1
    while case $reason in EMULATOR*) [ $tries -lt 3 ] ;; *) false ;; esac; do
        echo "   $reason: once more"
        clean_up
        mv "/out/$test" "/out-$test-$tries"
        tries=$((tries + 1))
        run "$test" "$limit"
    done
    [ $status -eq 143 ] && reason="not finished after $limit s"
    if [ $status -eq 0 ] && ! idtap status | grep -q '^tap  *detached'; then
        status=1 reason="it left a tap behind"
    fi
    took=$(($(cut -d. -f1 /proc/uptime) - begin))
    if [ $status -eq 0 ]; then
        echo "pass $test ${took}s" >>/out/results
        echo "   passed, $took s"
    else
        echo "fail $test ${reason:-status $status, see $test.log}" >>/out/results
        echo "   FAILED: ${reason:-status $status}"
        { tail -n 25 "/out/$test.log"; evidence; } | sed 's/^/   | /'
    fi
    clean_up
done </tests/list
exit 0
