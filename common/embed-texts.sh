#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Turns Varlink interface texts into a C source on standard output: the names of the interfaces
# (protocol_interfaces, declared in protocol.h) and, in the same order, their texts (interface_texts,
# declared in protocol.c). A text is one literal a line, so that none is over-long.
#
# usage: embed-texts.sh FILE.varlink...
set -eu

if [ $# -eq 0 ]; then
    echo "usage: $0 FILE.varlink..." >&2
    exit 2
fi

echo '/* Made by common/embed-texts.sh out of the .varlink texts: edit those. */'
echo '#include <stddef.h>'
echo
echo 'extern const char *const protocol_interfaces[];'
echo 'extern const char *const interface_texts[];'
echo
echo 'const char *const protocol_interfaces[] = {'
for file do
    name=$(sed -n 's/^interface  *\([A-Za-z0-9.-]*\)[[:space:]]*$/\1/p' "$file")
    # The file's name is what people look for; it must not lie about what is inside.
    if [ -z "$name" ] || [ "$name.varlink" != "${file##*/}" ]; then
        echo "$0: $file: no interface of the file's name in it" >&2
        exit 1
    fi
    printf '    "%s",\n' "$name"
done
echo '    NULL,'
echo '};'
echo
echo 'const char *const interface_texts[] = {'
for file do
    sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/    "/' -e 's/$/\\n"/' "$file"
    echo '    ,'
done
echo '    NULL,'
echo '};'
