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

# textsum: the checksum of what a tap may change in Xen. Xen's console ring is
# short; clearing it makes sure that the line found is the new one.
textsum() {
    _id=$(idtap status | sed -n 's/^Xen.*build-id //p')
    xl dmesg -c >/dev/null
    xen-livepatch upload textsum "/tests/payloads/textsum-$_id.o" \
        >/dev/null || return 1
    xen-livepatch apply textsum --nodeps >/dev/null 2>&1
    xen-livepatch unload textsum >/dev/null || return 1
    xl dmesg | sed -n 's/.*textsum: \([0-9a-f]*\)$/\1/p' | grep .
}

# same_text SUM: Xen's text has the checksum SUM.
same_text() {
    _sum=$(textsum) || fail "no checksum of Xen's text"
    [ "$_sum" = "$1" ] || fail "Xen's text was $1 and is $_sum"
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
    fail "the truth guest did not succeed"
}

# slow_emulator: Bochs, which has Intel's CPUs.
slow_emulator() { grep -q GenuineIntel /proc/cpuinfo; }

# truth_ready [WORDS]: the truth guest exists, paused; WORDS is its command line.
# On a slow emulator it raises everything, but less often.
truth_ready() {
    destroy_guest "$TRUTH"
    rm -f "$(guest_console "$TRUTH")"
    _words=${1:-}
    case $_words in
    *repeat=*|*loop=*) ;;
    *) ! slow_emulator || _words="$_words repeat=15" ;;
    esac
    xl create -q -p "/guests/$TRUTH.cfg" "cmdline=\"${_words# }\"" >/dev/null 2>&1 ||
        fail "cannot create the truth guest"
}

# truth_run: lets it go, and waits for it to end well.
truth_run() {
    xl unpause "$TRUTH"
    wait_for 100 _gone "$TRUTH" || fail "the truth guest does not end"
    truth_verdict
}

# truth_sum KIND: what it counted, summed: "injected", "intercepted", "count".
truth_sum() {
    awk -v kind="$1" '$2 == kind { sub(/n=/, "", $5); n += $5 }
                      END { print n + 0 }' "$(guest_console "$TRUTH")"
}

# counters NODE: the sum of a counter of the attached tap over all CPUs.
counters() {
    _sum=0
    for _cpu in $(xenhypfs ls /idtap | sed -n 's/.* \(cpu[0-9]*\)$/\1/p'); do
        _sum=$((_sum + $(xenhypfs cat "/idtap/$_cpu/$1")))
    done
    echo $_sum
}
