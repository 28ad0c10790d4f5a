# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# Which files the checks look at: those of the source tree, whether it is a checkout or an unpacked
# tarball, without what was generated in it. Sourced by the checks.

# The top of the tree; the checks work from there, so that messages name files from the top.
TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$TOP" || exit 1

# tree_files PATTERN...: the files whose names match one of the patterns, one a line, sorted. Folders in
# which somebody builds (there is a config.status) are left out, and so is what autotools makes here.
tree_files() {
    local names=() pattern
    for pattern; do
        names+=(-o -name "$pattern")
    done
    find . -mindepth 1 \( -path ./.git -o -path './build*' -o -path ./m4 -o -path ./autom4te.cache \
        -o -path './sessmgr-[0-9]*' -o -type d -exec test -e '{}/config.status' \; \) -prune \
        -o -type f \( "${names[@]:1}" \) ! -path ./config.h ! -path ./common/interface-texts.c \
        ! -path './configure*~' ! -path ./configure ! -path ./libtool ! -path ./config.status \
        -print | sed 's,^\./,,' | LC_ALL=C sort
}

failures=0

# complain FILE:LINE MESSAGE...
complain() {
    printf '%s: %s\n' "$1" "${*:2}" >&2
    failures=$((failures + 1))
}

# verdict NAME: ends the check.
verdict() {
    if [ "$failures" -gt 0 ]; then
        echo "$1: $failures complaint(s)" >&2
        exit 1
    fi
    echo "$1: ok"
}
