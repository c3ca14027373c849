#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# `idtap html`: pages of synthetic traces, opened in a browser without a screen:
# the tables say what `idtap report --json` says, the address zooms, what guests
# are called is text and nothing else, a large trace makes no large page.
#
# Usage: tests/cli/html.sh IDTAP   (see tests/cli/scene.c)
set -uo pipefail

idtap=$(realpath "$1") scene=$(realpath "$(dirname "$1")/cli-tests/scene")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

pass() { echo "pass cli:html-$1"; }
fail() { echo "fail cli:html-$1 ${*:2}"; }
# check NAME COMMAND...: passes if the command succeeds.
check() {
    local name=$1
    shift
    if "$@" >said 2>&1; then pass "$name"; else fail "$name" "$(head -c 300 said)"; fi
}
# status NAME WANT PATTERN ARG...
status() {
    local name=$1 want=$2 pattern=$3 got=0
    shift 3
    "$idtap" html "$@" >said 2>&1 || got=$?
    if [ $got -eq "$want" ] && grep -q -- "$pattern" said; then pass "$name"
    else fail "$name" "status $got, not $want: $(head -n 1 said)"; fi
}

[ -x "$scene" ] || { echo "skip cli:html $scene is not there: make cli-tests"; exit 0; }

name='</script><img src=x onerror=alert(1)>"&'
"$scene" trace records=6000 host='<h1>&"x' db="$name" || exit 1
"$scene" lossy records=6000 lose=1 || exit 1
"$scene" large records=1000000 cpus=16 || exit 1

# Files and exit statuses.
status writes 0 'wrote page.html' -i trace -o page.html
status default-name 0 'wrote idtap.html' -i trace
"$idtap" html -i trace -o - >stdout.html 2>/dev/null
check stdout cmp page.html stdout.html
status full-disk 1 'No space left' -i trace -o /dev/full
status no-such-directory 1 'cannot write nowhere/page.html' -i trace -o nowhere/page.html
status loss 4 'records were lost' -i lossy -o lossy.html --fail-on-loss
status large 0 'wrote' -i large -o large.html
check small-page [ "$(stat -c %s large.html)" -lt 8000000 ]
check needs-no-network [ "$(grep -cE 'https?://|<link|<img|<script[^>]* src' page.html)" -eq 0 ]
mkdir half && cp trace/metadata trace/cpu0 half && truncate -s -100 half/cpu0
status damaged 1 'idtap repair' -i half -o half.html
check damaged-has-page grep -q 'complete":false' half.html

if ! command -v chromium >/dev/null || ! command -v jq >/dev/null; then
    echo "skip cli:html-browser chromium or jq is not installed (tools/install-deps check)"
    exit 0
fi

# browse NAME=PAGE#ADDRESS...: the documents as scripts have made them, as NAME.dom;
# what the browser's console has heard is in `console`. Each page in a frame of one
# that hands them out when all are there: a browser takes seconds to start.
browse() {
    {
        echo '<!DOCTYPE html><meta charset=utf-8>'
        printf '<iframe width=1366 height=3000 src="%s"></iframe>\n' "${@#*=}"
        cat <<'END'
<script>
onload = () => {
    const doms = [...document.querySelectorAll("iframe")].map(frame =>
        btoa(unescape(encodeURIComponent(frame.contentDocument.documentElement.outerHTML))));
    document.body.replaceChildren(Object.assign(document.createElement("script"),
        {type: "text/plain", textContent: "\n" + doms.join("\n") + "\n"}));
};
</script>
END
    } >frames.html
    timeout 90 chromium --headless --no-sandbox --disable-gpu --enable-logging=stderr \
        --allow-file-access-from-files --user-data-dir="$work/profile" \
        --window-size=1400,3100 --dump-dom "file://$work/frames.html" 2>stderr |
        grep -E '^[A-Za-z0-9+/=]+$' >doms
    grep CONSOLE stderr >console
    for page in "${@%%=*}"; do
        read -r dom
        base64 -d <<<"$dom" >"$page.dom"
    done <doms
}
# silent PAGE: of it, the console has heard nothing.
silent() { ! grep "/$1" console; }
# cells ROW-PREFIX: of a document on stdin, a line per table row: its name, and
# the exact values of its cells.
cells() {
    sed 's/<tr/\n<tr/g' | sed -n "s/^<tr data-row=\"\\($1[^\"]*\\)\".*/&/p" |
        awk '{ line = $0; sub(/^<tr data-row="/, "", line); sub(/".*/, "", line)
               while (match($0, /data-v="[^"]*"/)) {
                   line = line " " substr($0, RSTART + 8, RLENGTH - 9)
                   $0 = substr($0, RSTART + RLENGTH) }
               print line }' |
        sed 's/&lt;/</g; s/&gt;/>/g; s/&quot;/"/g; s/&amp;/\&/g' | sort
}

