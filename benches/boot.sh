# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# For the benches that boot the lab: one boot with a TSC that counts
# instructions, and the numbers that dom0 brings back.

# boot NAME [--xen VERSION]: runs benches/dom0/NAME.sh there.
boot() {
    local name=$1 overlay status=0
    shift
    make -s all guests payloads bench-lab
    out=out/bench/$name
    rm -rf "$out"
    mkdir -p "$out"
    overlay=$(mktemp -d)
    mkdir -p "$overlay/bench"
    cp -r build/benches/payloads build/benches/guests build/benches/programs \
        benches/dom0/lib.sh "$overlay/bench/"
    cp build/payloads/textsum-*.o build/payloads/harmless-*.o "$overlay/bench/payloads/"
    lab/run --icount --overlay "$overlay" --script "benches/dom0/$name.sh" \
        --out "$out" --timeout "${BOOT_TIMEOUT:-400}" "$@" >"$out/log" 2>&1 || status=$?
    rm -rf "$overlay"
    if [ $status -ne 0 ]; then
        tail -n 20 "$out/log" >&2
        said "the emulated host ended with status $status; see $out"
        exit 1
    fi
}

# least WORDS: the first number of the line that begins with them; it must be
# there.
least() {
    awk -v words="$1 " 'index($0, words) == 1 {
            split(substr($0, length(words) + 1), n, " "); print n[1]; found = 1; exit }
        END { exit !found }' "$out/numbers" ||
        { said "there is no number '$1' in $out/numbers"; exit 1; }
}
