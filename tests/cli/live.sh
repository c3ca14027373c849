# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What top, alerts and metrics make of a trace of known contents (make_trace.c),
# and that Prometheus reads it. Read in by tests/cli/run, whose functions it uses.

# shellcheck disable=SC2154 # of tests/cli/run
make_trace=$(dirname "$idtap")/cli-tests/make_trace
export TZ=UTC
unset TMOUT

[ -x "$make_trace" ] || { echo "fail cli:live there is no $make_trace (make cli-tests)"; return; }
"$make_trace" known && "$make_trace" pv pv || { echo "fail cli:live make_trace failed"; return; }

# pages NAME N PATTERN: the last output has PATTERN in N lines.
pages() {
    local n
    n=$(grep -cE -- "$3" said)
    if [ "$n" -eq "$2" ]; then
        echo "pass cli:$1"
    else
        echo "fail cli:$1 $n lines have '$3', not $2"
    fi
}

# Ten seconds, one page each; every line of it is known.
try top-batch 0 '^idtap top  22:13:21  known  2 CPUs, 1.00 s, by rate' top -b -i known -s 1
pages top-pages 10 '^idtap top '
pages top-first-guest 6 '^d1 \(web\) +200 +200 +200 +- +200 '
pages top-second-guest 4 '^d1 \(shop\) +200 +200 +200 +- +200 '
pages top-exits 10 '^d1 .* exit +MSR +200  5.00 us  5.00 us  5.00 us  5.00 us    0.1$'
pages top-nmis 2 '^d1 \(web\) +nmi +NMI +2000 '
pages top-lost 1 'LOST 7.00/s, 7 so far'
try top-count 0 'idtap top' top -b -i known -s 1 -n 3
pages top-count-pages 3 '^idtap top '
try top-choice 0 'only -e irq --vector timer' top -b -i known -s 20 -e irq --vector timer
pages top-choice-only 0 'MSR|0xf3|NMI +[0-9]'
try top-by-max 0 'by max' top -b -i known -s 20 --sort max
sed -n '/^DOMAIN .*EVENT/{n;p}' said | grep -q MSR && echo "pass cli:top-sorted" ||
    echo "fail cli:top-sorted $(sed -n '/^DOMAIN .*EVENT/{n;p}' said)"
try top-window 0 'only --cpu 0 --time 3,5' top -b -i known -s 1 --time 3,5 --cpu 0
pages top-window-pages 2 '^idtap top '
pages top-window-exits 2 '^d1 \(web\) +exit +MSR +100  5.00 us '
pages top-window-nmis 2 '^d1 \(web\) +nmi +NMI +20[0-9][0-9] '
try top-window-lost 0 'LOST .* 7 so far' top -b -i known -s 1 --time 8,
try top-window-not-lost 0 '^records .* nothing lost' top -b -i known -s 1 --time 9,
try top-window-live 2 'with -i' top -b --time 3,5
try top-bad-window 2 "--time: '5,3'" top -b -i known --time 5,3
try top-no-terminal 2 'not a terminal; -b' top -i known
try top-bad-sort 2 "'nosuch' is not rate" top --sort nosuch
try top-bad-interval 2 "'0' is not a time" top -b -s 0
try top-bad-count 2 "'x' is not a number" top -b -n x
try top-missing 1 'nowhere' top -b -i nowhere

# PV guests, event channels, INT n, and what interception costs.
try top-pv 0 '^DOMAIN +EXIT/s .* PVTRAP/s UPCALL/s EVTCHN/s  INT_N/s    %XEN$' top -b -i pv -s 1
pages top-pv-domain 2 "^d0 \\(Domain-0\\) .* 100      200      200        - "
pages top-pv-trap 2 '^d0 .* pv-trap +0x0e #PF +100 '
pages top-pv-upcall 2 '^d0 .* pv-upcall exception #PF +100 '
pages top-evtchn 2 '^d0 .* evtchn +port 3 VIRQ TIMER +100  2.00 us  2.00 us  2.00 us  2.00 us      -$'
pages top-evtchn-joined 2 '^d0 .* evtchn +port 7 with d1 +100 .* - +-$'
pages top-swint 2 '^d1 .* swint +0x80 +100 '
pages top-interception 2 'interception: 100 exits/s, 0.0%'
try top-pv-choice 0 'only -e pv-trap,evtchn -d 0' top -b -i pv -s 2 -e pv-trap,evtchn -d 0
pages top-pv-choice-only 0 'upcall +e|swint'

"$idtap" script -i pv --json >said
pages script-upcalls 200 '"event":"pv_upcall".*"vector_name":"#PF"'
pages script-upcalls-no-exception 0 '"vector_name":"#DE"'

