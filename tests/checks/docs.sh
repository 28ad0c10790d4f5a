#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# usage: docs.sh BUILDDIR
#
# Everything that can be given to a program is in its manual page, and nothing else is: options of
# sessmgrctl and sessmgrd (from their --help), sessmgrctl's commands, arguments of the PAM module, keys
# of the configuration with their defaults, functions of the public header. A key is described on one page:
# one that a rule has (from "sessmgrd --list-rule-keys") in sessmgr-policy(5), any other (from "sessmgrd
# --list-keys") in sessmgrd.conf(5). The shipped sessmgrd.conf has all of its own. The examples of both pages,
# and those that are shipped, are what the daemon takes. BUILDDIR holds sessmgrctl and sessmgrd.
set -euo pipefail
if [ $# -ne 1 ] || [ ! -x "$1/sessmgrd" ] || [ ! -x "$1/sessmgrctl" ]; then
    echo "usage: $0 BUILDDIR, where BUILDDIR has been built" >&2
    exit 2
fi
build=$(cd "$1" && pwd)
. "$(dirname "$0")/tree.sh"
export LC_ALL=C
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# compare PAGE WHAT: complains of every line that is in one of $work/code and $work/page alone. An empty
# list means that this script no longer understands what it reads.
compare() {
    local name
    sort -u -o "$work/code" "$work/code"
    sort -u -o "$work/page" "$work/page"
    [ -s "$work/code" ] || complain "$0:1" "found no $2 in the code"
    [ -s "$work/page" ] || complain "$1:1" "found no $2"
    while read -r name; do
        complain "$1:1" "$2 $name is missing"
    done < <(comm -23 "$work/code" "$work/page")
    while read -r name; do
        complain "$1:$(grep -nF -m 1 -- "${name%% *}" "$1" | cut -d: -f1)" "$2 $name does not exist"
    done < <(comm -13 "$work/code" "$work/page")
}

# Words in bold at the beginning of a line, in the section of a page that begins with a heading.
defined() { # PAGE HEADING PATTERN
    sed -n "/^# $2/,/^# /p" "$1" | grep -E '^\*' | grep -oE -- "\\*$3" | tr -d '*' || :
}

for program in sessmgrctl sessmgrd; do
    page=$(echo man/$program.[18].scd)
    "$build/$program" --help >"$work/help"
    grep -oE -- '^ +(-[a-z], +)?--[a-z][a-z-]*' "$work/help" | grep -oE -- '--[a-z-]+' >"$work/code" || :
    defined "$page" OPTIONS '--[a-z][a-z-]*' >"$work/page"
    compare "$page" option
done

# Commands stand below "Commands:" in the help, the name first.
"$build/sessmgrctl" --help | sed -n '/^[Cc]ommands/,/^[^ ]*[Oo]ptions/p' |
    grep -oE '^ +[a-z][a-z-]*' | tr -d ' ' >"$work/code" || :
defined man/sessmgrctl.1.scd COMMANDS '[a-z][a-z-]*' >"$work/page"
compare man/sessmgrctl.1.scd command

# Arguments as the module's parser compares them: value_of(argument, "key"), strcmp(argument, "word").
grep -oE '(value_of|strcmp)\(argument, "[a-z]+"\)' pam/options.c |
    sed -E 's/value_of.*"([a-z]+)".*/\1=/; s/strcmp.*"([a-z]+)".*/\1/' >"$work/code" || :
defined man/pam_sessmgr.8.scd ARGUMENTS '[a-z]+=?' >"$work/page"
compare man/pam_sessmgr.8.scd argument

# Keys of a page: "Section Key", as often as they are there.
keys_of() {
    awk '/^# / { section = "" }
        /^# SECTION \[/ { section = $3; gsub(/[][]/, "", section) }
        section != "" && match($0, /^\*[A-Za-z]+=/) { print section, substr($0, 2, RLENGTH - 2) }' "$1"
}

# The same with their defaults, "Default: ..." up to the next full stop at an end of a line. No word can name an
# empty list: where that is the default of the code (in $work/keys), "none" is.
defaults_of() {
    awk 'NR == FNR { empty[$1, $2] = NF == 2; next }
        /^# / { section = ""; key = "" }
        /^# SECTION \[/ { section = $3; gsub(/[][]/, "", section); next }
        section == "" { next }
        match($0, /^\*[A-Za-z]+=/) { key = substr($0, 2, RLENGTH - 2); text = ""; next }
        key != "" {
            sub(/^[ \t]+/, "")
            text = text " " $0
            if (match(text, /Default: .*\.$/)) {
                value = substr(text, RSTART + 9, RLENGTH - 10)
                if (empty[section, key] && value == "none") value = ""
                print section, key, value
                key = ""
            }
        }' "$work/keys" "$1"
}

# check_keys PAGE: the keys that are in $work/keys ("Section Key Default"), each once, and no others.
check_keys() {
    local name
    while read -r name; do
        complain "$1:1" "key $name is described more than once"
    done < <(keys_of "$1" | sort | uniq -d)
    awk '{ print $1, $2 }' "$work/keys" >"$work/code"
    keys_of "$1" >"$work/page"
    compare "$1" key
    cp "$work/keys" "$work/code"
    defaults_of "$1" >"$work/page"
    compare "$1" "key with its default,"
}

"$build/sessmgrd" --list-keys >"$work/main-keys"
"$build/sessmgrd" --list-rule-keys >"$work/rule-keys"
cp "$work/rule-keys" "$work/keys"
check_keys man/sessmgr-policy.5.scd
grep -vxFf "$work/rule-keys" "$work/main-keys" >"$work/keys" || :
check_keys man/sessmgrd.conf.5.scd

# The shipped configuration: every key is there, commented out, with its default.
cp "$work/main-keys" "$work/code"
awk '/^\[.*\]$/ { section = substr($0, 2, length($0) - 2); next }
    match($0, /^#?[A-Z][A-Za-z]*=/) {
        key = $0; sub(/=.*/, "", key); sub(/^#/, "", key); sub(/^[^=]*=/, "")
        print section, key, $0
    }' etc/sessmgrd.conf >"$work/page"
compare etc/sessmgrd.conf "key with its default,"
if line=$(grep -nE '^[^#[]' etc/sessmgrd.conf); then
    complain "etc/sessmgrd.conf:${line%%:*}" "the shipped configuration sets something: ${line#*:}"
fi

# check_configuration WHERE: what lies in $work/etc/sessmgr is taken, and nothing in it is in vain.
check_configuration() {
    local line
    touch "$work/etc/sessmgr/sessmgrd.conf"
    "$build/sessmgrd" --check-config --config="$work/etc/sessmgr/sessmgrd.conf" >/dev/null 2>"$work/said" ||
        [ -s "$work/said" ] || complain "$1:1" "the configuration cannot be checked"
    while read -r line; do
        complain "$1:1" "the daemon says of the example: ${line#"$work"}"
    done <"$work/said"
    rm -r "${work:?}/etc"
}

# The examples of a page: below the name of a file, what is in it.
for page in man/sessmgr-policy.5.scd man/sessmgrd.conf.5.scd; do
    mkdir -p "$work/etc/sessmgr/policy.d" "$work/etc/sessmgr/sessmgrd.conf.d"
    while read -r line; do
        complain "$page:$line" "an example that is in no file"
    done < <(awk -v work="$work" '/^# / { wanted = /^# EXAMPLES/; path = "" }
        !wanted { next }
        /^```/ { inside = !inside; if (inside && path == "") print NR; if (!inside) path = ""; next }
        inside { if (path != "") print >(work path); next }
        match($0, /_\/etc\/sessmgr\/[^ ]*\.conf_/) { path = substr($0, RSTART + 1, RLENGTH - 2) }' "$page")
    [ -n "$(find "$work/etc" -type f)" ] || complain "$page:1" "found no examples"
    check_configuration "$page"
done

# The rules that are shipped as examples.
mkdir -p "$work/etc/sessmgr/policy.d"
for file in etc/examples/policy.d/*.conf; do
    grep -qF "$file" etc/local.mk || complain "$file:1" "is not in etc/local.mk"
    cp "$file" "$work/etc/sessmgr/policy.d"
done
check_configuration etc/examples/policy.d

# Functions of the public header.
grep -oE 'sessmgr_[a-z0-9_]+\(' libsessmgr/sessmgr.h | tr -d '(' >"$work/code"
grep -oE '\*sessmgr_[a-z0-9_]+\*\(\)' man/sessmgr.3.scd | tr -d '*()' >"$work/page"
compare man/sessmgr.3.scd function

# References between our own pages lead somewhere, and every page is built.
for page in man/*.scd; do
    name=${page%.scd}
    grep -qF "$name" man/local.mk || complain "$page:1" "is not in man/local.mk"
    while IFS=: read -r line reference; do
        reference=${reference//\*/}
        target="man/${reference%(*}.${reference#*(}"
        [ -e "${target%)}.scd" ] || complain "$page:$line" "no such page: $reference"
    done < <(grep -noE '\*(pam_)?sessmgr[a-z_.-]*\*\([1-8]\)' "$page")
done
verdict docs
