# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# `idtap export` and the programs that read what it writes: each must count what
# idtap itself counts. Sourced by tests/cli/run, in its scratch directory, with
# $idtap, $tests and try().

# shellcheck disable=SC2154 # set by tests/cli/run
generator=$(dirname "$idtap")/cli-tests/exporttrace
cache=${IDTAP_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/idtap}

# same NAME A B: two texts that ought to be equal, and not empty.
same() {
    if [ -n "$2" ] && [ "$2" = "$3" ]; then
        echo "pass cli:export-$1"
    else
        echo "fail cli:export-$1 $(diff <(echo "$2") <(echo "$3") | head -n 3 | tr '\n' ' ')"
    fi
}

# without NAME PROGRAM: says so, if there is no such program.
without() {
    command -v "$2" >/dev/null && return 1
    echo "skip cli:export-$1 there is no $2 on this machine"
}

# tell PROGRAM ARG...: its output, and nothing of what it says beside.
tell() { "$@" 2>/dev/null; }

# once COMMAND TRACE ARG...: what it says of a trace; nobody changes those that all
# this is about.
once() {
    local said=once.${*//[^a-z0-9_]/.}
    [ -e "$said" ] || "$@" >"$said"
    cat "$said"
}

# What idtap counts: "EVENT VECTOR COUNT", sorted; words are script's.
count_records() {
    tell "$idtap" script -i "$@" --json |
        jq -r 'select(.cpu != null) | "\(.event) \(.vector)"' |
        sort | uniq -c | awk '{ print $2, $3, $1 }'
}
counts() { once count_records "$1"; }

# Upcalls: "VECTOR NAME KIND COUNT", sorted; 0 without a name is no vector.
count_upcalls() {
    tell "$idtap" script -i "$@" --json |
        jq -r 'select(.event == "pv_upcall") | "\(.vector) \(.vector_name // "-") \(.kind_name)"' |
        sort | uniq -c | awk '{ print $2, $3, $4, $1 }'
}
upcalls() { once count_upcalls "$1"; }

# By exit reason: "REASON COUNT TIMED SUM MIN MAX", in ns, sorted.
exit_times() {
    tell "$idtap" report -i "$@" --json | jq -r '.domains[].exits[] |
        "\(.reason) \(.count) \(.time.count) \(.time.sum_ns) \(.time.min_ns) \(.time.max_ns)"' | sort
}

# By kind and number: "softirq 0 COUNT TIMED SUM", sorted.
other_times() {
    tell "$idtap" report -i "$1" --json | jq -r '.domains[] |
        (.softirqs[] | select(.count > 0) | "softirq_enter \(.softirq) \(.count) \(.time.count // 0) \(.time.sum_ns // 0)"),
        (.irqs[] | "irq_enter \(.vector) \(.count) \(.time.count // 0) \(.time.sum_ns // 0)"),
        (.nmis[] | "nmi_enter 2 \(.count) \(.time.count // 0) \(.time.sum_ns // 0)")' | sort
}

losses() {
    tell "$idtap" report -i "$@" --json | jq -r '.cpus[] | "\(.cpu) \(.discarded) \(.lost_packets)"'
}

check_jsonl() {
    without jsonl jq && return
    tell "$idtap" export -f jsonl -i "$1" -o out.jsonl --force
    same "$1-jsonl-is-script" "$(md5sum <out.jsonl)" "$(tell "$idtap" script -i "$1" --json | md5sum)"
    same "$1-jsonl-jq" "$(jq -s length out.jsonl)" "$(tell "$idtap" script -i "$1" | wc -l)"
}

check_csv() {
    tell "$idtap" export -f csv -i "$1" >out.csv
    same "$1-csv-counts" "$(counts "$1")" \
        "$(awk -F, 'NR == 1 { for ( i = 1; i <= NF; i++ ) at[$i] = i }
            { gsub(/"[^"]*""[^"]*""[^"]*"/, "name") }
            NR > 1 && $at["cpu"] != "" { n[$at["event"] " " $at["vector"]]++ }
            END { for ( k in n ) print k, n[k] }' out.csv | sort)"
    same "$1-csv-upcalls" "$(upcalls "$1")" \
        "$(awk -F, 'NR == 1 { for ( i = 1; i <= NF; i++ ) at[$i] = i }
            { gsub(/"[^"]*""[^"]*""[^"]*"/, "name") }
            $at["event"] == "pv_upcall" {
                name = $at["vector_name"]
                n[$at["vector"] " " (name ? name : "-") " " $at["kind_name"]]++
            }
            END { for ( k in n ) print k, n[k] }' out.csv | sort)"
    same "$1-csv-columns" 1 "$(sed 's/"[^"]*""[^"]*""[^"]*"/name/g' out.csv |
        awk -F, '{ print NF }' | sort -u | wc -l)"
}

check_ctf() {
    local choice
    without ctf babeltrace2 && return
    for choice in '' '-e irq,nmi' '-e inject --vector 0xf3' '-d 7'; do
        rm -rf out.ctf
        # shellcheck disable=SC2086 # several words
        tell "$idtap" export -f ctf -i "$1" -o out.ctf $choice
        # shellcheck disable=SC2086
        same "$1-ctf${choice// /}-script" "$("$idtap" script -i out.ctf -e all 2>&1; echo .)" \
            "$("$idtap" script -i "$1" ${choice:--e all} 2>&1; echo .)"
        same "$1-ctf${choice// /}-babeltrace" "$(tell "$idtap" script -i out.ctf | wc -l)" \
            "$(tell babeltrace2 out.ctf | wc -l)"
        same "$1-ctf${choice// /}-losses" "$(once losses "$1")" "$(losses out.ctf)"
    done
    same "$1-ctf-times" "$(once exit_times "$1")" "$(rm -rf out.ctf
        tell "$idtap" export -f ctf -i "$1" -o out.ctf; exit_times out.ctf)"
}

check_sqlite() {
    local q="sqlite3 -separator \  out.db"
    "$idtap" --version | grep -q sqlite ||
        { echo "skip cli:export-sqlite this build lacks SQLite"; return; }
    without sqlite sqlite3 && return
    rm -f out.db
    tell "$idtap" export -f sqlite -i "$1" -o out.db
    same "$1-sqlite-integrity" ok "$(eval "$q" "'PRAGMA integrity_check'")"
    same "$1-sqlite-schema" "$(eval "$q" .schema | grep -c '^CREATE')" \
        "$(tell "$idtap" export -f sqlite --schema | grep -c '^CREATE')"
    same "$1-sqlite-counts" "$(counts "$1")" "$(eval "$q" \
        "'SELECT event, vector, sum(count) FROM vector_counts GROUP BY 1, 2'" | sort)"
    same "$1-sqlite-records" "$(counts "$1" | sort -k1,1 | awk '{ n += $3 } END { print n }')" \
        "$(eval "$q" "'SELECT count(*) FROM records WHERE event IS NOT NULL AND wall_ns > time_ns'")"
    same "$1-sqlite-upcalls" "$(upcalls "$1")" "$(eval "$q" "'SELECT vector,
        coalesce(vector_name, \"-\"), kind, count(*) FROM records
        WHERE event = \"pv_upcall\" GROUP BY 1, 2, 3'" | sort)"
    same "$1-sqlite-upcall-counts" "$(upcalls "$1" | awk '{ n[$1 " " $2] += $4 }
        END { for ( k in n ) print k, n[k] }' | sort)" "$(eval "$q" "'SELECT vector,
        coalesce(vector_name, \"-\"), sum(count) FROM vector_counts
        WHERE event = \"pv_upcall\" GROUP BY vector, vector_name'" | sort)"
    same "$1-sqlite-exits" "$(once exit_times "$1")" "$(eval "$q" \
        "'SELECT reason, count, timed, sum_ns, min_ns, max_ns FROM exit_summary'" | sort)"
    same "$1-sqlite-durations" "$(other_times "$1")" "$(eval "$q" \
        "'SELECT event, vector, count, timed, coalesce(sum_ns, 0) FROM durations'" | sort)"
    same "$1-sqlite-losses" "$(once losses "$1" | awk '$2 || $3'; echo .)" "$(eval "$q" \
        "'SELECT cpu, sum(records), sum(packets) FROM loss GROUP BY cpu'"; echo .)"
}

# Waits and service, where nothing is lost: then all are told.
check_sqlite_lapic() {
    "$idtap" --version | grep -q sqlite || return
    without sqlite-lapic sqlite3 && return
    same "$1-sqlite-lapic" "$(tell "$idtap" report -i "$1" --json | jq -r '.domains[].lapic[]? |
            "\(.accept_to_inject.count) \(.accept_to_inject.sum_ns) \(.inject_to_eoi.count) \(.inject_to_eoi.sum_ns)"')" \
        "$(sqlite3 -separator ' ' out.db "SELECT a.n, a.t * 1000000 / khz, b.n, b.t * 1000000 / khz FROM
            (SELECT count(*) AS n, sum(ticks) AS t FROM lapic_wait) a,
            (SELECT count(*) AS n, sum(ticks) AS t FROM lapic_service) b,
            (SELECT value AS khz FROM metadata WHERE key = 'tsc_khz')")"
}

# Names of slices and instants, as often as a reader of the schema finds them.
# shellcheck disable=SC2154 # set by tests/cli/run
perfetto_counts() {
    protoc --decode=Trace -I "$tests" "$tests/perfetto.proto" <out.pftrace | awk '
        /^  packet|^packet/ { kind = ""; iid = ""; at = "" }
        /^  interned_data/ { at = "data" }
        /^  track_event/ { at = "event" }
        at == "data" && /^    event_names/ { at = "name" }
        at == "name" && /^      iid:/ { new = $2 }
        at == "name" && /^      name:/ { sub(/^ *name: "/, ""); sub(/"$/, ""); name[new] = $0; at = "data" }
        at == "event" && /^    type:/ { kind = $2 }
        at == "event" && /^    name_iid:/ { iid = $2 }
        /^}/ { if ( kind == "TYPE_SLICE_END" ) ends++; else if ( kind != "" ) { n[iid]++; if ( kind == "TYPE_SLICE_BEGIN" ) begins++ } }
        /^ *[0-9]+[:{ ]/ { unknown++ }
        END { for ( i in n ) print name[i] "|" n[i]
              print "slices without end|" begins - ends; print "unknown fields|" unknown + 0 }' | sort
}

check_perfetto() {
    without perfetto protoc && return
    tell "$idtap" export -f perfetto -i "$1" -o out.pftrace --force
    protoc --decode_raw <out.pftrace >raw.txt 2>&1
    same "$1-perfetto-decode-raw" "$(grep -c '^1 {' raw.txt)" \
        "$(protoc --decode=Trace -I "$tests" "$tests/perfetto.proto" <out.pftrace | grep -c '^packet {')"
    perfetto_counts >names.txt
    same "$1-perfetto-sound" "slices without end|0 unknown fields|0" \
        "$(grep -E '^(slices without end|unknown fields)' names.txt | paste -sd ' ')"
    same "$1-perfetto-exits" "$(tell "$idtap" report -i "$1" --json |
            jq -r '.domains[].exits[] | "\(.name)|\(.count)"' | sort)" \
        "$(grep -E '^[A-Z_]+\|' names.txt | grep -vE '^(NMI|TIMER|SCHEDULE)\|')"
    same "$1-perfetto-others" "$(counts "$1" | awk '
            $1 == "irq_enter" { printf "irq 0x%02x|%d\n", $2, $3 }
            $1 == "nmi_enter" { print "NMI|" $3 }
            $1 ~ /^lapic|^inject|^exception|^swint/ { printf "%s 0x%02x|%d\n", $1, $2, $3 }' | sort)" \
        "$(sed -nE 's/^((irq|inject|exception|swint|lapic_accept|lapic_eoi) 0x[0-9a-f]+)[^|]*\|/\1|/p; /^NMI\|/p' names.txt | sort)"
    same "$1-perfetto-pv" "$({ counts "$1" | awk '
            $1 == "evtchn" { print "evtchn virq|" $3 }
            $1 == "pv_trap" { printf "%s 0x%02x #PF|%d\n", $1, $2, $3 }'
        upcalls "$1" | awk '
            $3 == "event" { print "pv_upcall event|" $4 }
            $3 == "exception" { printf "pv_upcall 0x%02x %s|%d\n", $1, $2, $4 }'; } | sort)" \
        "$(grep -E '^(pv_|evtchn )' names.txt)"
    same "$1-perfetto-softirqs" "$(tell "$idtap" report -i "$1" --json |
            jq -r '.domains[].softirqs[] | (select(.count > 0) | "\(.name)|\(.count)"), (select(.raised > 0) | "raise \(.name)|\(.raised)")' | sort)" \
        "$(grep -E '^(raise |TIMER\||SCHEDULE\|)' names.txt)"
}