# On a terminal: keys are obeyed, and it ends.
if (sleep 1; printf 'o'; sleep 0.3; printf '\033[B\n'; sleep 0.5; printf '\033'
    sleep 0.3; printf '?'; sleep 0.3; printf 'enosuch\n'; sleep 0.3; printf q) |
    TERM=xterm COLUMNS=100 LINES=30 timeout 20 script -qefc \
        "$(printf '%q ' "$idtap") top -i known -s 1" /dev/null >screen 2>&1; then
    missing=
    # Of what changes, curses draws the letters that do.
    for text in 'idtap top' 'cpu' 'in this interval' 'freeze, and go on' nosuch; do
        grep -qa "$text" screen || missing+=" '$text'"
    done
    [ -z "$missing" ] && echo "pass cli:top-screen" ||
        echo "fail cli:top-screen it did not show$missing"
else
    echo "fail cli:top-screen status $?"
fi

# Alerts.
try alert 0 "^idtap: alert: 22:13:24 'class=nmi rate>1000/s': rate 2000/s$" \
    top -b -i known -s 1 --alert 'class=nmi rate>1000/s'
try alert-over 0 "^idtap: alert over: 22:13:26 'class=nmi rate>1000/s', after 2.00 s$" \
    top -b -i known -s 1 --alert 'class=nmi rate>1000/s'
# The command runs beside idtap, and may end after it.
# shellcheck disable=SC2016 # the command's own
try alert-run 0 '^idtap: alert: ' top -b -i known -s 1 \
    --alert 'domain=web class=nmi rate>1000/s' --alert-run \
    'echo $IDTAP_ALERT_STATE $IDTAP_ALERT_DOMAIN_NAME $IDTAP_ALERT_VALUE >>ran'
for ((i = 0; i < 50; i++)); do
    ! grep -qs '^fired web 2000.000$' ran || break
    sleep 0.1
done
[ $i -lt 50 ] && echo "pass cli:alert-ran" ||
    echo "fail cli:alert-ran $(cat ran 2>&1)"
try alert-pv 0 "^idtap: alert: .* 'kind=virq p99>1us': p99 2.00 us$" top -b -i pv -s 1 --alert 'kind=virq p99>1us'
try alert-port 0 "^idtap: alert: .* 'domain=each port=7 rate>=100': rate 100/s$|d0 .*rate 100/s$" \
    top -b -i pv -s 1 --alert 'domain=each port=7 rate>=100'
try alert-bad-kind 2 "'virk' is not a kind of upcall" top -b -i pv --alert 'kind=virk rate>1'
try alert-bad 2 "'vektor' is unknown; did you mean 'vector'" top -b -i known --alert 'vektor=nmi rate>1'
try alert-no-rule 2 'alert-run needs' top -b -i known --alert-run true
try alert-record 2 "'x' is not a number" record --alert 'rate>x'

# The flight recorder's options.
try flight-size 2 "'x' is not a size" record --flight x
try flight-rule 2 "'rat' is unknown" record --flight 1M --trigger 'rat>1'
try flight-for 2 "'for' is for alerts" record --flight 1M --trigger 'rate>1 for=2s'
try flight-rotate 2 'no --rotate' record --flight 1M --rotate 1M
try flight-trigger-alone 2 'need --flight' record --trigger 'rate>1'
try flight-too-large 2 'at most 128M' record --flight 1G
try trigger-nobody 1 'no flight recorder' trigger now

# Metrics.
try metrics 0 '^idtap_vm_exits_total\{domain="1",name="shop",reason="MSR"\} 2000$' metrics --once -i known
cp said metrics.prom
"$idtap" metrics --once -i pv >pv.prom
for want in 'idtap_interrupts_total\{domain="1",name="shop",class="swint",vector="0x80"\} 200' \
    'idtap_pv_traps_total\{domain="0",name="Domain-0",vector="0x0e",where="guest"\} 200' \
    'idtap_pv_upcalls_total\{domain="0",name="Domain-0",kind="event",vector="none"\} 200' \
    'idtap_evtchn_events_total\{domain="0",name="Domain-0",kind="virq",source="TIMER"\} 200' \
    'idtap_evtchn_upcall_seconds_sum\{domain="0",name="Domain-0"\} 0.0004' \
    'idtap_intercepted_exit_seconds_total\{domain="1",name="shop"\} 0.0008'; do
    grep -qE "^$want" pv.prom && echo "pass cli:metrics:${want%%\\*}" ||
        echo "fail cli:metrics:${want%%\\*} no such line"
done
for want in 'idtap_interrupts_total\{domain="1",name="shop",class="nmi",vector="0x02"\} 4000' \
    'idtap_irq_seconds_bucket\{domain="1",name="shop",le="2e-06"\} 2000' \
    'idtap_irq_seconds_sum\{domain="1",name="shop"\} 0.004' \
    'idtap_lost_records_total 7'; do
    grep -qE "^$want" metrics.prom && echo "pass cli:metrics:${want%%\\*}" ||
        echo "fail cli:metrics:${want%%\\*} no such line"
