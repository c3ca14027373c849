# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: GPL-2.0-only
# Debian packages, as build-packages has made them, unpacked into a directory:
# sourced by tests/install/run.

mkdir -p all
wait # for build-packages
[ -e deb/built ] && pass packages ||
    fail packages "$(grep -E 'error|Error|dpkg' deb/log | tail -n 3 | tr '\n' ' ')"
[ -e deb/clean ] && pass lintian ||
    fail lintian "$(grep '^[EW]:' deb/lintian | head -n 4 | tr '\n' ' ')"

for p in idtap libidtap0 libidtap-dev idtap-doc; do
    set -- deb/${p}_*.deb
    [ -f "$1" ] && dpkg-deb -x "$1" all || { fail "package:$p" "it was not made"; continue; }
    dpkg-deb -c "$1" | awk '$1 !~ /^d/ { print $6 }' >>files
    pass "package:$p"
done
sort files | uniq -d >twice
[ ! -s twice ] && pass package-files || fail package-files "in two packages: $(head -n 3 twice)"

# What make installs is in one of them, but for names that Debian has elsewhere.
(cd "$opt" && find . \( -type f -o -type l \) -printf '%f\n') | sed 's/\.gz$//' | sort -u >want
find all \( -type f -o -type l \) -printf '%f\n' | sed 's/\.gz$//' | sort -u >got
comm -23 want got >missing
[ ! -s missing ] && pass package-complete || fail package-complete "$(tr '\n' ' ' <missing)"

multiarch=$(dpkg-architecture -qDEB_HOST_MULTIARCH)
all/usr/sbin/idtap report -i idtap-trace >said 2>&1 && pass package-runs ||
    fail package-runs "$(head -n 1 said)"
all/usr/sbin/idtap --version >got
"$idtap" --version >want
same package-libraries want got
cmp -s all/usr/lib/idtap/tap.o "$repo/build/tap.o" && pass package-payload ||
    fail package-payload "Debian's flags changed the tap"
gcc -o deb/example all/usr/share/doc/libidtap-dev/examples/vectors.c -Iall/usr/include \
    -Lall/usr/lib/"$multiarch" -lidtap >said 2>&1 &&
    LD_LIBRARY_PATH=all/usr/lib/$multiarch deb/example idtap-trace >got 2>said &&
    [ -s got ] && pass package-example || fail package-example "$(head -n 1 said)"

# Off until enabled: a new installation neither enables nor starts them.
dpkg-deb --ctrl-tarfile deb/idtap_*.deb | tar -xO ./postinst >postinst
[ "$(grep -c 'helper enable' postinst)" -eq "$(grep -c 'if deb-systemd-helper debian-installed' postinst)" ] &&
    ! grep -q 'deb-systemd-invoke' postinst && pass package-services ||
    fail package-services "the package enables or starts a service"

# What the build looks for, tools/install-deps installs; a package must, too.
sed -n '/^build=(/,/)/p' "$repo/tools/install-deps" | grep -oE '[a-z0-9.+-]+-dev' |
    grep -v '^libc6-dev$' | sort >want
sed -n '/^Build-Depends/,/^[A-Z].*:/p' "$repo/debian/control" | grep -oE '[a-z0-9.+-]+-dev' |
    sort -u >got
comm -23 want got >missing
[ ! -s missing ] && pass package-build-depends ||
    fail package-build-depends "debian/control lacks $(tr '\n' ' ' <missing)"
