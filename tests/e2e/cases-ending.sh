# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# Enforced ends: what is ended, why it says it was, and what must be left alone.

# A shell line that HUP and TERM do not impress.
stubborn='trap "" HUP TERM INT; while :; do sleep 1; done'

case_lifetime_ends_a_stubborn_shell() {
    local id leader_pid
    configure LifetimeSec=3 GraceSec=1
    log_in shell alice
    id=$(shell_session shell)
    leader_pid=$(session_field "$id" .leaderPid)
    never_was test "$(session_field "$id" .deadlineUsec)" = null
    type_at shell "exec bash -c '$stubborn' stubborn-shell"
    eventually runs 'bash -c .* stubborn-shell'
    expect_ended "$id" lifetime
    never_was runs 'bash -c .* stubborn-shell'
    eventually process_gone "$leader_pid"
    terminal_status shell
    expect_opened 1
}

case_lifetime_ends_what_was_detached() {
    local id
    configure LifetimeSec=3 GraceSec=1
    log_in shell alice
    id=$(shell_session shell)
    type_at shell 'nohup sleep 4101 >/dev/null 2>&1 & setsid sleep 4102 & '
    type_at shell "(setsid bash -c '$stubborn' stubborn-daemon &)"
    eventually runs 'sleep 4101'
    eventually runs 'sleep 4102'
    eventually runs 'bash -c .* stubborn-daemon'
    expect_ended "$id" lifetime
    never_was runs 'sleep 4101'
    never_was runs 'sleep 4102'
    never_was runs 'bash -c .* stubborn-daemon'
    terminal_status shell
}

case_lifetime_ends_a_command_without_terminal() {
    local id
    configure LifetimeSec=3 GraceSec=1
    start_ssh client ssh alice@127.0.0.1 'exec sleep 4111'
    id=$(only_session)
    eventually runs 'sleep 4111'
    expect_ended "$id" lifetime
    never_was runs 'sleep 4111'
    eventually not client_runs client
}

case_lifetime_ends_ssh_without_command() {
    local id
    configure LifetimeSec=2 GraceSec=1
    start_ssh client ssh -N alice@127.0.0.1
    id=$(only_session)
    expect_ended "$id" lifetime
    eventually not client_runs client
}

case_lifetime_ends_a_console_login() {
    local id leader_pid
    configure LifetimeSec=3 GraceSec=1
    log_in_console console bob
    id=$(shell_session console)
    leader_pid=$(session_field "$id" .leaderPid)
    type_at console 'sleep 4121'
    eventually runs 'sleep 4121'
    expect_ended "$id" lifetime
    never_was runs 'sleep 4121'
    eventually process_gone "$leader_pid"
}

# nested_ends_with_its_parent COUNT COMMAND: the sessions that the command opens inside another end with
# that one's reason.
nested_ends_with_its_parent() {
    local outer inner count=$1
    configure LifetimeSec=4 GraceSec=1
    log_in shell alice
    outer=$(shell_session shell)
    type_at shell "$2"
    await_shell shell
    eventually live_count "$count" '.parentSession != null'
    inner=$(only_session ".parentSession == \"$outer\"")
    type_at shell 'sleep 4131'
    eventually runs 'sleep 4131'
    expect_ended "$outer" lifetime
    expect_ended "$inner" lifetime
    never_was runs 'sleep 4131'
    expect_opened $((count + 1))
    eventually count_events $((count + 1)) ended SESSMGR_REASON=lifetime
}

case_sudo_ends_with_its_parent() { nested_ends_with_its_parent 1 'sudo -s'; }
case_su_ends_with_its_parent() { nested_ends_with_its_parent 2 'sudo su bob'; }

case_terminated_parent_ends_nested() {
    local outer inner
    log_in shell alice
    outer=$(shell_session shell)
    type_at shell 'sudo -i'
    inner=$(only_session ".parentSession == \"$outer\"")
    in_machine sessmgrctl terminate "$outer"
    expect_ended "$outer" terminated
    expect_ended "$inner" terminated
}

case_terminated_nested_leaves_the_outer() {
    local outer inner
    log_in shell alice
    outer=$(shell_session shell)
    type_at shell 'sleep 4141 & sudo -s'
    inner=$(only_session ".parentSession == \"$outer\"")
    await_shell shell
    type_at shell 'sleep 4142'
    eventually runs 'sleep 4142'
    in_machine sessmgrctl terminate "$inner"
    expect_ended "$inner" terminated
    never_was runs 'sleep 4142'
    runs 'sleep 4141'
    expect_alive "$outer"
    await_shell shell
    check_equal "the outer shell's session" "$outer" "$(shell_session shell)"
}

