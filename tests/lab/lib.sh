# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# What lab tests share. A test is a file NAME.sh that tests/lab/suite.sh runs in
# dom0, in a shell of its own, with this file read in: it ends at the first
# thing that is not as it should be, through fail(), or passes by reaching its
# end. Files that the outside shall look at go to $OUT, traces among them: every
# trace found there is read by babeltrace2 and by idtap and must agree.

. /lab/lib.sh

OUT=/out/$TEST
mkdir -p "$OUT"

fail() {
    echo "FAIL: $*"
    exit 1
}

# expect STATUS COMMAND...: its output goes to $OUT/last (and is shown).
expect() {
    _want=$1
    shift
    "$@" >"$OUT/last" 2>&1
    _got=$?
    sed 's/^/    | /' "$OUT/last"
    [ "$_got" -eq "$_want" ] || fail "'$*' ended with $_got, not $_want"
}

# said PATTERN: the last expect()ed command printed it.
said() { grep -qE -- "$1" "$OUT/last" || fail "it did not say: $1"; }

# not_attached: nothing of idtap is in Xen.
not_attached() {
    idtap status | grep -q '^tap  *detached' || fail "a tap is still there"
    xenhypfs ls / | grep -q idtap && fail "/idtap is still in hypfs"
    xen-livepatch list | grep -q idtap && fail "the payload is still in Xen"
    return 0
}

# livepatch ACTION NAME [...]: xen-livepatch. Xen gives its CPUs 30 ms to come
# together, which those of an emulator do not always make: then once more. (idtap
# gives them more, and tries again by itself.)
livepatch() {
    for _try in 1 2 3 4 5 6 7 8; do
        xen-livepatch "$@" >"$OUT/livepatch" 2>&1 && return
        grep -qiE 'busy|timed' "$OUT/livepatch" || return
        sleep 0.2
    done
    return 1
}

# textsum: the checksum of what a tap may change in Xen. Xen's console ring is
# short; clearing it makes sure that the line found is the new one. The payload
# says the sum before it is applied, and refuses to be.
textsum() {
    _id=$(idtap status | sed -n 's/^Xen.*build-id //p')
    livepatch upload textsum "/tests/payloads/textsum-$_id.o" || return 1
    for _try in 1 2 3 4 5 6 7 8; do
        xl dmesg -c >/dev/null
        xen-livepatch apply textsum --nodeps >/dev/null 2>&1
        _text=$(xl dmesg | sed -n 's/.*textsum: \([0-9a-f]*\)$/\1/p')
        [ -z "$_text" ] || break
        sleep 0.2
    done
    livepatch unload textsum && echo "$_text" | grep .
}

# same_text SUM: Xen's text has the checksum SUM.
same_text() {
    _sum=$(textsum) || fail "no checksum of Xen's text"
    [ "$_sum" = "$1" ] || fail "Xen's text was $1 and is $_sum"
}

# recorder_begins ARG...: "idtap record" with these goes on in the background, as
# process $recorder, and has the tap. recorder_ends: it was still there, ends well,
# and takes its tap along.
_recording() { idtap status | grep -q "reader *process"; }
recorder_begins() {
    idtap record "$@" >"$OUT/said" 2>&1 &
    recorder=$!
    wait_for 40 _recording || fail "no recorder: $(cat "$OUT/said")"
}
recorder_ends() {
    kill -0 "$recorder" || fail "the recorder ended: $(cat "$OUT/said")"
    kill -INT "$recorder"
    wait "$recorder" || fail "the recorder: status $?: $(cat "$OUT/said")"
    cat "$OUT/said"
    not_attached
}

# Which truth guest the functions below are about; a test may say pvtruth.
TRUTH=truth

# truth_verdict: fails unless the truth guest said SUCCESS. A guest that ended
# without any verdict, or lost a vCPU, may have died of the emulator: the suite
# runs such a test again; what the tap does wrong is wrong every time.
truth_verdict() {
    grep -q 'truth: SUCCESS' "$(guest_console "$TRUTH")" && return
    tail -n 5 "$(guest_console "$TRUTH")"
    if grep -qE 'truth: .*a vcpu is lost' "$(guest_console "$TRUTH")" ||
        ! grep -qE 'truth: (FAILURE|ERROR)' "$(guest_console "$TRUTH")"; then
        fail "EMULATOR? the truth guest ended without a verdict"
    fi
    grep -E 'truth: (mismatch|UNEXPECTED|LOST|case .* FAILURE)' \
        "$(guest_console "$TRUTH")" | head -n 10
    fail "the truth guest did not succeed"
}

# slow_emulator: Bochs, on one CPU.
slow_emulator() { grep -q lab_emulator=bochs /proc/cmdline; }

amd() { grep -q AuthenticAMD /proc/cpuinfo; }

# much SHORT SLOW LONG [SLOW-LONG]: how often, or for how long: as ./check has it, as it
# has it on a slow emulator, and in the long form, of which /tests/long says how many
# percent. The long form on a slow emulator is SLOW-LONG, or five times what is usual
# there.
much() {
    if [ ! -e /tests/long ]; then
        if slow_emulator; then echo "$2"; else echo "$1"; fi
        return
    fi
    if slow_emulator; then set -- 0 0 "${4:-$(($2 * 5))}"; fi
    echo $((($3 * $(cat /tests/long) + 99) / 100))
}

