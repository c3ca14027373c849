#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Several traces at once: `idtap script` and `idtap report` with more than one -i.
# The scenes are the same, but for a known offset, another TSC and another rate,
# so every record has its twin at a known distance.
#
# Usage: tests/cli/merge.sh IDTAP   (see tests/cli/scene.c)
set -uo pipefail

idtap=$1 scene=$(dirname "$1")/cli-tests/scene
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

check() {
    local name=$1
    shift
    if "$@" >said 2>&1; then echo "pass cli:merge-$name"
    else echo "fail cli:merge-$name $(head -c 300 said)"; fi
}
# status NAME WANT PATTERN ARG...: what it says, on either stream, has PATTERN.
status() {
    local name=$1 want=$2 pattern=$3 got=0
    shift 3
    "$idtap" "$@" >out 2>err || got=$?
    cat out err >both
    if [ $got -eq "$want" ] && grep -qE -- "$pattern" both; then
        echo "pass cli:merge-$name"
    else
        echo "fail cli:merge-$name status $got, not $want, or not '$pattern': $(head -n 1 err)"
    fi
}

[ -x "$scene" ] || { echo "skip cli:merge $scene is not there: make cli-tests"; exit 0; }

"$scene" a records=4000 host=xen1 uncertain=1200 &&
"$scene" b records=4000 host=xen2 offset=3000000 khz=2893437 uncertain=15000 db=other &&
"$scene" c records=40000 host=xen1 lose=1 || exit 1

status order 0 '^ 0\.003000000  xen2  meta' script -i a -i b
check one-order sort -c -s -n -k1,1 out
check all-records [ "$(wc -l <out)" -eq \
    "$(("$("$idtap" script -i a | wc -l)" + "$("$idtap" script -i b | wc -l)"))" ]
# Every record of xen1 again, 3 ms later, as xen2's; a tick is 1/3 ns.
awk '$2 == "xen1" && $3 ~ /^cpu/ { t = $1 + 0.003; $1 = $2 = ""; print sprintf("%.7f", t) $0 }' out |
    sort >want
awk '$2 == "xen2" && $3 ~ /^cpu/ { t = $1 + 0.000000001; $1 = $2 = ""; print sprintf("%.7f", t) $0 }' out |
    sort >got
check twins [ "$(comm -12 want got | wc -l)" -ge "$(($(wc -l <want) * 98 / 100))" -a -s want ]
check clocks-said grep -qE '^  xen1 \+0 ns, \+-1\.20 us \(4 readings\)$' err
check offset-said grep -qE '^  xen2 \+3\.00 ms, \+-15\.0 us \(4 readings\)$' err
check agreement-said grep -q 'CLOCK_REALTIME' err

status same-host 0 '^ [0-9.]+ +xen1:a +cpu.*' script -i a -i c
status losses-of-host 0 'warning: xen1:c:' script -i a -i c
status domain-of-one 0 ' xen2 .*d2v' script -i a -i b -d other
check domain-of-one-only [ "$(grep -c xen1 out)" -eq 0 ]
status domain-of-none 2 "nosuch" script -i a -i b -d nosuch
status wall 0 '^2023-[0-9: -]+\.[0-9]{9}  xen2' script -i b -i a --wall
status json 0 '^\{"host":"xen2","time_ns":3000000,' script -i a -i b --json
status window 0 '^ 0\.00300' script -i a -i b --time 0.003,0.004 -e exit
check window-of-all [ "$(awk '$1 < 0.003 || $1 >= 0.004' out | wc -l)" -eq 0 ]
check window-of-both [ "$(awk '{ print $2 }' out | sort -u | tr '\n' ' ')" = "xen1 xen2 " ]
status missing 1 'nowhere' script -i a -i nowhere
status one-is-as-before 0 '^ 0\.000000000  meta' script -i a
many=()
for _ in $(seq 65); do many+=(-i a); done
status too-many 2 'at most 64' script "${many[@]}"

status report 0 '^xen2: d2 \(other\): [0-9,]+ records' report -i a -i b
check report-host-1 grep -qE '^xen1: d2 \(db\): [0-9,]+ records' out
check report-all grep -qE '^All hosts' out
check report-clocks grep -q '+3.00 ms, +-15.0 us' err
status report-loss 4 'records were lost' report -i a -i c --fail-on-loss
if command -v jq >/dev/null; then
    "$idtap" report -i a -i b --json >many.json 2>err
    "$idtap" report -i b --json >b.json
    check report-json [ "$(jq -S '.reports[1]' many.json)" = "$(jq -S . b.json)" ]
    check report-json-clocks jq -e '.clocks[1].offset_ns == 3000000 and .clocks[1].uncertainty_ns == 15000' many.json
else
    echo "skip cli:merge-report-json jq is not installed (tools/install-deps check)"
fi
