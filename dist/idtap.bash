# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# bash completion for idtap.  It knows nothing itself: commands, options and
# their words come from `idtap --complete` of the very idtap that is typed, and
# so from the tables by which that idtap parses (cli/options.c).

# _idtap_kind COMMAND OPTION: "KIND [WORD]..." of the option's value, nothing if
# it takes none.
_idtap_kind() {
    local names kind
    while read -r names kind; do
        case "|$names|" in
        *"|$2|"*) echo "$kind"; return ;;
        esac
    done < <("$idtap" --complete "$1" 2>/dev/null)
}

# _idtap_value KIND [WORD]...: completes what is typed of a value.
_idtap_value() {
    local kind=${1-} head=
    [ $# -eq 0 ] || shift
    case $kind in
    word) mapfile -t COMPREPLY < <(compgen -W "$*" -- "$cur") ;;
    list)
        case $cur in *,*) head=${cur%,*}, ;; esac
        mapfile -t COMPREPLY < <(compgen -P "$head" -W "$*" -- "${cur##*,}")
        compopt -o nospace ;;
    file) compopt -o filenames
          mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
    directory) compopt -o filenames
               mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
    esac
}

_idtap() {
    local idtap=$1 cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
    local command=${COMP_WORDS[1]} kind more i
    COMPREPLY=()

    if [ "$COMP_CWORD" -eq 1 ] || { [ "$COMP_CWORD" -eq 2 ] && [ "$command" = help ]; }; then
        [ "$COMP_CWORD" -eq 2 ] || more='help --help --version'
        mapfile -t COMPREPLY < <(
            compgen -W "$("$idtap" --complete 2>/dev/null) ${more-}" -- "$cur")
        return
    fi

    # What comes after -- is another program's.
    for (( i = 2; i < COMP_CWORD; i++ )); do
        [ "${COMP_WORDS[i]}" != -- ] || {
            [ "$command" != record ] || {
                if declare -F _command_offset >/dev/null; then
                    _command_offset $(( i + 1 ))
                else
                    mapfile -t COMPREPLY < <(compgen -c -- "$cur")
                fi
            }
            return
        }
    done

    # readline takes --option=value apart at the '='.
    if [ "$cur" = = ]; then
        cur=
    elif [ "$prev" = = ] && [ "$COMP_CWORD" -gt 2 ]; then
        prev=${COMP_WORDS[COMP_CWORD - 2]}
    fi

    case $prev in
    -*) kind=$(_idtap_kind "$command" "$prev")
        if [ -n "$kind" ]; then
            # shellcheck disable=SC2086 # a kind, and words
            _idtap_value $kind
            return
        fi ;;
    esac

    case $cur in
    -*) mapfile -t COMPREPLY < <(
            compgen -W "$("$idtap" --complete "$command" 2>/dev/null |
                          sed 's/ .*//; s/|/ /g')" -- "$cur") ;;
    *) [ "$command" != diff ] || _idtap_value directory ;;
    esac
} &&
    complete -F _idtap idtap
