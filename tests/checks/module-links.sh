#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The module is loaded into the most privileged programs of a host: it may bring no library along but
# libpam and the C library, and shows them no name but those in its map.
#
# usage: module-links.sh MODULE [MAP]
set -eu

if [ $# -lt 1 ] || [ $# -gt 2 ]; then
    echo "usage: $0 MODULE [MAP]" >&2
    exit 2
fi
module=$1
map=${2:-$(dirname "$0")/../../pam/pam_sessmgr.map}
export LC_ALL=C
status=0

# compare WHAT EXPECTED FOUND
compare() {
    if [ "$2" != "$3" ]; then
        printf '%s: %s\nexpected:\n%s\nfound:\n%s\n' "$module" "$1" "$2" "$3" >&2
        status=1
    fi
}

# Assignments of their own: there a failing readelf ends the script.
dynamic=$(readelf --dynamic --wide "$module")
symbols=$(readelf --dyn-syms --wide "$module")
names=$(sed -n 's/^ *\(pam_sm_[a-z_]*\);$/\1/p' "$map" | sort)
if [ -z "$names" ]; then
    echo "$map: no names in it" >&2
    exit 1
fi

needed=$(printf '%s\n' "$dynamic" | sed -n 's/.*(NEEDED).*\[\(.*\)\]$/\1/p' | sort)
compare "needed libraries" "libc.so.6
libpam.so.0" "$needed"

# Columns: number, value, size, type, binding, visibility, section, name. Defined and not local.
exported=$(printf '%s\n' "$symbols" |
    awk '$1 ~ /^[0-9]+:$/ && $5 != "LOCAL" && $7 != "UND" { sub(/@.*/, "", $8); print $8 }' | sort)
compare "exported symbols" "$names" "$exported"

exit $status
