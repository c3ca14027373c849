# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Attach refuses, changes nothing and says why: no profile, wrong profile,
# wrong payload, a tap that is there, somebody who may not.

before=$(textsum) || fail "no checksum of Xen's text"
id=$(idtap status | sed -n 's/^Xen.*build-id //p')
profile=$(grep -l "$id" /usr/lib/idtap/profiles/*.profile)
[ -n "$profile" ] || fail "no profile for $id"

unchanged() {
    not_attached
    same_text "$before"
}

# No profile for this build.
mkdir -p "$OUT/lib/profiles"
cp /usr/lib/idtap/tap.o "$OUT/lib/"
expect 3 env IDTAP_LIBDIR="$OUT/lib" idtap attach
said "$id"
said 'make-profile'
unchanged

# A profile for another build.
sed "s/$id/0123456789012345678901234567890123456789/" "$profile" >"$OUT/p"
expect 3 idtap attach --profile "$OUT/p"
said 'another build'

# A profile that is no profile, and one that is not there.
echo hello >"$OUT/p"
expect 1 idtap attach --profile "$OUT/p"
said "$OUT/p:1"
expect 3 idtap attach --profile /nonexistent

# One site that is not where the profile says: the instruction before it, and
# the last of all sites, so that all others would have been changed by then.
awk '/^site/ { last = NR } { line[NR] = $0 } END {
    for ( i = 1; i <= NR; i++ ) {
        if ( i == last ) { n = split(line[i], w, " ")
            w[4] = substr(w[4], 1, length(w[4]) - 1) "0"
            line[i] = w[1] " " w[2] " " w[3] " " w[4] }
        print line[i] } }' "$profile" >"$OUT/p"
expect 1 idtap attach --profile "$OUT/p"
said 'call site'
xl dmesg | grep -q 'idtap: refused: site' || fail "no details on Xen's console"
unchanged

# Every number of the profile, wrong by 8, one at a time; with an HVM guest
# there, whose vCPUs can speak too.
truth_ready
numbers=$(sed -n 's/^\(offset\|address\) \([^ ]*\).*/\2/p' "$profile")
tried=0
for name in $numbers; do
    value=$(awk -v name="$name" '$2 == name { print $3 }' "$profile")
    wrong=$(printf '0x%x' $((value + 8)))
    awk -v name="$name" -v wrong="$wrong" '
        ($1 == "offset" || $1 == "address") && $2 == name { $3 = wrong }
        { print }' "$profile" >"$OUT/p"
    expect 1 idtap attach --profile "$OUT/p"
    said 'contradicts|call site|not in Xen'
    tried=$((tried + 1))
done
echo "$tried numbers tried"
[ $tried -ge 30 ] || fail "not all numbers were tried"
unchanged

# A profile without its witnesses.
grep -v '^witness' "$profile" >"$OUT/p"
expect 1 idtap attach --profile "$OUT/p"
xl dmesg | grep -q 'idtap: refused: the profile has no witness' ||
    fail "no word of the missing witness"
destroy_guest truth
unchanged

# A payload that is none, or is cut short.
echo hello >"$OUT/bad.o"
expect 1 idtap attach --payload "$OUT/bad.o"
said 'bad.o: not an'
head -c 20000 /usr/lib/idtap/tap.o >"$OUT/bad.o"
expect 1 idtap attach --payload "$OUT/bad.o"
expect 1 idtap attach --payload /nonexistent

# One in which a single instruction has not the profile's number.
expect 1 idtap attach --payload /tests/payloads/tap-misfit.o
xl dmesg | grep -q "idtap: refused: the payload's hooks were not made for its profile" ||
    fail "no word of the offset in an instruction"
unchanged

# Ring sizes.
expect 2 idtap attach --ring 3M
expect 2 idtap attach --ring 1G --packet 4K
expect 2 idtap attach --packet 5000
truth_ready
destroy_guest truth
most=$(($(xl info | sed -n "s/^free_memory *: *//p") - 120))
xl create -q -p /guests/truth.cfg "memory=$most" >/dev/null 2>&1 ||
    fail "cannot create a large guest"
free=$(domain_free_memory)
expect 1 idtap attach --ring 128M --packet 1M
said 'not enough free memory'
unchanged
same_memory() { [ "$(domain_free_memory)" -eq "$free" ]; }
wait_for 5 same_memory ||
    fail "Xen had $free KiB free and has $(domain_free_memory)"
destroy_guest truth

# Somebody who is not root.
cp "$(command -v idtap)" /tmp/idtap-anybody
echo 'anybody:x:65534:65534::/:/bin/sh' >>/etc/passwd
expect 3 start-stop-daemon -S -q -c anybody -x /tmp/idtap-anybody -- status
said 'root'

# Twice.
expect 0 idtap attach
expect 1 idtap attach
said 'already'
expect 0 idtap detach
expect 1 idtap detach
said 'no tap'
unchanged