# xenalyze is in xen-utils-common, which also sets up a Xen host: only the
# program is taken out of the package, and nothing installed.
find_xenalyze() {
    local dir=$cache/xenalyze
    command -v xenalyze && return
    if [ ! -x "$dir/xenalyze" ]; then
        mkdir -p "$dir" &&
            (cd "$dir" && apt-get -qq download xen-utils-common &&
             dpkg-deb --fsys-tarfile xen-utils-common_*.deb |
             tar -x --strip-components=3 ./usr/bin/xenalyze) >/dev/null 2>&1
    fi
    [ -x "$dir/xenalyze" ] && echo "$dir/xenalyze"
}

check_xentrace() {
    local xenalyze mode=()
    xenalyze=$(find_xenalyze) ||
        { echo "skip cli:export-xentrace there is no xenalyze, and it cannot be downloaded"; return; }
    case $1 in svm*) mode=(--svm-mode) ;; esac
    tell "$idtap" export -f xentrace -i "$1" >out.xen
    if ! "$xenalyze" "${mode[@]}" --cpu-hz=2.4G -s out.xen >summary.txt 2>complaints.txt; then
        echo "fail cli:export-$1-xentrace xenalyze fails: $(tail -n 1 complaints.txt)"
        return
    fi
    same "$1-xentrace-accepted" "none" \
        "$(grep -E 'FATAL|ERROR|Not processing|unexpected|Strange, (next|prev|p->current|sched)' complaints.txt || echo none)"
    "$xenalyze" "${mode[@]}" --cpu-hz=2.4G -a out.xen >dump.txt 2>/dev/null
    same "$1-xentrace-exits" "$(counts "$1" | awk '$1 == "vm_exit" { n += $3 } $1 == "vm_entry" { m += $3 } END { print n, m }')" \
        "$(grep -c ' vmexit exit_reason ' dump.txt) $(grep -c ' vmentry' dump.txt)"
    same "$1-xentrace-injected" \
        "$(tell "$idtap" script -i "$1" --json | jq -r 'select(.event == "inject") |
            if .type != 0 then "inj_exc" else "inj_virq \(.vector)" end' | sort | uniq -c)" \
        "$(sed -nE 's/.* inj_virq vec ([0-9]+).*/inj_virq \1/p; s/.* inj_exc .*/inj_exc/p' dump.txt | sort | uniq -c)"
    same "$1-xentrace-irqs" "$(counts "$1" | awk '$1 == "irq_exit" && $2 == 49 { print $3 }')" \
        "$(grep -c ' irq_handled irq 10 ' dump.txt)"
    same "$1-xentrace-pv-traps" "$(counts "$1" | awk '$1 == "pv_trap" { print $3 }')" \
        "$(grep -c ' trap e eip 402000 ec 6' dump.txt)"
    same "$1-xentrace-losses" "$(once losses "$1" | awk '{ n += $2 } END { print n }')" \
        "$(awk '/ lost_records count / { for ( i = 1; i < NF; i++ ) if ( $i == "count" ) n += $(i + 1) }
            END { print n + 0 }' dump.txt)"
}

