#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# `idtap diff` of synthetic traces: what was changed is found, what chance did is
# not, domains are matched by name, and numbers are those of `idtap report`.
#
# Usage: tests/cli/diff.sh IDTAP   (see tests/cli/scene.c)
set -uo pipefail

idtap=$1 scene=$(dirname "$1")/cli-tests/scene make_trace=$(dirname "$1")/cli-tests/make_trace
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

# status NAME WANT PATTERN ARG...: what it says, on either stream, has PATTERN.
status() {
    local name=$1 want=$2 pattern=$3 got=0
    shift 3
    "$idtap" diff "$@" >said 2>&1 || got=$?
    if [ $got -eq "$want" ] && grep -qE -- "$pattern" said; then
        echo "pass cli:diff-$name"
    else
        echo "fail cli:diff-$name status $got, not $want, or not '$pattern': $(head -n 1 said)"
    fi
}
# query NAME FILTER: of diff.json, which jq finds true.
query() {
    if jq -e "$2" diff.json >said 2>&1; then echo "pass cli:diff-$1"
    else echo "fail cli:diff-$1 $(head -c 200 said)"; fi
}

[ -x "$scene" ] || { echo "skip cli:diff $scene is not there: make cli-tests"; exit 0; }

"$scene" before records=100000 &&
"$scene" again records=100000 seed=99 &&
"$scene" after records=150000 seed=7 rate=170 slow=300 dbid=9 &&
"$scene" renamed records=100000 db=other &&
"$scene" lossy records=100000 seed=99 lose=1 || exit 1

status same 0 'or more: 0;.* tell: 0$' before before -t 0 --fail-above 0
# The storm of db's interrupts is one event, which chance may make larger.
status chance 0 'or more: 0;' -d web before again --fail-above 10
status changed 0 '^db +irq +0x31 irq 24, of guest .*\+[0-9]+%' before after
status fail-above 1 '^Changed' before after --fail-above 50
status fail-above-not 0 '^Changed' before after --fail-above 100000
status new 1 '^other .* new' before renamed --fail-above 100000
status gone 0 '^db .* gone' before renamed
status new-only-after 0 'or more: 0;' -d web before renamed
status loss 1 'rates are too low' before lossy --fail-above 100
status loss-said 0 'More records were lost' before lossy
# PV guests and event channels; a stretch of time, and some CPUs.
status pv-upcall 0 'or more: 0; by less, or by chance: 2; ' -e pv-upcall before before
"$make_trace" pv pv || exit 1
status pv-new 0 '^shop +swint +0x80 .* new' before pv
status pv-trap 0 '^Domain-0 +pv-trap +0x0e #PF .* new' before pv
status pv-upcalls 0 '^Domain-0 +pv-upcall +exception #PF .* new' before pv
status evtchn 0 '^Domain-0 +evtchn +virq TIMER .* new .* 2.00 us' before pv
status evtchn-with 0 '^Domain-0 +evtchn +with shop .* new' before pv
status evtchn-gone 0 '^web +evtchn +with web .* gone' before pv
status window 0 'or more: 0;' before before --time 0.1,0.2 --cpu 0,1 -t 0
status bad-window 2 'time' before before --time 3,2
status one-trace 2 'two traces' before
status three-traces 2 'too much' before after again
status bad-threshold 2 "'x' is not a percentage" -t x before after
status negative 2 'not a percentage' -t -5 before after
status json-and-csv 2 'exclude' --json --csv before after
status unknown-domain 2 'nosuch' -d nosuch before after
status missing 1 'nowhere' before nowhere
cp -r before half && truncate -s -100 half/cpu0
status damaged 1 'idtap repair' before half
status options-behind 0 'Changed by 50' before after -t 50

"$idtap" diff --csv before after >csv
if [ "$(wc -l <csv)" -gt 5 ] &&
   [ "$(sed 's/"[^"]*"/x/g' csv | awk -F, '{ print NF }' | sort -u | wc -l)" -eq 1 ]; then
    echo "pass cli:diff-csv"
else
    echo "fail cli:diff-csv $(head -n 2 csv)"
fi

command -v jq >/dev/null || {
    echo "skip cli:diff-json jq is not installed (tools/install-deps check)"; exit 0; }
"$idtap" diff --json -t 0 before after >diff.json
for t in before after; do "$idtap" report -i $t --json >$t.json; done
query json-storm '[.rows[] | select(.domain == "db" and .name == "0x51" and .change.per_s > 100)] | length == 2'
query json-slow '[.rows[] | select(.kind == "exit" and .name == "MSR" and .change.mean_ns > 50)] | length == 2'
query json-order '[.rows[] | select(.new or .gone)] | length == 0'
# Counts, rates, durations: as the report has them, by name.
for t in before after; do
    jq -r '.duration_ns as $ns | .domains[] | .name as $d | .exits[] |
        "\($d) \(.name) \(.count) \(.count * 1e9 / $ns | round) \(.time.mean_ns) \(.time.p99_ns)"' $t.json |
        sort >want
    jq -r ".rows[] | select(.kind == \"exit\") | .domain + \" \" + .name + \" \" + (.$t |
        \"\\(.count) \\(.per_s | round) \\(.mean_ns | floor) \\(.p99_ns)\")" diff.json | sort >got
    # Rows that did not change are left out.
    if [ -s got ] && [ -z "$(comm -13 want got)" ]; then echo "pass cli:diff-numbers-$t"
    else echo "fail cli:diff-numbers-$t $(comm -13 want got | head -n 1)"; fi
done
"$idtap" diff --json -e irq before after >diff.json
query only-irq '[.rows[].kind] | unique == ["irq"]'