# Keys, mouse and buttons: a script at the end of the page uses them.
cat page.html - >used.html <<'END'
<script>
(() => {
    const chart = document.getElementById("chart"), said = [];
    const look = what => said.push(what + "=" + location.hash);
    const key = k => chart.dispatchEvent(new KeyboardEvent("keydown", {key: k, bubbles: true}));
    key("+"); look("in");
    key("ArrowRight"); look("right");
    key("-"); look("out");
    key("0"); look("all");
    const axis = document.getElementById("axis").getBoundingClientRect();
    const lane = document.querySelector("#lanes canvas");
    const at = (type, part) => lane.dispatchEvent(new PointerEvent(type, {bubbles: true, button: 0,
        clientX: axis.left + part * axis.width, clientY: lane.getBoundingClientRect().top + 5}));
    chart.setPointerCapture = () => {};
    at("pointermove", 0.3);
    said.push("tip=" + document.getElementById("tip").textContent.replaceAll("\n", ";"));
    at("pointerdown", 0.25); at("pointermove", 0.5); at("pointerup", 0.5); look("drag");
    const head = document.querySelector("#tables thead th:nth-child(8) button");
    head.click();
    said.push("sort=" + head.parentNode.getAttribute("aria-sort"));
    said.push("sorted=" + [...document.querySelector("#tables tbody").rows].map(r =>
        Number(r.cells[7].dataset.v ?? -1)).every((v, i, a) => !i || a[i - 1] >= v));
    document.querySelector("#longest button").click(); look("longest");
    document.body.append(Object.assign(document.createElement("pre"),
        {textContent: "\n" + said.join("\n") + "\n"}));
})();
</script>
END
mkdir empty && cp trace/metadata trace/meta empty
status empty 0 'wrote' -i empty -o empty.html
# A page of less.
status window 0 'wrote' -i trace -o window.html --time 0.004,0.006 --cpu 0,2

at=$("$idtap" script -i trace --json 2>/dev/null |
    jq -r 'select(.event == "evtchn") | .time_ns' | head -n 1)
browse page=page.html zoom='page.html#t=0.004,0.006' records='page.html#t=0.0040,0.0041' \
    used=used.html empty=empty.html window=window.html \
    words="page.html#t=$(awk "BEGIN { printf \"%.9f,%.9f\", ($at - 100) / 1e9, ($at + 5000) / 1e9 }")" \
    lossy=lossy.html large=large.html

cp page.dom dom
check no-console-errors silent page.html
check ready grep -q '<html[^>]* data-ready="yes"' dom
check name-is-text [ "$(grep -c '<img' dom)" -eq 0 ]
check name-is-shown grep -q '&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;' dom
check host-is-text grep -q '<title>&lt;h1&gt;&amp;"x - idtap</title>' dom

