# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# The file with a token that a login has (TokenAtLogin=file): who can do what with it, and that what is
# in it is good. Asks by what cases-tokens.sh has.

# What somebody may try who can read a file and no more; F is its path.
attempts_on_a_file=(
    'echo x >$F' 'echo x >>$F' 'truncate -s0 $F' 'touch $F' 'chmod 666 $F' 'chgrp alice $F'
    'rm -f $F' 'mv -f $F /tmp/mine' 'cp .profile x && mv -f x $F' 'ln -sf /etc/passwd $F'
    'ln $F ${F}x' 'echo x >${F}x' 'mkdir ${F}x'
    'python3 -c "import os, sys; os.removexattr(sys.argv[1], sys.argv[2])" $F system.posix_acl_access'
)

# Content, owner, mode, inode number, links and the access control list of a session's file.
state_of_file() {
    in_machine python3 -c 'import os, sys
s = os.stat(sys.argv[1])
print(open(sys.argv[1]).read(), s.st_uid, oct(s.st_mode), s.st_ino, s.st_nlink,
      os.getxattr(sys.argv[1], "system.posix_acl_access").hex(),
      os.listdir(os.path.dirname(sys.argv[1])))' "/run/sessmgr/state/tokens/$1"
}

case_token_file() {
    local id token path before attempt status
    tokens_drop_in TokenAtLogin=file
    log_in shell alice
    id=$(shell_session shell)
    path=/run/sessmgr/state/tokens/$id
    check_equal "path" "$path" "$(say_in shell 'echo $SESSMGR_TOKEN_FILE')"
    token=$(say_in shell 'cat $SESSMGR_TOKEN_FILE')
    is_verdict 0 "$token" --uid="$(uid_of alice)"
    check_equal "owner and mode" 'sessmgr 640' "$(in_machine stat -c '%U %a' "$path")"
    check_equal "bob reads" 1 "$(status_of in_machine runuser -u bob -- cat "$path")"
    before=$(state_of_file "$id")
    type_at shell 'F=$SESSMGR_TOKEN_FILE'
    check_equal "reading" 0 "$(status_in shell 'cat $F')"
    undo 'rm -f /home/alice/x /tmp/mine'
    for attempt in "${attempts_on_a_file[@]}"; do
        status=$(status_in shell "$attempt")
        [[ $status =~ ^[1-9][0-9]*$ ]] || fail "$attempt: status '$status'"
    done
    check_equal "all that can be seen of it" "$before" "$(state_of_file "$id")"
    is_verdict 0 "$token"
    type_at shell exit
    expect_ended "$id" logout
    never_was in_machine test -e "$path"
}

case_token_file_after_a_restart() {
    local id kind pid
    for kind in opaque jwt; do
        tokens_drop_in TokenAtLogin=file "TokenType=$kind"
        log_in "$kind" alice
        id=$(shell_session "$kind")
        is_verdict 0 "$(token_of_file "$id")"
        pid=$(daemon_pid)
        in_machine systemctl restart sessmgrd.service
        eventually daemon_is_another "$pid"
        is_verdict 0 "$(token_of_file "$id")"
        pid=$(daemon_pid)
        in_machine systemctl kill --kill-whom=main --signal=KILL sessmgrd.service
        eventually daemon_is_another "$pid"
        is_verdict 0 "$(say_in "$kind" 'cat $SESSMGR_TOKEN_FILE')"
        in_machine sessmgrctl terminate "$id"
        never_was in_machine test -e "/run/sessmgr/state/tokens/$id"
    done
}

case_token_file_of_a_nested_session() {
    local outer inner
    tokens_drop_in TokenAtLogin=file
    log_in shell alice
    outer=$(shell_session shell)
    type_at shell 'sudo su bob' # the environment is alice's, but for what PAM says
    await_shell shell
    inner=$(shell_session shell)
    check_equal "path" "/run/sessmgr/state/tokens/$inner" "$(say_in shell 'echo $SESSMGR_TOKEN_FILE')"
    check_equal "bob's" "bob $inner" "$(speaker_in shell 'cat $SESSMGR_TOKEN_FILE')"
    check_equal "alice's" 1 "$(status_in shell "cat /run/sessmgr/state/tokens/$outer")"
    type_at shell exit
    expect_ended "$inner" logout
    never_was in_machine test -e "/run/sessmgr/state/tokens/$inner"
    check_equal "alice's" "alice $outer" "$(speaker_in shell 'cat $SESSMGR_TOKEN_FILE')"
}

