# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# Locks of users: who is let in no more, by what, and for how long.

# lock USER [OPTION...]: until the case is over.
lock() {
    in_machine sessmgrctl lock "$@"
    undo "sessmgrctl unlock $1 || [ \$? = 3 ]" # the case may have done so
}

# refused_as_locked USER [TEXT]: an ssh login fails in the account phase, and the person is told why.
refused_as_locked() {
    local status=0
    # shellcheck disable=SC2046  # words on purpose
    in_machine $(ssh_command "$1") "$1@127.0.0.1" true </dev/null >"$work/refusal" 2>&1 || status=$?
    never_was [ "$status" = 0 ]
    grep -q "This account is locked.*${2-}" "$work/refusal" || fail "no message: $(cat "$work/refusal")"
}

case_lock_refuses_ssh_and_console() {
    lock alice --message='Call the help desk.'
    lock bob --until=+1h
    refused_as_locked alice 'Call the help desk\.'
    refused_as_locked bob 'until '
    open_terminal console login
    answer_login console bob bob
    await_text console 'This account is locked until'
    close_terminal console
    eventually count_events 3 refused SESSMGR_REASON=locked
    expect_opened 0
    check_equal "who is locked" "alice bob" \
        "$(in_machine sessmgrctl locks --json=short | jq -r '.[].user' | xargs)"
    in_machine sessmgrctl unlock alice
    run_ssh alice true
    expect_opened 1
    count_events 1 unlocked SESSMGR_USER=alice
}

# Services that open no session let the user run something all the same.
case_lock_refuses_what_is_no_login() {
    local uid
    uid=$(uid_of alice)
    lock alice
    never_was in_machine su alice -c true
    never_was in_machine systemctl start "user@$uid.service"
    undo "systemctl reset-failed"
    count_events 1 refused SESSMGR_REASON=locked SESSMGR_SERVICE=su
    eventually count_events 1 refused SESSMGR_REASON=locked SESSMGR_SERVICE=systemd-user
}

case_lock_ends_a_live_session() {
    local id
    log_in shell alice
    id=$(shell_session shell)
    type_at shell 'sleep 4301'
    eventually runs 'sleep 4301'
    lock alice --terminate --message='Call the help desk.'
    await_text shell 'your account was locked\. Call the help desk\.'
    expect_ended "$id" locked
    never_was runs 'sleep 4301'
    terminal_status shell
    count_events 1 locked SESSMGR_USER=alice "SESSMGR_UID=$(uid_of alice)" SESSMGR_ACTOR_UID=0
    count_events 1 terminated "SESSMGR_SESSION_ID=$id" SESSMGR_REASON=locked
    refused_as_locked alice
    expect_opened 1
}

case_lock_leaves_a_session_but_no_sudo() {
    local id
    log_in shell alice
    id=$(shell_session shell)
    lock alice
    type_at shell 'sudo true; echo sudo-said-$?'
    await_text shell 'sudo-said-1'
    expect_alive "$id"
    in_machine sessmgrctl unlock alice
    type_at shell 'sudo true; echo sudo-says-$?'
    await_text shell 'sudo-says-0'
}

case_lock_survives_a_reboot() {
    lock alice --until=+1d
    reboot_machine kill
    refused_as_locked alice until
    reboot_machine down
    refused_as_locked alice until
    in_machine sessmgrctl unlock alice
    reboot_machine kill
    run_ssh alice true
    expect_opened 1
}

case_lock_is_over_by_itself() {
    lock alice --until=+4s
    refused_as_locked alice
    eventually run_ssh alice true
    check_equal "who is locked" "[]" "$(in_machine sessmgrctl locks --json=short)"
}

case_lock_ends_who_came_in_an_outage() {
    local id
    lock alice --message='Call the help desk.'
    in_machine systemctl stop sessmgrd-login.socket sessmgrd-session.socket sessmgrd.service
    undo 'systemctl start sessmgrd-login.socket sessmgrd-session.socket sessmgrd.service'
    log_in shell alice
    in_machine systemctl start sessmgrd-login.socket sessmgrd-session.socket sessmgrd.service
    await_text shell 'your account was locked\. Call the help desk\.'
    terminal_status shell
    id=$(events ended | jq -r .SESSMGR_SESSION_ID)
    expect_ended "$id" locked
}
