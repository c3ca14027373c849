# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: GPL-2.0-only
# The services: sourced by tests/install/run. Nothing is started.

units=$opt/lib/systemd/system
for u in idtap-metrics idtap-flight; do
    systemd-analyze verify --man=no "$units/$u.service" >said 2>&1
    status=$?
    grep -v 'Unit .*not found\|Failed to create .*/start' said >found
    [ ! -s found ] && { [ $status -eq 0 ] || [ -s said ]; } && pass "unit:$u" ||
        fail "unit:$u" "$(head -n 2 found | tr '\n' ' ')"
    # A number of systemd's, 10 is the worst; what is needed for Xen is about 3.
    check "unit-exposure:$u" systemd-analyze security --offline=true --threshold=35 "$units/$u.service"
    grep -q '@' <(grep -v '^SystemCallFilter' "$units/$u.service") &&
        fail "unit-filled:$u" "a place is not filled in" || pass "unit-filled:$u"
done

# Their options are ones: with them idtap gets as far as looking for Xen.
# shellcheck disable=SC1091
. "$opt/etc/default/idtap"
alternative=$(sed -n 's/^#METRICS_OPTIONS="\(.*\)"/\1/p' "$opt/etc/default/idtap")
if [ ! -e /proc/xen/capabilities ]; then
    for words in "metrics $METRICS_OPTIONS" "metrics $alternative" "record -o x $FLIGHT_OPTIONS"; do
        # shellcheck disable=SC2086 # words
        "$idtap" $words >said 2>&1
        [ $? -eq 3 ] && pass "unit-options:${words%% *}" ||
            fail "unit-options:${words%% *}" "'$words': $(head -n 1 said)"
    done
fi