# By what the schema says, a row begins with the host's name: a coarse look; the
# unit tests have the fine one.
check_rowbinary() {
    tell "$idtap" export -f rowbinary -i "$1" >out.rows
    same "$1-rowbinary" "$(tell "$idtap" script -i "$1" | wc -l)" \
        "$(grep -aoF "$(printf '\004host')" out.rows | wc -l)"
}

# Debian's package of the server sets one up, so only the program is taken out of
# it; its library is in clickhouse-common.
find_clickhouse() {
    local dir=$cache/clickhouse
    command -v clickhouse-server && return
    if [ ! -x "$dir/clickhouse-server" ]; then
        mkdir -p "$dir" &&
            (cd "$dir" && apt-get -qq download clickhouse-server &&
             dpkg-deb --fsys-tarfile clickhouse-server_*.deb |
             tar -x --strip-components=3 ./usr/sbin/clickhouse-server) >/dev/null 2>&1
    fi
    ldd "$dir/clickhouse-server" 2>/dev/null | grep -q 'not found' && return 1
    [ -x "$dir/clickhouse-server" ] && echo "$dir/clickhouse-server"
}

ask_clickhouse() { # QUERY
    curl -sS --max-time 20 --data-binary "$1" "http://127.0.0.1:$clickhouse_port/" 2>&1
}

