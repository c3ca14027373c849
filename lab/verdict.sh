# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# How a run ended: fetches the results from the disk, reads the console, and
# decides on lab/run's exit status. Silence is never success: without a result
# on the disk the run failed, and the reason is looked for, the gravest first.
# shellcheck disable=SC2154 # the variables are lab/run's

# console_lines KIND: what the console has of it (lab/console-patterns).
console_lines() {
    local patterns=$work/patterns
    sed -n "s/^$1 //p" "$lab_dir/console-patterns" >"$patterns"
    sed -n 's/^fine //p' "$lab_dir/console-patterns" >"$patterns.fine"
    if [ "$1" = warn ]; then printf '%s\n' "${expected[@]}" | sed '/^$/d' >>"$patterns.fine"; fi
    tr -d '\r\000' <"$lab_console" | { grep -a -v -E -f "$patterns.fine" || true; } |
        { grep -a -E -f "$patterns" || true; }
}

show_some() { # FILE
    head -n 8 "$1" | sed 's/^/     | /' >&2
}

verdict() { # the emulator's exit status
    local word='' status=0 tar_status=0 result=$LAB_LOST
    read -r word status tar_status _ < <(head -c 511 "$lab_disk" | tr -d '\000') || true
    console_lines panic >"$work/panic"
    console_lines warn >"$work/warn"

    if [ "$word" = 'done' ]; then
        tar -x -f <(tail -c +$((1024 * 1024 + 1)) "$lab_disk" 2>/dev/null) --no-same-owner --warning=no-timestamp \
            -C "$work" || tar_status=1
        if [ -d "$work/var/log/xen" ]; then cp -r "$work/var/log/xen" "$out/xen-log"; fi
        if [ -d "$work/out" ]; then cp -r "$work/out/." "$out/"; fi
        if [ "$tar_status" != 0 ]; then say "some of /out did not come back (too much for the disk?)"; fi
    fi
    timing

    if [ -s "$work/panic" ]; then
        say "the host panicked:"
        show_some "$work/panic"
        result=$LAB_PANIC
    elif [ "$word" = 'done' ]; then
        result=$(( status > 99 ? 99 : status ))
        if [ -s "$work/warn" ]; then
            say "the console has warnings:"
            show_some "$work/warn"
            if [ "$result" = 0 ]; then result=$LAB_WARNED; fi
        fi
        if [ "$tar_status" != 0 ] && [ "$result" = 0 ]; then result=$LAB_LOST; fi
    elif [ "$1" = 124 ] || [ "$1" = 137 ] && [ "$timeout" -gt 0 ] && [ "$(elapsed)" -ge "$timeout" ]; then
        say "time-out: $timeout s were not enough (the $(stage)); the console's end:"
        tr -d '\r\000' <"$lab_console" | tail -n 8 >"$work/end"
        show_some "$work/end"
        result=$LAB_TIMEOUT
    else
        if [ "$word" = failed ]; then
            say "dom0 did not come up: $status $tar_status"
        else
            say "host lost: the emulator ended (status $1) without a result (the $(stage))"
        fi
        if [ -s "$work/emulator.log" ]; then show_some "$work/emulator.log"; fi
        if [ -s "$work/warn" ]; then show_some "$work/warn"; fi
    fi
    if [ "$keep_out" = no ] && { [ "$result" = 0 ] || [ -z "$script" ]; }; then
        rm -rf "$out"
    elif [ "$result" -ge 100 ]; then
        say "console: $lab_console"
    fi
    exit "$result"
}

elapsed() { echo $(( ${EPOCHREALTIME%.*} - ${started%.*} + 1 )); }

stage() { if [ -f "$work/up" ]; then echo "script was running"; else echo "script had not begun"; fi; }

timing() {
    local up=''
    [ "$verbose" = yes ] && [ -n "$script" ] || return 0
    if [ -f "$work/up" ]; then up=$(cat "$work/up"); fi
    awk -v start="$started" -v up="$up" -v end="$EPOCHREALTIME" 'BEGIN {
        if (up) printf "lab: script began after %.1f s, took %.1f s with switching off\n", up - start, end - up
        else printf "lab: the script did not begin in %.1f s\n", end - start }' >&2
}
