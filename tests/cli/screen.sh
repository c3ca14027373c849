# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # idtap, work: of run
# What is on top's screen, as tmux has it: the help page, on screens of several
# sizes. Read in by tests/cli/run, after live.sh, whose trace and functions it uses.

if ! command -v tmux >/dev/null || ! "$idtap" --version | grep -q ncurses; then
    echo "skip cli:screen there is no tmux on this machine, or no ncurses in idtap"
    return
fi

echo 'set -g status off; set -g default-terminal screen; set -g default-size 80x24' >tmux.conf
mux() { env -u TMUX tmux -S "$work/tmux" -f tmux.conf "$@"; }
on_screen() { mux capture-pane -p | grep -qE -- "$1"; }

# shows NAME PATTERN: within ten seconds a line has PATTERN.
shows() {
    if wait_until on_screen "$2"; then
        echo "pass cli:screen-$1"
    else
        echo "fail cli:screen-$1 no '$2': $(mux capture-pane -p | tail -n 2 | tr '\n' '|')"
    fi
}

mux new-session -d -x 80 -y 24 "$(printf '%q ' "$idtap") top -i known -s 1"
shows begins '^q quit '
mux send-keys '?'
shows help '^1-20 of [0-9]+  up down PgUp PgDn  Esc back  q quit$'
shows help-begins '^Keys$'
mux send-keys Down
shows help-down '^2-21 of '
mux send-keys NPage
shows help-end '^[0-9]+-([0-9]+) of \1 '
shows help-ends 'swint .*\(--intercept\)$'
mux send-keys Up Up PPage
shows help-up '^1-20 of '
# Smaller while it is shown: it is broken anew, and can be read to its end.
mux resize-window -x 40 -y 12
shows help-small '^1-8 of [0-9]+  up down PgUp PgDn  Esc back$'
mux send-keys NPage
shows help-small-next '^8-15 of '
mux send-keys End
shows help-small-end '^[0-9]+-([0-9]+) of \1 '
shows help-small-ends '\(--intercept\)$'
mux send-keys Home
shows help-small-home '^1-8 of '
mux send-keys End
# Larger: all of it, and no empty lines instead of its beginning.
mux resize-window -x 80 -y 40
shows help-large '^Esc back  q quit$'
shows help-large-begins '^Keys$'
shows help-large-ends '\(--intercept\)$'
mux resize-window -x 80 -y 24
shows help-again '^1-20 of '
mux send-keys Escape
shows help-left '^q quit |^the end of the trace'
mux send-keys q
gone() { ! mux has-session 2>/dev/null; }
wait_until gone && echo "pass cli:screen-quit" || { echo "fail cli:screen-quit it runs"; mux kill-server; }
