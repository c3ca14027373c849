# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: GPL-2.0-only
# What the Tab key offers: sourced by tests/install/run.

# tab WORD...: the last one is being typed; what is offered, a line each.
tab() {
    bash -c '
        compopt() { :; }
        . "$1"
        shift
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        _idtap "$1" "${!#}" "${COMP_WORDS[COMP_CWORD - 1]}"
        [ ${#COMPREPLY[@]} -eq 0 ] || printf "%s\n" "${COMPREPLY[@]}"' \
        tab "$opt/share/bash-completion/completions/idtap" "$idtap" "$@"
}

# tabs NAME "WORDS THAT ARE OFFERED" WORD...
tabs() {
    local name=$1
    tr ' ' '\n' <<<"$2" | sort >want
    shift 2
    tab "$@" | sort >got
    same "completion:$name" want got
}

tabs commands 'record report repair' re
tabs help-command 'detach diff' help d
tabs classes 'irq,softirq irq,swint' record -e irq,s
tabs after-equals 'exit exception' record --event = ex
tabs sort 'rate cpu mean p99 max name' top --sort ''
tabs tables 'rips' report --table ri
tabs formats 'csv ctf' export -f c
tabs format-of-script 'int' script --format ''
tabs directories 'host1 host2' diff host
mkdir -p only && touch only/page.html
tabs files 'only/page.html' html -o only/p

# Options: all of --help complete, and all that complete are in --help, at least
# by one of their names.
for c in $commands; do
    "$idtap" $c --help >help
    # Those that begin a line, or follow a comma there; and the synopsis'.
    { sed -n 's/^ \{2,6\}\(-.*\)/\1/p' help |
          sed 's/\(  \| [a-z]\).*//; s/,\.\.//g' | grep -oE -- '(^|, ?)--?[a-zA-Z][a-z-]*'
      grep -E '^(Usage:|       idtap|  +\[-)' help | grep -oE -- '[ []--?[a-zA-Z][a-z-]*'
      sed -n 's/^  --ring SIZE, .*/--ring --packet --profile --payload/p' help | tr ' ' '\n'
    } | sed 's/^[^-]*//' | grep -vxE -- '-h|--help' | sort -u >in-help
    tab "$c" - | grep -vxE -- '-h|--help' | sort >offered
    options "$c" >known
    same "completion:$c" known offered
    grep -vxFf known in-help >unknown
    "$idtap" --complete $c | sed 's/ .*//' | while read -r names; do
        tr '|' '\n' <<<"$names" | grep -qxE -- '-h|--help' ||
            tr '|' '\n' <<<"$names" | grep -qxFf in-help || echo "$names"
    done >untold
    if [ -s unknown ] || [ -s untold ]; then
        fail "help-options:$c" "in --help only: $(tr '\n' ' ' <unknown); not in --help: $(tr '\n' ' ' <untold)"
    else
        pass "help-options:$c"
    fi
done