# ClickHouse itself, for a few seconds: it takes the table's definition and the
# rows, and gives back what csv says.
check_clickhouse() {
    local t server pid columns n=0
    without clickhouse curl && return
    server=$(find_clickhouse) ||
        { echo "skip cli:export-clickhouse there is no clickhouse-server, nor can it be downloaded"; return; }
    clickhouse_port=$((20000 + RANDOM % 20000))
    mkdir clickhouse
    cat >clickhouse/config.xml <<END
<yandex>
    <logger><level>warning</level><console>1</console></logger>
    <listen_host>127.0.0.1</listen_host><http_port>$clickhouse_port</http_port>
    <tcp_port>$((clickhouse_port + 1))</tcp_port>
    <mark_cache_size>1000000</mark_cache_size>
    <path>$PWD/clickhouse/db/</path><tmp_path>$PWD/clickhouse/tmp/</tmp_path>
    <users_config>$PWD/clickhouse/users.xml</users_config>
    <default_profile>default</default_profile><default_database>default</default_database>
</yandex>
END
    # 18.16 calls columns of this type an experiment; newer ones need no word.
    cat >clickhouse/users.xml <<END
<yandex>
    <profiles><default>
        <allow_experimental_low_cardinality_type>1</allow_experimental_low_cardinality_type>
    </default></profiles>
    <users><default>
        <password></password><networks><ip>127.0.0.1</ip></networks>
        <profile>default</profile><quota>default</quota>
    </default></users>
    <quotas><default></default></quotas>
</yandex>
END
    "$server" --config-file="$PWD/clickhouse/config.xml" >clickhouse/log 2>&1 &
    pid=$!
    until ask_clickhouse 'SELECT 1' | grep -q '^1$'; do
        if [ $((++n)) -gt 200 ] || ! kill -0 $pid 2>/dev/null; then
            echo "fail cli:export-clickhouse it does not start: $(tail -n 1 clickhouse/log)"
            kill $pid 2>/dev/null
            return
        fi
        sleep 0.1
    done
    ask_clickhouse "$(tell "$idtap" export -f rowbinary --schema | grep -v ^--)" >said
    same clickhouse-schema . ".$(cat said)"
    for t in "$@"; do
        tell "$idtap" export -f rowbinary -i "$t" >out.rows
        curl -sS --max-time 20 --data-binary @out.rows \
            "http://127.0.0.1:$clickhouse_port/?query=INSERT+INTO+idtap_records+FORMAT+RowBinary" >said 2>&1
        same "$t-clickhouse-insert" . ".$(cat said)"
        tell "$idtap" export -f csv -i "$t" | sed 's/"[^"]*""[^"]*""[^"]*"/name/g' >out.csv
        # All but text that any guest may have chosen.
        columns=$(head -n 1 out.csv | tr , '\n' | grep -vE '^(domain_name|name|raw)$' | paste -sd ,)
        same "$t-clickhouse-rows" \
            "$(awk -F, -v names="$columns" '
                NR == 1 { for ( i = 1; i <= NF; i++ ) at[$i] = i; n = split(names, want, ","); next }
                { line = ""; for ( i = 1; i <= n; i++ ) line = line $at[want[i]] "\t"; print line }' out.csv |
                sort | md5sum)" \
            "$(ask_clickhouse "SELECT $columns, '' FROM idtap_records FORMAT TabSeparated" |
                sed 's/\\N//g' | sort | md5sum)"
        same "$t-clickhouse-uuid" "$(tell "$idtap" report -i "$t" --json | jq -r .uuid)" \
            "$(ask_clickhouse 'SELECT DISTINCT trace FROM idtap_records' | tr -d -)"
        ask_clickhouse 'TRUNCATE TABLE idtap_records' >/dev/null
    done
    kill $pid
    wait $pid 2>/dev/null
}

