#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# usage: shell.sh
#
# Runs shellcheck over every shell script of the tree: those named so, and those whose first line says so.
set -euo pipefail
. "$(dirname "$0")/tree.sh"

mapfile -t scripts < <({
    tree_files '*.sh'
    tree_files '*' | grep -vE '\.(c|h|sh|md|scd|txt)$' |
        while read -r file; do
            if head -n 1 "$file" | grep -aqE '^#! ?/bin/(ba|da)?sh|^#! ?/usr/bin/env (ba)?sh'; then
                echo "$file"
            fi
        done
} | LC_ALL=C sort -u)
if [ "${#scripts[@]}" -eq 0 ]; then
    complain "$0:1" "found no script to check"
fi
# gcc's format is file:line:column. Left out: SC2016, for text in single quotes that another shell is to
# expand; SC2153, which takes SUDO_GID for a misspelt SUDO_UID.
shellcheck --external-sources --source-path=SCRIPTDIR --exclude=SC2016,SC2153 --format=gcc \
    "${scripts[@]}" ||
    complain "${scripts[0]}:1" "shellcheck complained, see above (or about another script of the ${#scripts[@]})"
verdict "shell (${#scripts[@]} scripts)"
