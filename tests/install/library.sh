# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: GPL-2.0-only
# libidtap as others get it: sourced by tests/install/run.

export PKG_CONFIG_PATH=$opt/lib/pkgconfig
pc() { pkg-config "$@" libidtap; }

check pkg-config pc --exists
[ "$(pc --modversion)" = "$("$idtap" --version | sed -n 's/^idtap //p')" ] &&
    pass pkg-config-version || fail pkg-config-version "it says $(pc --modversion)"

# The example, shared and static, says what the report says.
# shellcheck disable=SC2046 # words
check example-builds gcc -Wall -Wextra -Werror -o example \
    "$opt/share/doc/idtap/examples/vectors.c" $(pc --cflags --libs)
# shellcheck disable=SC2046
check example-builds-static gcc -o static-example "$opt/share/doc/idtap/examples/vectors.c" \
    $(pc --cflags) "$opt/lib/libidtap.a" $(pc --static --libs | sed 's/-lidtap//')
# In bursts something is injected again; losses has lost records.
for t in idtap-trace bursts losses; do
    "$idtap" report -i $t --table injected --json 2>told |
        jq -r '.tables[0].rows[] | "d\(.domain) \(.vector) \(.count)"' | sort >want
    for e in example static-example; do
        LD_LIBRARY_PATH=$opt/lib "./$e" $t 2>said |
            while read -r d _ vector _ n; do echo "$d $((vector)) $n"; done | sort >got
        same "$e:$t" want got
    done
    [ $t = losses ] || { [ -s want ] || fail "example:$t" "nothing is injected there"; }
done
grep -q 'records were lost' said && pass example-losses ||
    fail example-losses "it says '$(cat said)', the report '$(head -n 1 told)'"
LD_LIBRARY_PATH=$opt/lib ./example nowhere >said 2>&1
[ $? -eq 1 ] && grep -q nowhere said && pass example-no-trace ||
    fail example-no-trace "$(cat said)"
readelf -d example | grep -q 'NEEDED.*\[libidtap\.so\.0\]' && pass soname ||
    fail soname "the example needs no libidtap.so.0"

# What is declared is exported, with a version, and nothing else.
cat "$opt"/include/idtap/*.h | sed -n 's/^extern .*\b\(idtap_[a-z_]*\)\[.*/\1/p' >want.all
for h in "$opt"/include/idtap/*.h; do echo "#include <idtap/${h##*/}>"; done >all.c
check headers-installed gcc -std=gnu11 -aux-info prototypes -I"$opt/include" -fsyntax-only all.c
grep 'include/idtap/' prototypes | grep -v '\*/ static ' |
    sed -n 's/^[^(]*[ *]\(idtap_[a-z0-9_]*\) (.*/\1/p' >>want.all
sort -u want.all >want
nm -D --defined-only "$opt/lib/libidtap.so" >symbols
sed -n 's/.* [TRDB] \([^@]*\)@@IDTAP_.*/\1/p' symbols | sort >got
[ "$(wc -l <want)" -gt 100 ] || fail exports "only $(wc -l <want) declarations were found"
same exports want got
grep -v ' A IDTAP_\|@@IDTAP_' symbols >without
[ ! -s without ] && pass exports-versioned || fail exports-versioned "$(head -n 3 without)"
nm --defined-only "$opt/lib/libidtap.a" | sed -n 's/.* [TRDBC] //p' | sort >got
same exports-static want got

# Sizes and names of records, as the manual's page on traces has them.
cat >probe.c <<'C'
#include <stdio.h>
#include <idtap/host.h>
#include <idtap/names.h>
#include <idtap/trace.h>

int main(int argc, char **argv)
{
    unsigned int i;

    (void)argv;
    if ( argc > 1 )
        puts(idtap_libdir());
    for ( i = 0; argc == 1 && i < 256; i++ )
        if ( idtap_record_bytes[i] )
            printf("%u %s %u\n", i, idtap_event_name(i), idtap_record_bytes[i]);
    return 0;
}
C
# shellcheck disable=SC2046
check probe-builds gcc -o probe probe.c $(pc --cflags --libs)
export LD_LIBRARY_PATH=$opt/lib
./probe >want
sed -n '/^# RECORDS/,/^# FLAGS/p' "$repo/man/idtap-trace.5.scd" |
    awk '/^\|  [0-9]+$/ { n = $2; getline; name = $2; getline
                      if ( $2 ~ /^[0-9]+$/ ) print n, name, $2 }' >got
same trace-format-events want got
[ "$(./probe libdir)" = "$opt/lib/idtap" ] && pass payload-place ||
    fail payload-place "the library looks in $(./probe libdir)"
unset LD_LIBRARY_PATH PKG_CONFIG_PATH
cmp -s "$opt/lib/idtap/tap.o" "$repo/build/tap.o" && pass payload ||
    fail payload "the installed tap.o is not the one that was built"