# A third of the time: what script and report say of it.
check_window() {
    local last third t
    last=$(tell "$idtap" script -i "$1" --json | jq -r .time_ns | tail -n 1)
    third=$((last / 3))ns,+$((last / 3))ns
    t=$(tell "$idtap" script -i "$1" --json --time "$third" | md5sum)
    same "$1-window-jsonl" "$t" "$(tell "$idtap" export -f jsonl -i "$1" --time "$third" | md5sum)"
    same "$1-window-some" "less" "$(tell "$idtap" script -i "$1" --time "$third" | wc -l |
        awk -v all="$(tell "$idtap" script -i "$1" | wc -l)" '{ print ($1 > 10 && $1 < all / 2) ? "less" : "not" }')"
    rm -rf out.ctf
    tell "$idtap" export -f ctf -i "$1" -o out.ctf --time "$third"
    same "$1-window-ctf" "$t" "$(tell "$idtap" script -i out.ctf --json | md5sum)"
    same "$1-window-ctf-losses" "$(once losses "$1" --time "$third")" "$(losses out.ctf)"
    # After a loss before the window nothing is paired until it is over; of that
    # the copy does not know.
    [[ $1 == *lossy ]] ||
        same "$1-window-ctf-times" "$(once exit_times "$1" --time "$third")" "$(exit_times out.ctf)"
    "$idtap" --version | grep -q sqlite && command -v sqlite3 >/dev/null || return
    tell "$idtap" export -f sqlite -i "$1" -o out.db --force --time "$third"
    same "$1-window-sqlite-exits" "$(once exit_times "$1" --time "$third")" "$(sqlite3 -separator ' ' out.db \
        'SELECT reason, count, timed, sum_ns, min_ns, max_ns FROM exit_summary' | sort)"
    same "$1-window-sqlite-losses" "$(once losses "$1" --time "$third" | awk '$2 || $3'; echo .)" \
        "$(sqlite3 -separator ' ' out.db 'SELECT cpu, sum(records), sum(packets) FROM loss GROUP BY cpu'; echo .)"
}

