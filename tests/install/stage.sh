# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: GPL-2.0-only
# Staged with DESTDIR, as packagers do, and removed again: sourced by
# tests/install/run.

stage=$work/stage
check stage make_in_repo install DESTDIR="$stage"
for f in usr/sbin/idtap usr/lib/idtap/tap.o usr/lib/libidtap.so.0 usr/lib/libidtap.a \
         usr/lib/pkgconfig/libidtap.pc usr/include/idtap/trace.h etc/default/idtap \
         usr/share/man/man1/idtap.1 usr/share/man/man5/idtap-trace.5 \
         usr/share/bash-completion/completions/idtap \
         usr/lib/systemd/system/idtap-flight.service usr/share/doc/idtap/report.md; do
    [ -s "$stage/$f" ] || fail stage-files "$f is not there"
done
[ "$(find "$stage/usr/lib/idtap/profiles" -name '*.profile' | wc -l)" -eq \
  "$(find "$repo/profiles" -name '*.profile' | wc -l)" ] && pass stage-files ||
    fail stage-files "not all profiles are there"
grep -rl -- "$work" "$stage/usr/lib/pkgconfig" "$stage/usr/lib/systemd" >said &&
    fail stage-paths "DESTDIR is in $(head -n 1 said)" || pass stage-paths
"$stage/usr/sbin/idtap" report -i idtap-trace >said 2>&1 && pass stage-runs ||
    fail stage-runs "$(head -n 1 said)"

# What is its owner's stays: a changed configuration, a profile of one's own.
echo '# mine' >>"$stage/etc/default/idtap"
touch "$stage/usr/lib/idtap/profiles/mine.profile"
check stage-again make_in_repo install DESTDIR="$stage"
grep -q mine "$stage/etc/default/idtap" && pass stage-keeps-configuration ||
    fail stage-keeps-configuration "it was written over"
check uninstall make_in_repo uninstall DESTDIR="$stage"
find "$stage" ! -type d -printf '%P\n' | sort >got
printf '%s\n' etc/default/idtap usr/lib/idtap/profiles/mine.profile >want
same uninstall-leaves want got

# And what nobody has touched goes.
check uninstall-prefix make_in_repo uninstall "${where[@]}"
check uninstall-all test -z "$(find "$opt" ! -type d)"
check uninstall-directories test ! -d "$opt/include/idtap" -a ! -d "$opt/lib/idtap"
check install-once-more make_in_repo install "${where[@]}"