case_bystanders_are_left_alone() {
    local id other console
    log_in other alice # before there was a limit
    other=$(shell_session other)
    type_at other 'sleep 4151'
    log_in_console console alice
    console=$(shell_session console)
    in_machine systemd-run --quiet --collect --uid=alice --unit=e2e-bystander sleep 4152
    in_machine runuser -u alice -- env "XDG_RUNTIME_DIR=/run/user/$(uid_of alice)" \
        systemd-run --quiet --collect --user sleep 4153
    configure LifetimeSec=3 GraceSec=1
    log_in shell alice
    id=$(shell_session shell)
    type_at shell 'sleep 4154'
    eventually runs 'sleep 4154'
    expect_ended "$id" lifetime
    never_was runs 'sleep 4154'
    runs 'sleep 4151'
    runs 'sleep 4152'
    runs 'sleep 4153'
    expect_alive "$other"
    expect_alive "$console"
    await_shell console
}

case_logout_leaves_what_was_detached() {
    local id
    log_in shell alice
    id=$(shell_session shell)
    type_at shell 'setsid sleep 4161 >/dev/null 2>&1 </dev/null &'
    eventually runs 'sleep 4161'
    type_at shell exit
    expect_ended "$id" logout
    runs 'sleep 4161'
}

case_terminate_shows_its_message() {
    local id
    log_in shell alice
    id=$(shell_session shell)
    in_machine sessmgrctl terminate --message='the host goes down at noon' "$id"
    expect_ended "$id" terminated
    await_text shell 'the host goes down at noon'
    count_events 1 terminated "SESSMGR_SESSION_ID=$id"
    expect_opened 1
}

case_terminate_takes_prefixes() {
    local first second
    log_in first alice
    first=$(shell_session first)
    log_in second bob
    second=$(shell_session second)
    in_machine sessmgrctl terminate "${first:0:12}" "${second:0:12}"
    expect_ended "$first" terminated
    expect_ended "$second" terminated
}

alices_key() {
    in_machine ssh-keygen -lf /root/.ssh/id_ed25519.pub | cut -d ' ' -f 2
}

case_terminate_all_of_a_key() {
    local key name id others ids=()
    key=$(alices_key)
    for name in first second third; do
        log_in "$name" alice
        ids+=("$(shell_session "$name")")
    done
    log_in other bob
    others=$(shell_session other)
    in_machine sessmgrctl terminate --key="$key" --dry-run | grep -q '^3 sessions would be ended'
    for id in "${ids[@]}"; do expect_alive "$id"; done
    check_equal "what is said" "3 sessions are being ended." \
        "$(in_machine sessmgrctl terminate --key="$key" --yes)"
    for id in "${ids[@]}"; do expect_ended "$id" terminated; done
    expect_alive "$others"
    check_equal "status where none is left" 3 \
        "$(status_of in_machine sessmgrctl terminate --key="$key")"
    run_ssh alice true # with a new connection
}

# sshd has let alice in by her key and waits before it opens the session.
case_terminate_reaches_a_login_under_way() {
    in_machine cp -a /etc/pam.d/sshd /run/e2e/
    undo 'cp -a /run/e2e/sshd /etc/pam.d/'
    printf '%s\n' '#!/bin/sh' 'until [ -e /run/e2e/go ]; do sleep 0.1; done' |
        in_machine tee /run/e2e/hold >/dev/null
    in_machine chmod 755 /run/e2e/hold
    in_machine sed -i '1i session required pam_exec.so quiet /run/e2e/hold' /etc/pam.d/sshd
    start_ssh client ssh -N alice@127.0.0.1
    eventually runs '/bin/sh /run/e2e/hold'
    count_events 1 admitted
    check_equal "status where no session is open" 3 \
        "$(status_of in_machine sessmgrctl terminate --key="$(alices_key)")"
    in_machine touch /run/e2e/go
    eventually count_events 1 refused SESSMGR_REASON=terminated
    eventually not client_runs client
    expect_opened 0
}

