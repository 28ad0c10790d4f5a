#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# usage: symbols.sh LIBSESSMGR.so PAM_SESSMGR.so
#
# What the two shared objects export is what their .map files say, name by name: nothing of common/
# gets out into programs that load them, and nothing that is promised is missing. The library's map
# also names exactly the functions that its public header declares.
set -euo pipefail
if [ $# -ne 2 ] || [ ! -e "$1" ] || [ ! -e "$2" ]; then
    echo "usage: $0 LIBSESSMGR.so PAM_SESSMGR.so, both built" >&2
    exit 2
fi
library=$(realpath "$1")
module=$(realpath "$2")
. "$(dirname "$0")/tree.sh"
export LC_ALL=C

# The names in the global part of a map, one a line, as NAME or, where the node has a version,
# NAME@@VERSION.
promised() {
    sed -e 's,/\*[^*]*\*/,,g' -e 's/#.*//' -e 's/[{};]/\n/g' "$1" | awk '
        /^[ \t]*$/ { next }
        { gsub(/[ \t]/, "") }
        /^(global|local):/ { part = $0; next }
        part ~ /^local/ { next }
        part ~ /^global/ { print $0 (node == "" ? "" : "@@" node); next }
        { node = $0 }'
}

# The names that an object exports; the version nodes themselves are symbols of type A.
exported() {
    nm -D --defined-only "$1" | awk '$2 != "A" { print $3 }' | sort
}

# compare OBJECT MAP
compare() {
    local name
    promised "$2" | sort >"$work/promised"
    exported "$1" >"$work/exported"
    # an empty list means that this script no longer understands what it reads
    [ -s "$work/promised" ] || complain "$2:1" "found no name in it"
    while read -r name; do
        complain "$2:1" "$name is not exported by ${1##*/}"
    done < <(comm -23 "$work/promised" "$work/exported")
    while read -r name; do
        complain "$2:1" "${1##*/} exports $name, which is not in the map"
    done < <(comm -13 "$work/promised" "$work/exported")
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
compare "$library" libsessmgr/libsessmgr.map
promised libsessmgr/libsessmgr.map | sed 's/@.*//' | sort >"$work/map"
grep -oE '\<sessmgr_[a-z_]+\(' libsessmgr/sessmgr.h | tr -d '(' | sort -u >"$work/header"
while read -r name; do
    complain "libsessmgr/libsessmgr.map:1" "$name is either not in the map or not in sessmgr.h"
done < <(comm -3 "$work/map" "$work/header" | tr -d '\t')
compare "$module" pam/pam_sessmgr.map
verdict symbols