# The timeline has every event of the report.
in_view() { # CLASS: of a document on stdin, events of all pCPUs
    sed 's/<tr/\n<tr/g' | sed -n 's/^<tr id="in-view-all"/&/p' |
        sed 's/<td/\n<td/g' | sed -n "s/.*data-v=\"\([0-9]*\)\" data-what=\"events $1\".*/\1/p"
}
"$idtap" report -i trace --json >report.json 2>/dev/null
for pair in exit:exits irq:irqs softirq:softirqs; do
    check "timeline-has-all-${pair%:*}" [ "$(in_view "${pair%:*}" <dom)" -eq \
        "$(jq "[.domains[].${pair#*:}[].count] | add" report.json)" ]
done

# Tables: every row of the report, with its count; and of exits, all times.
jq -r 'def hex: . as $n | "0x" + ([($n / 16 | floor), $n % 16] | map("0123456789abcdef"[. : . + 1]) | add);
    def vector: (.vector | hex) + (if .name then " " + .name else "" end);
    .domains[] | .domain as $d |
    (.exits[] | "exits|\($d)|\(.name)|\(.count)"),
    (.injected[] | "injected|\($d)|\(vector)|\(.count)"),
    (.exceptions[] | "exceptions|\($d)|\(vector)|\(.count)"),
    (.caused[] | "caused|\($d)|\(if .vector == null then "INT n" else vector end)|\(.count)"),
    (.swints[] | "swints|\($d)|\(.vector | hex)|\(.count)"),
    (.pv_traps[] | "pv_traps|\($d)|\(vector)\(if .in_xen then " in Xen" else "" end)|\(.count)"),
    (.pv_upcalls[] | "pv_upcalls|\($d)|\(.name)\(if .vector == null then "" elif .vector == 14 then " #PF" else " " + (.vector | hex) end)|\(.count)"),
    (.evtchns[] | "evtchns|\($d)|port \(.port) \(.name) \(.source_name // .source)|\(.count)"),
    (.irqs[] | "irqs|\($d)|" + (if .irq then "\(.vector | hex) irq \(.irq), of \(.owner)" else vector end) + "|\(.count)"),
    (.softirqs[] | "softirqs|\($d)|\(.softirq) \(.name)|\(.count)"),
    (.lapic[]? | "lapic|\($d)|\(.vector | hex)|\(.accepted)")' report.json | sort >want
cells '' <dom | sed 's/\(|[0-9]*\) [0-9. e-]*$/\1/' >got
check rows-of-report diff got want
check rows-are-there [ "$(wc -l <want)" -gt 20 ]
jq -r '.domains[] | .domain as $d | .exits[] | "exits|\($d)|\(.name)|\(.count) " +
    ([.count, .time.sum_ns, .time.min_ns, .time.mean_ns, .time.p99_ns, .time.max_ns] | map(tostring) | join(" "))' \
    report.json | sort >want
cells 'exits' <dom | awk '{ print $1, $2, $5, $6, $7, $8, $9 }' >got
check times-of-report diff got want
check heat-map-has-all grep -q "id=\"heat\"[^>]* data-count=\"$(jq '[.domains[].exits[] | select(.name != "HLT") | .time.count] | add' report.json)\"" dom

near() { echo "$1, not $2"; [ -n "$1" ] && [ $(($1 - $2)) -ge -2 ] && [ $(($1 - $2)) -le 2 ]; }

# The address zooms: the view, its counts, and its records.
cp zoom.dom dom
check zoom-view grep -q 'id="view"[^>]*>0.00400 s to 0.00600 s: 2.00 ms<' dom
"$idtap" script -i trace --json 2>/dev/null |
    jq -r 'select(.cpu != null and .time_ns >= 4000000 and .time_ns <= 6000000) | .event' |
    sort | uniq -c >events
for pair in irq:irq_enter exit:vm_exit softirq:softirq_enter lapic:lapic_accept \
    pv-upcall:pv_upcall evtchn:evtchn; do
    want=$(awk -v e="${pair#*:}" '$2 == e { print $1 }' events)
    got=$(in_view "${pair%:*}" <dom)
    # A bin at either edge may be partly in view.
    check "zoom-counts-${pair%:*}" near "$got" "$want"
done
check zoom-records grep -q "id=\"records-table\" data-count=\"$(awk '{ n += $1 } END { print n }' events)\"" dom

cp records.dom dom
want=$("$idtap" script -i trace --json 2>/dev/null |
    jq -s '[.[] | select(.cpu != null and .time_ns >= 4000000 and .time_ns <= 4100000)] | length')
check zoom-lists-records [ "$(sed 's/<td/\n<td/g' dom | grep -c '^<td class="text">pCPU')" -eq "$want" ]

# What the keys and the mouse did.
cp used.dom dom
check used-no-console-errors silent used.html
sed -n 's/.*id="data-timeline">//p' page.html >timeline.json
# view WHAT: length and beginning of the view after it, in parts of the trace.
view() {
    sed -n "s/^$1=#t=\([0-9.-]*\),\([0-9.-]*\)$/\1 \2/p" dom |
        awk -v all="$(jq .span_ns timeline.json)" \
            '{ printf "%.2f %.2f\n", ($2 - $1) * 1e9 / all, $1 * 1e9 / all }'
}
check key-zooms-in [ "$(view in)" = "0.50 0.25" ]
check key-pans [ "$(view right)" = "0.50 0.35" ]
check key-zooms-out grep -qE '^out=#?$' dom
check drag-zooms [ "$(view drag)" = "0.25 0.25" ]
check tip-tells grep -qE '^tip=pCPU 0 at .*(guest runs|idle|PV guest|VM exit)' dom
check sorts grep -q '^sort=descending' dom
check sorted grep -q '^sorted=true' dom
check longest-zooms [ -n "$(view longest)" ]

cp empty.dom dom
check empty-no-console-errors silent empty.html
check empty-is-said grep -q 'id="warnings"[^>]*>No record of a pCPU' dom

cp window.dom dom
check window-no-console-errors silent window.html
check window-counts [ "$(in_view exit <dom)" -eq "$("$idtap" script -i trace --json --time 0.004,0.006 \
    --cpu 0,2 2>/dev/null | grep -c '"event":"vm_exit"')" ]
check window-lanes [ "$(grep -o 'aria-label="Timeline of pCPU [0-9]*"' dom | sort -u | wc -l)" -eq 2 ]

check zoom-words grep -q '>port 7, interdomain 1<' words.dom
check loss-is-said grep -q 'id="warnings"[^>]*>[0-9,]* records were lost' lossy.dom
check large-no-console-errors silent large.html
check large-ready grep -q '<html[^>]* data-ready="yes"' large.dom
