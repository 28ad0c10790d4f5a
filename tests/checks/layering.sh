#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# usage: layering.sh
#
# Who may include whom: the rooms' arrows, and each third-party header in its own room. Fails with
# file:line for every include that the tables below do not allow.
#
#     common  <-  jose  <-  daemon
#     common  <-  pam
#     common  <-  jose  <-  libsessmgr  <-  ctl
#     tests may reach anything; nothing reaches tests
set -euo pipefail
. "$(dirname "$0")/tree.sh"

# A room, and what of the project it may include (extended regular expressions).
declare -A OWN=(
    [common]='common/.*'
    [jose]='(common|jose)/.*'
    [daemon]='(common|jose|daemon)/.*'
    [pam]='(common|pam)/.*'
    [libsessmgr]='(common|jose|libsessmgr)/.*'
    [examples]='libsessmgr/sessmgr\.h'
    [ctl]='ctl/.*|libsessmgr/sessmgr\.h|common/(macro|progress)\.h'
)

# A third-party header, and the files that may include it. The first match decides.
FOREIGN=(
    'gdbm\.h'                   'daemon/store-checkpoint\.c'
    'sodium\.h|sodium/.*'       'daemon/(seal|store-key|auth-info)\.c|jose/(jose|base64url|jwk|jws|jwt)\.c'
    'systemd/sd-journal\.h'     'daemon/log\.c'
    'systemd/.*'                'daemon/.*'
    'security/.*'               'pam/.*'
    'ini\.h'                    'daemon/config-file\.c'
    'bsd/sys/tree\.h'           'daemon/tree\.h'
    'sys/acl\.h|acl/.*'         'daemon/runtime\.c'
    'microhttpd\.h'              'examples/http-resource\.c'
    'cmocka\.h'                 'tests/.*'
)

# What every room may use: libc, the kernel, the compiler. A header that is in no table is a new
# dependency, and belongs into one.
PLAIN='(sys|linux|netinet|arpa|asm)/.*'
PLAIN+='|(assert|byteswap|ctype|dirent|dlfcn|elf|endian|err|errno|execinfo|fcntl|fnmatch|ftw|getopt|glob|grp|inttypes|langinfo)\.h'
PLAIN+='|(libgen|limits|locale|malloc|math|mntent|netdb|paths|poll|pthread|pty|pwd|regex|sched|setjmp|signal)\.h'
PLAIN+='|(spawn|std[a-z0-9]*|string|strings|syslog|termios|threads|time|uchar|ucontext|unistd|utmp|utmpx|wchar|wctype)\.h'

full() { [[ $1 =~ ^($2)$ ]]; }

check_own() { # WHERE ROOM HEADER
    if [ "$3" = config.h ]; then
        # "config.h" would be the one of its own folder
        [ ! -e "$2/config.h" ] || complain "$1" "that is $2/config.h here: write <config.h>"
        return 0
    fi
    case $3 in
    */*) ;;
    *) complain "$1" "\"$3\": includes are written from the top of the tree"; return ;;
    esac
    [ -e "$3" ] || [ "$3" = common/interface-texts.h ] ||
        complain "$1" "\"$3\" is no file of the tree"
    [ "$2" = tests ] || full "$3" "${OWN[$2]}" || complain "$1" "$2/ may not include \"$3\""
}

check_foreign() { # WHERE FILE ROOM HEADER
    local i
    for ((i = 0; i < ${#FOREIGN[@]}; i += 2)); do
        full "$4" "${FOREIGN[i]}" || continue
        [ "$3" = tests ] || full "$2" "${FOREIGN[i + 1]}" ||
            complain "$1" "<$4> belongs in ${FOREIGN[i + 1]} only"
        return 0
    done
    [ "$4" = config.h ] || full "$4" "$PLAIN" || complain "$1" "<$4> is not in the list of known headers (see $0)"
}

while IFS=: read -r file line text; do
    room=${file%%/*}
    if [ "$room" != tests ] && [ -z "${OWN[$room]:-}" ]; then
        complain "$file:$line" "$room is not a room of the tree"
    elif [[ $text =~ ^[[:space:]]*#[[:space:]]*include[[:space:]]*\"([^\"]+)\" ]]; then
        check_own "$file:$line" "$room" "${BASH_REMATCH[1]}"
    elif [[ $text =~ ^[[:space:]]*#[[:space:]]*include[[:space:]]*\<([^\>]+)\> ]]; then
        check_foreign "$file:$line" "$file" "$room" "${BASH_REMATCH[1]}"
    else
        complain "$file:$line" "an include that cannot be read: $text"
    fi
done < <(tree_files '*.c' '*.h' | xargs grep -nE '^[[:space:]]*#[[:space:]]*include' /dev/null)

# Of sd-login.h there is one user.
mapfile -t users < <(grep -l '<systemd/sd-login\.h>' daemon/*.c daemon/*.h || :)
if [ "${#users[@]}" -gt 1 ]; then
    complain "${users[1]}:1" "<systemd/sd-login.h> is in ${users[0]} already"
fi

# Nothing that is installed is linked with what belongs to tests.
for makefile in common jose pam libsessmgr daemon ctl; do
    if line=$(grep -nE 'tests/|CMOCKA' "$makefile/local.mk"); then
        complain "$makefile/local.mk:${line%%:*}" "reaches into tests/"
    fi
done
verdict layering