case_users_see_and_end_their_own() {
    local own others
    log_in other bob
    others=$(shell_session other)
    log_in shell alice
    own=$(shell_session shell)
    type_at shell 'sessmgrctl --no-pager show'
    await_text shell "Session: $own"
    type_at shell "sessmgrctl list --json=short | tr , '\n' >/tmp/e2e-list; echo listed-\$?"
    await_text shell 'listed-0'
    in_machine grep -q "$own" /tmp/e2e-list
    never_was in_machine grep -q "$others" /tmp/e2e-list
    for command in show terminate; do
        type_at shell "sessmgrctl $command $others; echo tried-$command-\$?"
        await_text shell "tried-$command-1"
        type_at shell "sessmgrctl $command 0123456789abcdef; echo looked-$command-\$?"
        await_text shell "looked-$command-3"
    done
    expect_alive "$others"
    type_at shell "sessmgrctl terminate $own"
    expect_ended "$own" terminated
    check_equal "who asked" "$(uid_of alice)" \
        "$(events terminated "SESSMGR_SESSION_ID=$own" | jq -r .SESSMGR_ACTOR_UID)"
}

case_administrators_group_sees_everybody() {
    local own others
    in_machine usermod --append --groups sessmgr-admin alice
    undo 'gpasswd --delete alice sessmgr-admin'
    log_in other bob
    others=$(shell_session other)
    log_in shell alice
    type_at shell "sessmgrctl terminate $others; echo ended-\$?"
    await_text shell 'ended-0'
    expect_ended "$others" terminated
}

watch_sees_a_login() {
    run_ssh bob true
    shows watch '"user":"bob"'
}

case_watch_tells_what_happens() {
    local id
    open_terminal watch sessmgrctl watch --json=short
    eventually client_runs watch
    # what went before the stream is not told, so until it is there:
    eventually watch_sees_a_login
    id=$(run_ssh alice 'echo $SESSMGR_SESSION_ID')
    await_text watch "\"sessionId\":\"$id\".*\"endReason\":\"logout\""
}

# kept_after_an_end SETTING: which of a detached process, another login, a process beside both are left.
kept_after_an_end() {
    local id other
    configure "$1" GraceSec=1
    log_in other alice
    other=$(shell_session other)
    in_machine systemd-run --quiet --collect --uid=alice --unit=e2e-bystander sleep 4181
    log_in shell alice
    id=$(shell_session shell)
    type_at shell 'setsid sleep 4182 >/dev/null 2>&1 </dev/null &'
    eventually runs 'sleep 4182'
    in_machine sessmgrctl terminate "$id"
    expect_ended "$id" terminated
    kept=""
    if runs 'sleep 4181'; then kept+=" bystander"; fi
    if runs 'sleep 4182'; then kept+=" detached"; fi
    if live_count 1 ".sessionId == \"$other\""; then kept+=" login"; fi
}

case_kill_processes_no() {
    kept_after_an_end KillProcesses=no
    check_equal "left" " bystander detached login" "$kept"
}

case_kill_processes_all() {
    kept_after_an_end KillProcesses=all
    check_equal "left" "" "$kept"
}

case_kill_processes_always() {
    local id
    configure KillProcesses=always GraceSec=1
    log_in shell alice
    id=$(shell_session shell)
    type_at shell 'setsid sleep 4191 >/dev/null 2>&1 </dev/null &'
    eventually runs 'sleep 4191'
    type_at shell exit
    expect_ended "$id" logout
    eventually not runs 'sleep 4191'
}

# Where logind made no scope, the audit session tells whose a process is.
case_audit_session_tells_without_logind() {
    local id
    configure LifetimeSec=3 GraceSec=1
    in_machine cp -a /etc/pam.d/common-session /run/e2e/
    undo 'cp -a /run/e2e/common-session /etc/pam.d/'
    in_machine sed -i '/pam_systemd/d' /etc/pam.d/common-session
    in_machine systemd-run --quiet --collect --uid=alice --unit=e2e-bystander sleep 4196
    log_in shell alice
    id=$(shell_session shell)
    expect_fields "$id" .logindSession null
    never_was test "$(session_field "$id" .auditSession)" = null
    type_at shell "(setsid bash -c '$stubborn' stubborn-daemon &)"
    eventually runs 'bash -c .* stubborn-daemon'
    expect_ended "$id" lifetime
    never_was runs 'bash -c .* stubborn-daemon'
    runs 'sleep 4196'
}

case_sshd_monitor_killed() {
    local id leader_pid
    log_in shell alice
    id=$(shell_session shell)
    leader_pid=$(session_field "$id" .leaderPid)
    type_at shell 'sleep 4171'
    eventually runs 'sleep 4171'
    in_machine kill -KILL "$leader_pid"
    expect_ended "$id" leader_exited
    never_was runs 'sleep 4171'
    expect_opened 1
}
