#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# usage: static-analysis.sh BUILDDIR [FILE.c...]
#
# cppcheck and clang-tidy over every C file of the tree, or the ones that are named. BUILDDIR is a
# configured and built tree: config.h and generated sources are there. Which checks of clang-tidy, and
# why not the others, is in .clang-tidy.
set -euo pipefail
if [ $# -lt 1 ] || [ ! -e "$1/config.h" ]; then
    echo "usage: $0 BUILDDIR [FILE.c...], where BUILDDIR has been configured and built" >&2
    exit 2
fi
build=$(cd "$1" && pwd)
shift
. "$(dirname "$0")/tree.sh"

tidy=
for candidate in clang-tidy-14 clang-tidy; do
    if command -v "$candidate" >/dev/null; then
        tidy=$candidate
        break
    fi
done
[ -n "$tidy" ] || complain "$0:1" "clang-tidy is missing"
command -v cppcheck >/dev/null || complain "$0:1" "cppcheck is missing"
[ "$failures" -eq 0 ] || verdict static-analysis

if [ $# -gt 0 ]; then
    files=("$@")
else
    mapfile -t files < <(tree_files '*.c')
fi
flags=(-std=gnu11 "-I$TOP" "-I$build" '-DSYSCONFDIR="/etc"' '-DSBINDIR="/usr/sbin"' "-DTOP_SRCDIR=\"$TOP\"" '-DREAL_TIMERS="real-timers.so"' -D_GNU_SOURCE)
read -ra packages < <(pkg-config --cflags libsystemd libsodium inih cmocka)
jobs=$(nproc)

# Without the system's headers cppcheck cannot know what an unknown macro does, and with them it takes
# minutes; std.cfg and posix.cfg stand in for them.
cppcheck_flags=(
    --quiet --error-exitcode=1 -j "$jobs" --std=c11 --library=posix --library=gnu --inline-suppr
    '--enable=warning,performance,portability'
    --template='{file}:{line}: {severity}: {message} [{id}]'
    --suppress=missingInclude --suppress=missingIncludeSystem
    # it takes CLEANUP() for nothing, and so sees leaks everywhere; the tests run under LeakSanitizer
    --suppress=memleak --suppress=resourceLeak
    # std.cfg says that accept4() and getsockopt() want no NULL, and STAILQ_FOREACH is unknown; what there is
    # of the kind clang-analyzer-core finds
    --suppress=nullPointer --suppress=uninitvar
    # readdir() is only unsafe where two threads share a directory stream
    --suppress=readdirCalled '--suppress=getpwnamCalled:tests/*'
    # it does not know that cmocka's assertions leave
    '--suppress=nullPointerRedundantCheck:tests/*' '--suppress=nullPointerOutOfMemory:tests/*'
    '--suppress=arrayIndexOutOfBounds:tests/*'
    # what makes the functions of a tree: clang-tidy, which has the system's headers, looks at those
    '-DRB_GENERATE_INTERNAL(name,type,field,compare,attribute)='
)
cppcheck "${cppcheck_flags[@]}" -I "$TOP" -I "$build" '-DSYSCONFDIR="/etc"' '-DSBINDIR="/usr/sbin"' "-DTOP_SRCDIR=\"$TOP\"" \
    -D_GNU_SOURCE "${files[@]}" ||
    complain "${files[0]}:1" "cppcheck complained, see above (or about another of the files)"

# One file a process, as many at a time as there are processors.
tidy_one() { # FILE
    local output status=0
    output=$("$tidy" --quiet "$1" -- "${flags[@]}" "${packages[@]}" 2>&1) || status=$?
    grep -vE '^[0-9]+ warnings? (generated|treated)|^Suppressed |^Use -header-filter' <<<"$output" || :
    return "$status"
}
for ((i = 0; i < jobs; i++)); do
    {
        status=0
        for ((j = i; j < ${#files[@]}; j += jobs)); do
            tidy_one "${files[j]}" || status=1
        done
        exit "$status"
    } &
    workers[i]=$!
done
for worker in "${workers[@]}"; do
    wait "$worker" || complain "${files[0]}:1" "$tidy complained, see above (or about another of the files)"
done
verdict "static-analysis (${#files[@]} files)"
