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

while read -r test limit; do
    echo "== $test"
    begin=$(cut -d. -f1 /proc/uptime)
    TEST=$test timeout -k 5 "$limit" \
        sh -c '. /tests/lib.sh; . "/tests/$TEST.sh"' >"/out/$test.log" 2>&1
    status=$?
    reason=$(sed -n 's/^FAIL: //p' "/out/$test.log" | tail -n 1)
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
        tail -n 25 "/out/$test.log" | sed 's/^/   | /'
    fi
    for guest in truth linux load; do
        xl destroy $guest >/dev/null 2>&1
    done
    killall -9 idtap >/dev/null 2>&1
    idtap status | grep -q '^tap  *detached' || idtap detach >/dev/null 2>&1
done </tests/list
exit 0
