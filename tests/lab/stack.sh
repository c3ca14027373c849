# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Other live patches: one below the tap, one above it, one that has changed a
# site of the tap's.

id=$(idtap status | sed -n 's/^Xen.*build-id //p')
before=$(textsum) || fail "no checksum of Xen's text"
patch() { xen-livepatch "$@" >"$OUT/patch" 2>&1; }

# Below: the tap attaches on top of it, and leaves it there.
patch upload harmless "/tests/payloads/harmless-$id.o" || fail "upload"
patch apply harmless || fail "apply: $(cat "$OUT/patch")"
expect 0 idtap attach
expect 0 idtap status
# ... and it cannot be taken away from under the tap.
patch revert harmless && fail "a patch was reverted from under the tap"
expect 0 idtap record -e irq -o "$OUT/trace-below" -T 200ms
expect 0 idtap detach
patch revert harmless || fail "revert: $(cat "$OUT/patch")"
patch unload harmless || fail "unload"
not_attached
same_text "$before"

# Above: Xen refuses what does not stand on the tap, and takes it if told so.
expect 0 idtap attach
patch upload harmless "/tests/payloads/harmless-$id.o" || fail "upload"
patch apply harmless && fail "a patch made for Xen alone went onto the tap"
expect 0 idtap status
patch apply harmless --nodeps || fail "apply: $(cat "$OUT/patch")"
expect 0 idtap status
said 'another live patch'
expect 1 idtap detach
said 'another live patch lies on top'
expect 0 idtap record -e irq -o "$OUT/trace-above" -T 200ms
patch revert harmless || fail "revert: $(cat "$OUT/patch")"
patch unload harmless || fail "unload"
expect 0 idtap detach
not_attached
same_text "$before"

# A site that another patch has changed: refused.
patch upload siteswap "/tests/payloads/siteswap-$id.o" || fail "upload"
patch apply siteswap || fail "apply: $(cat "$OUT/patch")"
expect 1 idtap attach
said 'call site'
not_attached
patch revert siteswap || fail "revert: $(cat "$OUT/patch")"
patch unload siteswap || fail "unload"
same_text "$before"
expect 0 idtap attach
expect 0 idtap detach
