# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# Logins that the daemon was not told of: which of them become sessions when it is back.

case_logins_of_an_outage_are_adopted() {
    local ssh console
    rule 10-all '[Session]' 'LifetimeSec=1h' 'MaxSessions=1'
    in_machine systemctl stop sessmgrd-login.socket sessmgrd-session.socket sessmgrd.service
    undo 'systemctl start sessmgrd-login.socket sessmgrd-session.socket sessmgrd.service'
    log_in shell alice
    log_in_console console bob
    in_machine systemctl start sessmgrd-login.socket sessmgrd-session.socket sessmgrd.service
    ssh=$(only_session '.user == "alice"')
    console=$(only_session '.user == "bob"')
    expect_fields "$ssh" .adopted true .service sshd .remoteHost 127.0.0.1 .policy 10-all .deadlineReason lifetime
    expect_fields "$console" .adopted true .service login
    count_events 2 adopted SESSMGR_POLICY=10-all
    refused_login ssh alice@127.0.0.1 true # it counts
    type_at shell exit
    expect_ended "$ssh" logout
    in_machine sessmgrctl terminate "$console"
    expect_ended "$console" terminated
    terminal_status console
}

# What goes on after a logout keeps logind's scope, and is nobody's login any more.
case_what_a_logout_left_behind_is_not_adopted() {
    local id
    rule 10-all '[Session]' 'LifetimeSec=1h'
    log_in shell alice
    id=$(shell_session shell)
    type_at shell 'nohup sleep 4401 >/dev/null 2>&1 & exit'
    expect_ended "$id" logout
    terminal_status shell
    eventually in_machine grep -rq '^STATE=closing' /run/systemd/sessions
    in_machine systemctl restart sessmgrd.service
    live_count 0
    count_events 0 adopted
    runs 'sleep 4401'
}

# Between the two modules of the stack: there is a scope, and the daemon has not been told.
case_login_under_way_at_a_restart_is_one_session() {
    local id
    rule 10-all '[Session]' 'MaxSessions=1' 'CountNested=yes' 'KillProcesses=always'
    in_machine cp -a /etc/pam.d/common-session /run/e2e/
    undo 'cp -a /run/e2e/common-session /etc/pam.d/'
    printf '%s\n' 'touch /run/e2e/paused' 'until [ -e /run/e2e/go ]; do sleep 0.1; done' |
        in_machine tee /run/e2e/pause >/dev/null
    in_machine sed -i '/pam_systemd.so/a session optional pam_exec.so type=open_session /bin/sh /run/e2e/pause' \
        /etc/pam.d/common-session
    open_terminal shell ssh -tt alice@127.0.0.1
    eventually in_machine test -e /run/e2e/paused
    in_machine systemctl restart sessmgrd.service
    count_events 1 adopted
    in_machine touch /run/e2e/go
    await_shell shell
    id=$(shell_session shell)
    check_equal "the session" "$id" "$(only_session)"
    expect_fields "$id" .parentSession null .adopted false
    never_was test "$(session_field "$id" .logindSession)" = null
    type_at shell exit
    expect_ended "$id" logout
}