# sample_file ID SECONDS: at no time is there anything but a good token in it. Counts them in ${#seen[@]}.
sample_file() {
    local token until=$((SECONDS + $2))
    while [ $SECONDS -lt $until ]; do
        token=$(token_of_file "$1")
        is_verdict 0 "$token"
        seen[$token]=
        sleep 0.1
    done
}

case_token_file_renewed() {
    local id first pid
    local -A seen=()
    tokens_drop_in TokenAtLogin=file TokenType=jwt TokenLifetimeSec=6s
    log_in shell alice
    id=$(shell_session shell)
    first=$(token_of_file "$id")
    sample_file "$id" 15
    # each at two thirds of the time of the one before
    [ ${#seen[@]} -ge 4 ] || fail "${#seen[@]} tokens in 15 s"
    is_verdict 1 "$first"
    pid=$(daemon_pid)
    in_machine systemctl kill --kill-whom=main --signal=KILL sessmgrd.service
    eventually daemon_is_another "$pid"
    sample_file "$id" 7
}

# on_small_disk BYTES: where the daemon has its directory, a file system of so many.
on_small_disk() {
    in_machine systemctl stop sessmgrd.service sessmgrd-session.socket sessmgrd-login.socket
    in_machine mount -t tmpfs -o "size=$1,mode=755,uid=$(uid_of sessmgr)" tmpfs /run/sessmgr/state
    undo 'umount /run/sessmgr/state; systemctl restart sessmgrd.service'
    in_machine systemctl start sessmgrd-login.socket sessmgrd-session.socket sessmgrd.service
}

fill_small_disk() {
    in_machine sh -c 'cat /dev/zero >>/run/sessmgr/state/full 2>/dev/null || :'
}

# expect_complaint ID: the journal tells that the session's file is not written.
expect_complaint() {
    in_machine journalctl --quiet --sync
    in_machine journalctl --since="$since" -t sessmgrd |
        grep -q "$1: its file with a token cannot be written: No space left on device"
}

case_token_file_on_a_full_run() {
    local id
    tokens_drop_in TokenAtLogin=file
    on_small_disk 8k # two pages, one for the keys
    fill_small_disk
    log_in shell alice
    id=$(shell_session shell)
    check_equal "no file is promised" "" "$(say_in shell 'echo $SESSMGR_TOKEN_FILE')"
    never_was in_machine test -e "/run/sessmgr/state/tokens/$id"
    expect_complaint "$id"
    in_machine rm /run/sessmgr/state/full
    eventually in_machine test -s "/run/sessmgr/state/tokens/$id"
    is_verdict 0 "$(token_of_file "$id")"
}

case_token_file_renewed_on_a_full_run() {
    local id token until gone=0
    tokens_drop_in TokenAtLogin=file TokenType=jwt TokenLifetimeSec=6s
    on_small_disk 12k # a page for the keys and one for a token; a renewal needs another
    log_in shell alice
    id=$(shell_session shell)
    until=$((SECONDS + 9))
    while [ $SECONDS -lt $until ]; do
        fill_small_disk # what a removed file leaves, too
        if token=$(token_of_file "$id" 2>/dev/null); then
            is_verdict 0 "$token"
        else
            gone=$((gone + 1))
        fi
        sleep 0.1
    done
    [ "$gone" -gt 0 ] # rather no token than one that is over
    expect_complaint "$id"
    in_machine rm /run/sessmgr/state/full
    eventually in_machine test -s "/run/sessmgr/state/tokens/$id"
    is_verdict 0 "$(token_of_file "$id")"
}
