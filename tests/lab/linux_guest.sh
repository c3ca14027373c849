# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# For tests with the Linux load guest; beside tests/lab/lib.sh.

# linux_ready NAME [WORDS [OPTION...]]: a load guest of that name exists, paused;
# WORDS say when its load ends (lab/guests/README.md), OPTIONs are xl's.
linux_ready() {
    destroy_guest "$1"
    rm -f "$(guest_console "$1")"
    _line=$(sed -n 's/^cmdline = "\(.*\)"$/\1/p' /guests/linux.cfg |
            sed 's/load\.[a-z]*=[0-9]*//g')
    _name=$1 _line="$_line ${2:-}"
    shift $(($# > 2 ? 2 : $#))
    set -- "name='$_name'" "cmdline=\"$_line\"" "$@"
    [ "$(xl info nr_cpus)" -gt 1 ] || set -- "$@" "cpus='all'"
    xl create -q -p /guests/linux.cfg "$@" >"$OUT/create" 2>&1 ||
        fail "cannot create a Linux guest: $(tail -n 1 "$OUT/create")"
}

# linux_go NAME: the line that a load with load.wait=1 waits for.
linux_go() {
    echo >"$(xenstore-read "/local/domain/$(xl domid "$1")/console/tty")"
}

# linux_dead NAME: it said nothing of what it found and is no more. An emulator
# may do that to Linux; the suite runs the test again, and what the tap does
# wrong is wrong every time. What the load itself finds wrong is never excused.
linux_dead() {
    tail -n 5 "$(guest_console "$1")"
    grep -q 'load: FAILURE' "$(guest_console "$1")" &&
        fail "the load of $1: $(grep 'load: FAILURE' "$(guest_console "$1")")"
    fail "EMULATOR? the Linux guest $1 ended without a verdict"
}

# linux_verdict NAME: it has ended, and well.
linux_verdict() {
    grep -q 'load: SUCCESS' "$(guest_console "$1")" || linux_dead "$1"
}

# linux_at_work NAME SECONDS: it goes on, from now, and nothing is wrong.
linux_cycle() {
    sed -n 's/^load: cycle \([0-9]*\) ok.*/\1/p' "$(guest_console "$1")" |
        tail -n 1 | grep . || echo 0
}
_beyond() { [ "$(linux_cycle "$1")" -gt "$2" ]; }
linux_at_work() {
    _cycle=$(linux_cycle "$1")
    wait_for "$2" _beyond "$1" "$_cycle" || {
        xl domid "$1" >/dev/null 2>&1 || linux_dead "$1"
        grep -q 'load: FAILURE' "$(guest_console "$1")" && linux_dead "$1"
        fail "the Linux guest $1 does not go on after cycle $_cycle"
    }
    grep -q 'load: FAILURE' "$(guest_console "$1")" && linux_dead "$1"
    return 0
}

# linux_findings NAME: what must be the same in every run on this machine.
linux_findings() { grep -E '^load: (digest|skip)' "$(guest_console "$1")"; }

# linux_caused VECTOR: exits that the tap caused in the domain $linux, of what
# "idtap status --json" said at the end of its work, in $OUT/status.
linux_caused() {
    # shellcheck disable=SC2154 # the test sets it
    awk -v domain="$linux" -v vector="$1" '
        /"caused":/ { in_caused = 1 }
        in_caused && /"domain":/ { mine = $2 + 0 == domain }
        in_caused && mine && /"exits":/ { in_exits = 1; next }
        /\]/ { in_exits = 0 }
        in_exits && v++ == vector { print $1 + 0 }' "$OUT/status"
}

# linux_raised VECTOR: exceptions that the load of $OUT/linux says it raised;
# INT n is none.
linux_raised() {
    sed -n "s/^load: raised vector=$1 n=\([0-9]*\) int=\([0-9]*\).*/\1 \2/p" \
        "$OUT/linux" | awk '{ n = $1 - $2 } END { print n + 0 }'
}

# linux_exact VECTOR[+N]...: of each, as many exits as exceptions; N more than the
# load counted. linux_about VECTOR MORE: as many, or up to MORE more.
linux_about() {
    _caused=$(linux_caused "$1") _raised=$(linux_raised "$1")
    echo "vector $1: raised $_raised, caused $_caused"
    [ "$_raised" -gt 0 ] && [ "$_caused" -ge "$_raised" ] && [ "$_caused" -le $((_raised + $2)) ] ||
        fail "vector $1: $_raised raised, $_caused exits"
}
linux_exact() {
    for _v; do
        _caused=$(linux_caused "${_v%+*}") _raised=$(linux_raised "${_v%+*}")
        case $_v in *+*) _raised=$((_raised + ${_v#*+})) ;; esac
        echo "vector ${_v%+*}: raised $_raised, caused $_caused"
        [ "$_raised" -eq "$_caused" ] || fail "vector ${_v%+*}: $_raised raised, $_caused exits"
    done
    [ "$(linux_raised 6)" -gt 0 ] || fail "the load has counted nothing"
}
