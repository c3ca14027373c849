# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What the benches share: each prints what it has measured as JSON objects, a row
# of the table a line, and words for people on stderr. Sourced, never run.

# row WHAT VALUE UNIT [KEY=TEXT]...: a number and what it is measured against.
#   of=WHAT ratio=N   beside it, in the same run; N times as much or as fast
#   goal=TEXT met=true|false
#   note=TEXT
row() {
    local what=$1 value=$2 unit=$3
    shift 3
    jq -cn --arg what "$what" --argjson value "$value" --arg unit "$unit" \
        '{what: $what, value: $value, unit: $unit} +
         ($ARGS.positional | map(capture("^(?<key>[a-z]+)=(?<value>.*)$")) | from_entries |
          if has("ratio") then .ratio |= tonumber else . end |
          if has("met") then .met |= (. == "true") else . end)' --args "$@"
}

# missing WHAT WHY: it could not be measured.
missing() { jq -cn --arg what "$1" --arg why "$2" '{what: $what, missing: $why}'; }

# ratio A B: A / B, two digits.
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'; }

# at_most A B, at_least A B: as words.
at_most() { awk -v a="$1" -v b="$2" 'BEGIN { print (a <= b) ? "true" : "false" }'; }
at_least() { awk -v a="$1" -v b="$2" 'BEGIN { print (a >= b) ? "true" : "false" }'; }

said() { printf 'bench: %s\n' "$*" >&2; }