done
try metrics-window 0 '^idtap_vm_exits_total\{domain="1",name="web",reason="MSR"\} 100$' \
    metrics --once -i known --time 3,4 --cpu 1
try metrics-nothing-to-do 2 'is needed' metrics -i known
try metrics-once-needs-trace 2 'needs -i' metrics --once
try metrics-anywhere 2 'others can reach' metrics -i known --listen 0.0.0.0:9
try metrics-bad-address 2 'not ADDRESS:PORT' metrics -i known --listen localhost
try metrics-bad-port 2 'not ADDRESS:PORT' metrics -i known --listen 127.0.0.1:x
if command -v promtool >/dev/null; then
    for page in metrics pv; do
        promtool check metrics <$page.prom >lint 2>&1 && [ ! -s lint ] &&
            echo "pass cli:promtool-$page" || echo "fail cli:promtool-$page $(head -n 1 lint)"
    done
else
    echo "skip cli:promtool there is no promtool on this machine"
fi

# wait_until COMMAND...: at most ten seconds.
wait_until() {
    local n
    for n in {1..100}; do
        "$@" >/dev/null 2>&1 && return
        sleep 0.1
    done
    return 1
}

# A file for the textfile collector.
"$idtap" metrics -i known --textfile out.prom --interval 1s &
server=$!
wait_until test -s out.prom
cmp -s out.prom metrics.prom && echo "pass cli:textfile" || echo "fail cli:textfile it differs"
kill $server
wait $server && echo "pass cli:textfile-end" || echo "fail cli:textfile-end status $?"

if ! command -v curl >/dev/null || ! "$idtap" --version | grep -q libmicrohttpd; then
    echo "skip cli:listen there is no curl, or no libmicrohttpd"
    return
fi

# A socket: nobody else may connect; it goes when the server does.
"$idtap" metrics -i known --listen unix:socket &
server=$!
wait_until test -S socket
get() { curl -s --max-time 5 --unix-socket socket "$@"; }
[ "$(stat -c %a socket)" = 600 ] && echo "pass cli:socket-mode" || echo "fail cli:socket-mode $(stat -c %a socket)"
get http://localhost/metrics | cmp -s - metrics.prom && echo "pass cli:socket" || echo "fail cli:socket it differs"
get -H 'Accept: application/openmetrics-text' http://localhost/metrics | tail -n 1 | grep -q '^# EOF$' &&
    echo "pass cli:openmetrics" || echo "fail cli:openmetrics no EOF"
[ "$(get -o /dev/null -w '%{http_code}' http://localhost/nosuch)" = 404 ] &&
    echo "pass cli:not-found" || echo "fail cli:not-found"
[ "$(get -o /dev/null -w '%{http_code}' -X DELETE http://localhost/metrics)" = 405 ] &&
    echo "pass cli:method" || echo "fail cli:method"
try socket-taken 1 'in use' metrics -i known --listen unix:socket
kill $server
wait $server
[ ! -e socket ] && echo "pass cli:socket-gone" || echo "fail cli:socket-gone"

# Prometheus itself, for a few seconds.
if ! command -v prometheus >/dev/null; then
    echo "skip cli:prometheus there is no prometheus on this machine"
    return
fi
port=$((20000 + RANDOM % 20000))
"$idtap" metrics -i known --listen 127.0.0.1:$port &
server=$!
cat >prometheus.yml <<END
global: { scrape_interval: 200ms, scrape_timeout: 200ms }
scrape_configs:
  - job_name: idtap
    static_configs: [ { targets: [ "127.0.0.1:$port" ] } ]
END
prometheus --config.file=prometheus.yml --storage.tsdb.path=tsdb \
    --web.listen-address=127.0.0.1:$((port + 1)) >prometheus.log 2>&1 &
prometheus=$!
ask() { curl -s --max-time 5 -G "http://127.0.0.1:$((port + 1))/api/v1/query" --data-urlencode "query=$1"; }
# shellcheck disable=SC2016
answered() { ask 'idtap_vm_exits_total{reason="MSR"}' | grep -q '"2000"'; }
wait_until answered && echo "pass cli:prometheus" ||
    echo "fail cli:prometheus $(ask up | head -c 300) $(tail -n 1 prometheus.log)"
ask 'histogram_quantile(0.5, idtap_irq_seconds_bucket)' | grep -qE '"1\.5e-06"|"0\.0000015"' &&
    echo "pass cli:prometheus-histogram" ||
    echo "fail cli:prometheus-histogram $(ask 'histogram_quantile(0.5, idtap_irq_seconds_bucket)')"
kill $prometheus $server
wait $prometheus $server
