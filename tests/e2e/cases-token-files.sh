# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# The file with a token that a login has (TokenAtLogin=file): who can do what with it, and that what is
# in it is good. Asks by what cases-tokens.sh has.

# The file holds something else than it did.
file_changed() { # ID OLD
    [ "$(token_of_file "$1")" != "$2" ]
}

case_token_file() {
    local id token path
    tokens_drop_in TokenAtLogin=file
    log_in shell alice
    id=$(shell_session shell)
    path=/run/sessmgr/state/tokens/$id
    check_equal "path" "$path" "$(say_in shell 'echo $SESSMGR_TOKEN_FILE')"
    token=$(say_in shell 'cat $SESSMGR_TOKEN_FILE')
    is_verdict 0 "$token"
    check_equal "owner and mode" 'sessmgr 640' "$(in_machine stat -c '%U %a' "$path")"
    check_equal "bob reads" 1 "$(status_of in_machine runuser -u bob -- cat "$path")"
    local attempt
    for attempt in 'echo x >' 'chmod 666' 'rm -f' 'mv /etc/hostname' 'ln -sf /etc/passwd' 'truncate -s0' 'setfacl -m u:bob:r'; do
        type_at shell "$attempt \$SESSMGR_TOKEN_FILE; echo tried"
    done
    check_equal "still there" "$token" "$(token_of_file "$id")"
    check_equal "still closed" 'sessmgr 640' "$(in_machine stat -c '%U %a' "$path")"
    in_machine systemctl kill --signal=KILL sessmgrd.service
    eventually in_machine sessmgrctl status
    check_equal "kept over a crash" "$token" "$(token_of_file "$id")"
    is_verdict 0 "$token"
    type_at shell exit
    expect_ended "$id" logout
    never_was in_machine test -e "$path"
}

case_token_file_renewed() {
    local id token i
    tokens_drop_in TokenAtLogin=file TokenType=jwt TokenLifetimeSec=6s
    log_in shell alice
    id=$(shell_session shell)
    token=$(token_of_file "$id")
    for ((i = 0; i < 10; i++)); do
        is_verdict 0 "$(token_of_file "$id")"
        sleep 0.3
    done
    eventually file_changed "$id" "$token"
    is_verdict 0 "$(token_of_file "$id")"
    eventually is_verdict 1 "$token"
    is_verdict 0 "$(token_of_file "$id")"
}

case_token_file_on_a_full_run() {
    local id
    tokens_drop_in TokenAtLogin=file
    # where the daemon has its directory: a file system of two pages, one for the keys, that is full
    in_machine systemctl stop sessmgrd.service sessmgrd-session.socket sessmgrd-login.socket
    in_machine mount -t tmpfs -o size=8k,mode=755,uid="$(uid_of sessmgr)" tmpfs /run/sessmgr/state
    undo 'umount /run/sessmgr/state; systemctl restart sessmgrd.service'
    in_machine systemctl start sessmgrd-login.socket sessmgrd-session.socket sessmgrd.service
    in_machine sh -c 'cat /dev/zero >/run/sessmgr/state/full 2>/dev/null || :'
    log_in shell alice
    id=$(shell_session shell)
    check_equal "no file is promised" "" "$(say_in shell 'echo $SESSMGR_TOKEN_FILE')"
    in_machine journalctl --quiet --sync
    in_machine journalctl --since="$since" -t sessmgrd | grep -q "$id: its file with a token cannot be written"
    in_machine rm /run/sessmgr/state/full
    eventually in_machine test -s "/run/sessmgr/state/tokens/$id"
    is_verdict 0 "$(token_of_file "$id")"
}
