#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# usage: style.sh
#
# What can be said about the look of the tree without compiling it: clang-format (version 14, since
# versions differ), SPDX lines and each room's licence, the length of files, calls that are not used
# here, white space.
set -euo pipefail
. "$(dirname "$0")/tree.sh"

mapfile -t c_files < <(tree_files '*.c' '*.h')
mapfile -t text_files < <(tree_files '*.c' '*.h' '*.sh' '*.py' '*.am' '*.ac' '*.mk' '*.scd' '*.md' \
    '*.in' '*.socket' '*.conf' '*.catalog' '*.varlink' '*.map' '*.open' '*.strict' '*.exp' \
    README CONTRIBUTING bootstrap quickstart | grep -vE '(^|/)(Makefile|config\.h)\.in$')

# each_match MESSAGE PATTERN FILE...: every line that matches is a complaint.
each_match() {
    local message=$1 pattern=$2 file line text
    shift 2
    while IFS=: read -r file line text; do
        complain "$file:$line" "$message: ${text:0:80}"
    done < <(grep -nHP -- "$pattern" "$@")
}

format=
for candidate in clang-format-14 clang-format; do
    if command -v "$candidate" >/dev/null && "$candidate" --version | grep -q 'version 14\.'; then
        format=$candidate
        break
    fi
done
if [ -z "$format" ]; then
    complain tests/checks/style.sh:1 "clang-format 14 is missing (Debian: clang-format-14)"
elif ! "$format" --style=file --dry-run -Werror "${c_files[@]}"; then
    complain .clang-format:1 "the files above are not formatted: $format -i FILE"
fi

licence_of() { # what a file's room asks for; nothing where either will do
    case $1 in
    common/* | jose/* | pam/* | libsessmgr/*) echo LGPL-2.1-or-later ;;
    daemon/* | ctl/*) echo GPL-3.0-or-later ;;
    esac
}

for file in "${text_files[@]}"; do
    case $file in
    *.md | README | */README | CONTRIBUTING | *.varlink | *.open | *.strict | etc/sessmgrd.conf | *.pc.in) continue ;;
    *.c | *.h) lines=1 ;;
    *) lines=3 ;;
    esac
    spdx=$(head -n "$lines" "$file" | sed -n 's/.*SPDX-License-Identifier: \([A-Za-z0-9.-]*\).*/\1/p')
    want=$(licence_of "$file")
    case $file in *.mk | *.sh) want= ;; esac # how things are built belongs to no room
    if [ -z "$spdx" ]; then
        complain "$file:1" "no SPDX line"
    elif [ -n "$want" ] && [ "$spdx" != "$want" ]; then
        complain "$file:1" "licence $spdx in a room that is $want"
    elif [ ! -e "LICENSES/$spdx.txt" ]; then
        complain "$file:1" "LICENSES/$spdx.txt is missing"
    fi
done

for file in "${c_files[@]}" $(tree_files '*.sh'); do
    count=$(wc -l <"$file")
    if [ "$count" -gt 400 ] && ! head -n 40 "$file" | grep -qi 'long because'; then
        complain "$file:400" "$count lines, and its first comment does not say: Long because ..."
    fi
done
for file in "${c_files[@]}"; do
    sed -n 2p "$file" | grep -q '^/\*' || complain "$file:2" "does not open with a comment that says what it owns"
done
count=$(wc -l <README)
[ "$count" -lt 120 ] || complain README:120 "$count lines; it is to stay under 120"

each_match "not used here" \
    '^(?!\s*(\*|/\*)).*(?<![\w.>"])(strcpy|stpcpy|strcat|sprintf|vsprintf|gets|system|popen|strtok|alloca|tmpnam|mktemp)\(' \
    "${c_files[@]}"
each_match "comments are /* */" '^\s*//|[;{}]\s*//' "${c_files[@]}"
each_match "struct types have no typedef" '^\s*typedef\s+(struct|union|enum)\b[^(]*$' "${c_files[@]}"
mapfile -t but_this < <(printf '%s\n' "${text_files[@]}" | grep -vx tests/checks/style.sh)
each_match "unfinished" '\b(TODO|FIXME|XXX)\b' "${but_this[@]}"
each_match "a tab in C" '\t' "${c_files[@]}"
each_match "trailing white space" '[ \t]+$' "${text_files[@]}"
for file in "${text_files[@]}"; do
    [ -z "$(tail -c 1 "$file")" ] || complain "$file:$(wc -l <"$file")" "no newline at the end"
done
verdict style
