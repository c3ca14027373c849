# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: GPL-2.0-only
# The manual: that each command has a page, with its options and no others, and
# that the examples work. Sourced by tests/install/run.

man=$opt/share/man
for c in $commands; do
    page=$man/man1/idtap-$c.1
    [ -f "$page" ] || { fail "man:$c" "it has no page"; continue; }
    grep -q "^\\\\fBidtap-$c\\\\fR(1)" "$man/man1/idtap.1" ||
        fail "man:$c" "idtap(1) does not name it"
    LC_ALL=C.UTF-8 man -l "$page" 2>/dev/null | col -b >text
    # Lines of the options' own, and what they name before their value.
    sed -n 's/^       \(-.*\)/\1/p' text | sed 's/=.*//' |
        grep -oE -- '(^|, )--?[a-zA-Z][a-z-]*' | sed 's/^, //' | sort -u >in-man
    options "$c" >known
    # "status [--json]" stands as a line of options, too.
    same "man-options:$c" known in-man
done
for p in "$man"/man[15]/*; do
    LC_ALL=C.UTF-8 MANWIDTH=80 man --warnings -l "$p" 2>said >text
    if [ -s said ] || ! grep -q '^EXAMPLES' text; then
        fail "man-page:${p##*/}" "no EXAMPLES, or: $(head -n 2 said)"
    else
        pass "man-page:${p##*/}"
    fi
done
for p in $(cat "$repo"/man/*.scd "$repo"/man/parts/*.scd | grep -oE '\*idtap[a-z-]*\*\([0-9]\)' |
               sed 's/\*//g' | sort -u); do
    n=${p#*(} n=${n%)}
    [ -f "$man/man$n/${p%(*}.$n" ] || fail man-references "$p is named and is not there"
done
pass man-references

# examples PAGE: the commands of its section EXAMPLES.
examples() { sed -n '/^# EXAMPLES/,/^# SEE/p' "$1" | grep '^idtap '; }

# What asks Xen: refused for the want of one, not for its words; and each option
# is one (the same on a Xen host, where it is not run).
needs_xen() {
    local words status c=$2 o
    case " $* " in
    *' --help '*|*' -i '*|*' --once '*) return 1 ;;
    esac
    case $c in
    attach|detach|status|record|top|metrics|trigger|filter) ;;
    *) return 1 ;;
    esac
    for o in "$@"; do
        [ "$o" != -- ] || break
        case $o in
        -*) options "$c" | grep -qxF -- "${o%%=*}" ||
                { echo "$o is no option of it"; return 0; } ;;
        esac
    done
    # Xen is looked for before the lists are: script knows the same.
    for (( o = 3; o < $#; o++ )); do
        case ${!o} in
        -e|--vector)
            words=("${@:o:2}")
            "$idtap" script -i idtap-trace "${words[@]}" >/dev/null 2>said || head -n 1 said ;;
        esac
    done
    [ ! -e /proc/xen/capabilities ] || return 0
    timeout 20 "$idtap" "${@:2}" >/dev/null 2>said
    status=$?
    # trigger looks for a recorder first.
    [ $status -eq 3 ] || { [ "$c" = trigger ] && [ $status -eq 1 ]; } ||
        echo "status $status: $(head -n 1 said)"
}

mkdir -p examples && cp -r idtap-trace host1 host2 before after examples && cd examples || exit 1
for p in "$repo"/man/*.scd; do
    n=0
    while read -r line; do
        n=$((n + 1)) why=
        name="man-example:$(basename "$p" .scd):$n"
        eval "set -- $line"
        if why=$(needs_xen "$@"); then
            [ -z "$why" ] && pass "$name" || fail "$name" "'$line': $why"
            continue
        fi
        # A screen's worth of it is enough: pipes that close are no errors.
        timeout 60 "$idtap" "${@:2}" >out 2>said
        status=$?
        if [ $status -ne 0 ]; then
            fail "$name" "'$line': status $status: $(head -n 1 said)"
        elif [ ! -s out ] && ! grep -qE -- ' -o |repair|idtap html' <<<"$line"; then
            fail "$name" "'$line' says nothing"
        else
            pass "$name"
        fi
    done < <(examples "$p" | grep -v '^idtap help')
    [ $n -gt 0 ] || fail "man-example:$(basename "$p" .scd)" "there is none"
done
for f in idtap.html page.html trace.csv trace.pftrace exits records.csv; do
    [ -s $f ] || fail man-example-files "$f was not written"
done
pass man-example-files
cd "$work" || exit 1

# The example of a profile is in the language of profiles.
sed -n '/^# EXAMPLES/,/^# SEE/p' "$repo/man/idtap-profile.5.scd" | sed -n 's/^\t//p' >shown
awk '{ print $1 }' shown | sort -u >words
awk 'NF && !/^#/ { print $1 }' "$repo"/profiles/*.profile | sort -u >want
same man-profile-words want words
