# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What lab/run puts into dom0 on top of the cached image, as cpios that follow
# one another in the initramfs: the kernel unpacks them in order, the last one
# wins. Order: the image, the lab's own files and the guests, idtap, overlays.
# shellcheck disable=SC2154 # lab/run, common.sh and the emulator's file set them

# add_layer DIRECTORY INITRD: equal input makes equal bytes.
add_layer() {
    (cd "$1" && find . -mindepth 1 | LC_ALL=C sort | cpio -o -H newc -R 0:0 --reproducible --quiet) >>"$2" ||
        die "packing $1 for dom0 failed"
}

layer_base() { cp "$1/dom0.cpio" "$2" || die "copying dom0's image to $2 failed"; }

# layer_lab WORK INITRD: /init, /lab, and the guests that have been built.
layer_lab() {
    local root=$1/lab-root
    mkdir -p "$root/lab" "$root/guests"
    install -m 755 "$lab_dir/dom0/init" "$root/init"
    install -m 644 "$lab_dir/dom0/lib.sh" "$root/lab/lib.sh"
    if [ -n "$script" ]; then install -m 755 "$script" "$root/lab/script"; fi
    printf "%s='%s'\n" LAB_STREAM "$emulator_stream" LAB_STREAM_WAIT "$emulator_stream_wait" \
        LAB_TERMINAL "$emulator_terminal" LAB_DISK "$emulator_disk" LAB_TERM "${TERM:-vt100}" >"$root/lab/settings"
    if [ -d "$repo_dir/build/guests" ]; then cp -a "$repo_dir/build/guests/." "$root/guests/"; fi
    find "$root" -exec touch -h -d @0 {} +
    add_layer "$root" "$2"
}

# layer_idtap WORK INITRD LIBRARIES: as "make install-tool" lays it out. One at a
# time: two makes in one tree would trample each other.
layer_idtap() {
    local root=$1/idtap-root
    [ -f "$repo_dir/Makefile" ] || return 0
    mkdir -p "$root"
    (
        with_lock make
        make -s -C "$repo_dir" install-tool DESTDIR="$root" PREFIX=/usr >"$1/make.log" 2>&1
    ) || {
        cat "$1/make.log" >&2
        die "building idtap failed (make install-tool, above)" "to run the lab without it: --no-idtap"
    }
    missing_libraries "$root" "$3" >"$1/missing"
    [ ! -s "$1/missing" ] || die "idtap needs libraries that dom0 has not:" "$(cat "$1/missing")" \
        "add their packages to lab/dom0/packages"
    find "$root" -exec touch -h -d @0 {} +
    add_layer "$root" "$2"
}