export_errors() {
    local f
    mkdir -p full
    try export-no-format 2 'jsonl, csv, ctf, perfetto' export -i plain
    try export-near-format 2 "did you mean 'perfetto'" export -f perfeto -i plain
    try export-unknown-format 2 'there are jsonl, csv, ctf, perfetto, sqlite, xentrace, rowbinary' \
        export -f pcap -i plain
    try export-needs-output 2 'needs a directory of its own' export -f ctf -i plain
    try export-schema 0 'CREATE TABLE' export -f rowbinary --schema
    try export-no-schema 2 'no table definitions' export -f csv --schema
    try export-time 2 'not a window of time' export -f csv -i plain --time x
    try export-missing-trace 1 'nowhere' export -f csv -i nowhere
    echo keep >there.csv
    try export-exists 1 'exists already' export -f csv -i plain -o there.csv
    same exists-is-kept keep "$(cat there.csv)"
    "$idtap" export -f csv -i plain -o there.csv --force
    same force-replaces "$("$idtap" export -f csv -i plain | md5sum)" "$(md5sum <there.csv)"
    # Compressed by its name; the directory of a CTF trace may be called anything.
    for f in jsonl csv perfetto xentrace rowbinary; do
        "$idtap" export -f $f -i svm -o out.$f.zst
        same "zst-$f" "$("$idtap" export -f $f -i svm | md5sum)" \
            "$(zstd -dcq out.$f.zst | md5sum)"
    done
    same zst-is-small 1 "$(($(stat -c %s out.jsonl.zst) * 5 < $("$idtap" export -f jsonl -i svm | wc -c)))"
    (trap '' XFSZ; ulimit -f 1; "$idtap" export -f jsonl -i svm -o full/out.zst) >said 2>&1
    same zst-full "1 " "$? $(ls full)"
    same zst-leaves-no-part 0 "$(find . -name '*.part' | wc -l)"
    try export-zst-sqlite 1 'cannot be compressed' export -f sqlite -i plain -o out.db.zst
    "$idtap" export -f ctf -i plain -o trace.zst
    same zst-ctf yes "$([ -f trace.zst/metadata ] && echo yes)"
    try export-no-directory 1 'No such file' export -f csv -i plain -o none/x.csv
    try export-onto-itself 1 'is the trace that is read' export -f ctf -i plain -o plain --force
    try export-into-itself 1 'lies within the trace' export -f csv -i plain -o plain/x.csv
    try export-dev-full 1 'No space left' export -f csv -i plain -o /dev/full
    "$idtap" export -f csv -i plain >/dev/full 2>said
    [ $? -eq 1 ] && grep -q 'No space' said && echo "pass cli:export-stdout-full" ||
        echo "fail cli:export-stdout-full $(cat said)"
    "$idtap" export -f jsonl -i svm 2>said | head -n 1 >/dev/null
    [ "${PIPESTATUS[0]}" -eq 1 ] && [ ! -s said ] && echo "pass cli:export-closed-pipe" ||
        echo "fail cli:export-closed-pipe $(cat said)"

    # A disk that fills up midway, and nothing left behind.
    for f in jsonl csv ctf perfetto sqlite xentrace rowbinary; do
        "$idtap" export --help | grep -q "$f .*not in this build" && continue
        (trap '' XFSZ; ulimit -f 64; "$idtap" export -f $f -i svm -o full/out) >said 2>&1
        if [ $? -ne 1 ] || ! grep -qE 'full/out: .*(File too large|disk I/O error)' said; then
            echo "fail cli:export-$f-full $(cat said)"
        elif [ -n "$(ls full)" ]; then
            echo "fail cli:export-$f-full it leaves $(ls full)"
        else
            echo "pass cli:export-$f-full"
        fi
        rm -rf full/*
    done

    # A trace cut short: what is there comes out, and the status tells.
    cp -r plain short && truncate -s -100 short/cpu1
    try export-damaged 1 'short/cpu1.*offset' export -f csv -i short -o short.csv
    same damaged-is-script "$(tell "$idtap" script -i short | wc -l)" \
        "$(($(wc -l <short.csv) - 1))"
}

run_export() {
    local t
    if [ ! -x "$generator" ]; then
        echo "fail cli:export there is no $generator: make cli-tests"
        return
    fi
    "$generator" svm svm 700
    "$generator" svm-lossy svm 700 lossy
    "$generator" vmx-lossy vmx 700 lossy
    "$generator" plain vmx 40

    for t in svm svm-lossy vmx-lossy; do
        if ! without "$t" jq; then
            check_jsonl "$t"
            check_csv "$t"
            check_ctf "$t"
            check_sqlite "$t"
            [ "$t" != svm ] || check_sqlite_lapic "$t"
            check_window "$t"
            check_perfetto "$t"
            check_xentrace "$t"
        fi
        check_rowbinary "$t"
    done
    check_clickhouse svm-lossy vmx-lossy
    export_errors
}
run_export
