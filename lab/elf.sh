# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What a directory tree's programs need of the dynamic linker, found out with
# readelf: nothing of the tree is run. Sourced by lab/image and lab/run, so
# that a missing library is an error here and not a riddle inside dom0.

is_elf() { [ -f "$1" ] && [ "$(head -c 4 "$1" | od -An -tx1)" = ' 7f 45 4c 46' ]; }

# provided_libraries TREE: the file names that the linker can find there.
provided_libraries() {
    local dir
    for dir in lib usr/lib usr/local/lib; do
        if [ -d "$1/$dir" ]; then find "$1/$dir" -maxdepth 2 -name '*.so*' -printf '%f\n'; fi
    done | sort -u
}

# missing_libraries TREE WHERE: "program: library" for each that a program
# below TREE needs and that is not provided; WHERE is a tree, or a file with
# the names of an earlier one.
missing_libraries() {
    local file need
    local -A provided=()
    while read -r need; do provided[$need]=yes; done < <(
        provided_libraries "$1"
        if [ -f "$2" ]; then cat "$2"; else provided_libraries "$2"; fi)
    while IFS= read -r file; do
        is_elf "$file" || continue
        for need in $(readelf -d "$file" 2>/dev/null | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
            [ -n "${provided[$need]:-}" ] || echo "${file#"$1"/}: $need"
        done
    done < <(find "$1" -type f \( -perm /111 -o -name '*.so*' \) ! -name '*.ko')
}