# random N: a number below it.
random() { echo $(($(od -An -N2 -tu2 /dev/urandom) % $1)); }

# For truth guests that loop for minutes beside other work: with all cases, about
# one raise in two million has gone wrong in QEMU (lab/README.md).
# shellcheck disable=SC2034 # for the tests
STEADY=cases=db-step,gp-rdmsr,pf-write,ipi-self,timer-oneshot,event-self

# memory_settled: what Xen has free, in KiB, as soon as that does not change.
_settled() { [ "$(domain_free_memory)" = "$_free" ] || ! _free=$(domain_free_memory); }
memory_settled() {
    _free=0
    wait_for 10 _settled && echo "$_free"
}

# few_pages_lost FREE TIMES: since FREE KiB were free, Xen has lost less than a
# page for each of TIMES things that were done. A few pages are its heap's, which
# does not always give back what it once took.
_few_lost() { [ $(($1 - $(domain_free_memory))) -lt $((4 * $2)) ]; }
few_pages_lost() {
    wait_for 10 _few_lost "$1" "$2" ||
        fail "Xen had $1 KiB free and has $(domain_free_memory), after $2 times"
}

# spared: the truth guest's word for what this emulator has wrong: Debian's own Bochs
# leaves RF clear in the frame of an #AC, and in what an exit for a fault saves. Ours
# is not spared anything that QEMU is (lab/guests/truth/trap.c).
spared() {
    [ "$TRUTH" = truth ] || return 0
    if grep -q lab_emulator=bochs-2.7 /proc/cmdline; then echo " rf=0"
    elif slow_emulator; then echo " strict=1"; fi
}

# truth_ready [WORDS [OPTION...]]: the truth guest exists, paused; WORDS is its
# command line, OPTIONs are xl's.
# On a slow emulator it raises everything, but less often.
truth_ready() {
    destroy_guest "$TRUTH"
    rm -f "$(guest_console "$TRUTH")"
    _words=${1:-}
    [ $# -eq 0 ] || shift
    case $_words in
    *repeat=*|*loop=*) ;;
    *) ! slow_emulator || _words="$_words repeat=6" ;;
    esac
    _words=$_words$(spared)
    xl create -q -p "/guests/$TRUTH.cfg" "cmdline=\"${_words# }\"" "$@" >/dev/null 2>&1 ||
        fail "cannot create the truth guest"
}

# truth_loop [WORDS]: it raises what it can, for ever, until it is destroyed: a
# load. One vCPU: with several, QEMU kills it after a while (lab/README.md).
truth_loop() {
    truth_ready "loop=1 ${1:-}" vcpus=1
    xl unpause "$TRUTH"
}

# truth_run: lets it go, and waits for it to end well.
truth_run() {
    xl unpause "$TRUTH"
    wait_for 100 _gone "$TRUTH" || fail "the truth guest does not end"
    truth_verdict
}

# truth_at_work: the truth guest loops, it goes on from now, and sees nothing
# wrong.
truth_passes() { grep -c 'truth: pass' "$(guest_console "$TRUTH")"; }
_passes_beyond() { [ "$(truth_passes)" -gt "$1" ]; }
truth_at_work() {
    wait_for 60 _passes_beyond "$(truth_passes)" || truth_verdict
    ! grep -E 'truth: .*(FAILURE|ERROR|CRASH|mismatch|UNEXPECTED)' \
        "$(guest_console "$TRUTH")" || truth_verdict
}

# truth_sum KIND: what it counted, summed: "injected", "intercepted", "count".
truth_sum() {
    awk -v kind="$1" '$2 == kind { sub(/n=/, "", $5); n += $5 }
                      END { print n + 0 }' "$(guest_console "$TRUTH")"
}

# adds_up RECORDS DISCARDS TRACE...: what the tap, which stays attached, has
# counted since its counters were that is in the traces, or was dropped and is
# counted there.
trace_sum() {
    idtap report -i "$2" --json 2>/dev/null | awk -v key="\"$1\":" '
        /"cpus":/ { in_cpus = 1 } /"domains":/ { in_cpus = 0 }
        in_cpus && $1 == key { n += $2 } END { printf "%d\n", n }'
}
adds_up() {
    _records=$(($(counters records) - $1)) _discards=$(($(counters discards) - $2))
    shift 2
    _in=0 _out=0
    for _trace in "$@"; do
        _in=$((_in + $(trace_sum records "$_trace")))
        _out=$((_out + $(trace_sum discarded "$_trace")))
    done
    echo "counted $_records and $_discards dropped, traces have $_in and $_out"
    [ "$_in" -gt 0 ] && [ "$_records" -eq "$_in" ] && [ "$_discards" -eq "$_out" ] ||
        fail "records: $_records counted, $_in in the trace; dropped: $_discards, $_out"
}

# counters NODE: the sum of a counter of the attached tap over all CPUs.
counters() {
    _sum=0
    for _cpu in $(xenhypfs ls /idtap | sed -n 's/.* \(cpu[0-9]*\)$/\1/p'); do
        _sum=$((_sum + $(xenhypfs cat "/idtap/$_cpu/$1")))
    done
    echo $_sum
}
