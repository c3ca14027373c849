# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Exactness for PV guests: what they raise, what Xen delivers into them, what it
# takes for itself while it works for them, and their event channels. Once with
# these classes only, once with all of them and FIFO event channels.
# tests/lab/verify compares them outside with what the guest says, vCPU by vCPU,
# vector by vector, port by port.

# shellcheck disable=SC2034 # for lib.sh
TRUTH=pvtruth

# recorded NAME WORDS [OPTIONS]: WORDS are the guest's command line.
recorded() {
    _name=$1 _line=$2
    shift 2
    truth_ready "$_line"
    expect 0 idtap record --fail-on-loss -o "$OUT/$_name" "$@" -- \
        sh -c '. /lab/lib.sh; xl unpause pvtruth; wait_for 100 _gone pvtruth'
    said 'nothing lost'
    truth_verdict
    cp "$(guest_console pvtruth)" "$OUT/$_name.pvtruth"
}

recorded trace-pv '' -e pv-trap,pv-upcall,evtchn
recorded trace-fifo events=fifo
not_attached
