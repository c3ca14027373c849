# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What the lab's commands share: where things live, how they speak, how they
# fail, and what the words --cpu and --xen may say. Sourced, never run. It
# does no work when sourced, and nothing in it needs the emulator or a network.

# Exit statuses of lab/run; the other commands use LAB_USAGE only.
# shellcheck disable=SC2034
LAB_USAGE=100 LAB_TIMEOUT=120 LAB_LOST=121 LAB_PANIC=122 LAB_WARNED=123

lab_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repo_dir=$(dirname "$lab_dir")
cache_dir=${IDTAP_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/idtap}

# The Xen builds that the lab is tested with, in order of preference.
pinned_xen=(
    '4.17.5+72-g01140da4e8-1'
    '4.17.7+13-g2445b30a44-0+deb12u1'
)

# No step fails without a word: whatever set -e stops at is named here.
set -E
trap 'printf "lab: %s, line %s: a step failed\n" "${BASH_SOURCE[0]}" "$LINENO" >&2; exit "$LAB_USAGE"' ERR

say() { printf 'lab: %s\n' "$*" >&2; }

# die WHAT-FAILED [WHAT-TO-DO]...: one line each, then the set-up status.
die() {
    printf 'lab: %s\n' "$1" >&2
    shift
    if [ $# -gt 0 ]; then printf '     %s\n' "$@" >&2; fi
    exit "$LAB_USAGE"
}

# need_value OPTION COUNT: an option that takes a value was given one.
need_value() { [ "$2" -ge 2 ] || die "$1 needs a value" "see --help"; }

# with_lock NAME: from here to the end of this process, nobody else holds it.
# The descriptor is closed in children that outlive us by nobody: commands that
# take a lock start no background processes.
with_lock() {
    local fd
    mkdir -p "$cache_dir" || die "cannot make the cache directory $cache_dir" \
        "set IDTAP_CACHE to a directory that you may write"
    exec {fd}>"$cache_dir/$1.lock"
    flock -n "$fd" || { say "waiting for another lab ($cache_dir/$1.lock)"; flock "$fd"; }
}

# load_emulator NAME: one file per emulated CPU; see emulator-svm.sh for what
# such a file provides.
load_emulator() {
    [ -f "$lab_dir/emulator-$1.sh" ] || die "no emulator for --cpu $1" \
        "there is: $(cd "$lab_dir" && printf '%s ' emulator-*.sh | sed 's/emulator-//g; s/\.sh//g')"
    # shellcheck source-path=SCRIPTDIR source=emulator-svm.sh
    . "$lab_dir/emulator-$1.sh"
}

# full_xen_version WORD: 4.17.5 becomes the pinned version that starts so.
full_xen_version() {
    local pinned
    for pinned in "${pinned_xen[@]}"; do
        case $pinned in "$1"|"$1"+*) echo "$pinned"; return ;; esac
    done
    echo "$1"
}

# packages_of SET: the names listed for "xen" or "base" in dom0/packages.
packages_of() { awk -v set="$1" '$1 == set { print $2 }' "$lab_dir/dom0/packages"; }
