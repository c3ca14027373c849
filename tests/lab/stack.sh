# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Other live patches: one below the tap, one above it, one that has changed a
# site of the tap's.

id=$(idtap status | sed -n 's/^Xen.*build-id //p')
before=$(textsum) || fail "no checksum of Xen's text"

# Below: the tap attaches on top of it, and leaves it there.
livepatch upload harmless "/tests/payloads/harmless-$id.o" || fail "upload"
livepatch apply harmless || fail "apply: $(cat "$OUT/livepatch")"
expect 0 idtap attach
expect 0 idtap status
# ... and it cannot be taken away from under the tap.
livepatch revert harmless && fail "a patch was reverted from under the tap"
expect 0 idtap record -e irq -o "$OUT/trace-below" -T 200ms
expect 0 idtap detach
livepatch revert harmless || fail "revert: $(cat "$OUT/livepatch")"
livepatch unload harmless || fail "unload"
not_attached
same_text "$before"

# Above: Xen refuses what does not stand on the tap, and takes it if told so.
expect 0 idtap attach
livepatch upload harmless "/tests/payloads/harmless-$id.o" || fail "upload"
livepatch apply harmless && fail "a patch made for Xen alone went onto the tap"
expect 0 idtap status
livepatch apply harmless --nodeps || fail "apply: $(cat "$OUT/livepatch")"
expect 0 idtap status
said 'another live patch'
expect 1 idtap detach
said 'another live patch lies on top'
expect 0 idtap record -e irq -o "$OUT/trace-above" -T 200ms
livepatch revert harmless || fail "revert: $(cat "$OUT/livepatch")"
livepatch unload harmless || fail "unload"
expect 0 idtap detach
not_attached
same_text "$before"

# A site that another patch has changed: refused.
livepatch upload siteswap "/tests/payloads/siteswap-$id.o" || fail "upload"
livepatch apply siteswap || fail "apply: $(cat "$OUT/livepatch")"
expect 1 idtap attach
said 'call site'
not_attached
livepatch revert siteswap || fail "revert: $(cat "$OUT/livepatch")"
livepatch unload siteswap || fail "unload"
same_text "$before"
expect 0 idtap attach
expect 0 idtap detach
