# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# Ends by policy: idleness, lifetime, hours and certificates, and what people are told before.

# --- idleness

# has_idle_deadline ID: known once it was looked at, a second after its opening at the earliest.
has_idle_deadline() {
    [ "$(session_field "$1" .idleDeadlineUsec)" != null ]
}

case_idle_shell_is_warned_and_ended() {
    local id
    rule 10-all '[Session]' 'IdleSec=10' 'Warn=5' 'GraceSec=1' 'Message=Mind the door.'
    log_in shell alice
    id=$(shell_session shell)
    eventually has_idle_deadline "$id"
    patience=25
    await_text shell 'Your session ends in [1-5]s: nobody uses it \(policy 10-all\)\. Press a key'
    await_text shell 'Mind the door\.'
    expect_ended "$id" idle
    terminal_status shell
}

case_output_keeps_a_session_and_input_alone_does_not_count() {
    local by_output by_input
    rule 10-alice '[Match]' 'User=alice' '[Session]' 'IdleSec=8' 'Warn=none' 'GraceSec=1'
    rule 20-bob '[Match]' 'User=bob' '[Session]' 'IdleSec=8' 'Warn=none' 'GraceSec=1' 'IdleActivity=tty-input'
    log_in first alice
    by_output=$(shell_session first)
    log_in second bob
    by_input=$(shell_session second)
    type_at first 'while :; do date; sleep 1; done'
    type_at second 'while :; do date; sleep 1; done'
    patience=30
    expect_ended "$by_input" idle
    expect_alive "$by_output"
}

case_work_keeps_a_session() {
    local id
    rule 10-alice '[Match]' 'User=alice' '[Session]' 'IdleSec=6' 'Warn=none' 'GraceSec=1' 'IdleActivity=tty-input processes'
    log_in shell alice
    id=$(shell_session shell)
    type_at shell 'exec timeout 25 sh -c "while :; do :; done"'
    sleep 22
    expect_alive "$id"
    patience=30
    expect_ended "$id" logout
}

case_session_without_terminal_has_its_own_rule() {
    local id shell
    rule 10-alice '[Match]' 'User=alice' '[Session]' 'IdleSecWithoutTerminal=3' 'GraceSec=1'
    log_in shell alice
    shell=$(shell_session shell)
    start_ssh client ssh -N alice@127.0.0.1
    id=$(only_session ".sessionId != \"$shell\"")
    expect_ended "$id" idle
    eventually not client_runs client
    expect_alive "$shell"
}

case_warning_respects_mesg() {
    local id
    rule 10-alice '[Match]' 'User=alice' '[Session]' 'LifetimeSec=8' 'Warn=4' 'GraceSec=1'
    log_in loud alice -o ControlMaster=yes -o ControlPath=/run/e2e/control
    id=$(shell_session loud)
    log_in quiet alice -o ControlPath=/run/e2e/control
    type_at quiet 'chmod g-w $(tty); echo silence-$?' # as mesg(1) does, which not every host has
    await_text quiet 'silence-0'
    await_text loud 'Your session ends in [34]s: its lifetime is over'
    expect_ended "$id" lifetime
    never_was shows quiet 'Your session ends'
}

case_token_keeps_a_session_without_terminal() {
    local id token
    rule 10-alice '[Match]' 'User=alice' '[Session]' 'IdleSecWithoutTerminal=4' 'IdleActivity=token' 'GraceSec=1'
    start_ssh client ssh -N alice@127.0.0.1
    id=$(only_session)
    token=$(in_machine sessmgrctl token --session="$id")
    for _ in 1 2 3 4; do
        sleep 2
        in_machine sessmgrctl validate --touch - <<<"$token" >/dev/null
    done
    expect_alive "$id"
    expect_ended "$id" idle
}

# --- time

case_extend_within_the_policy() {
    local id before after
    rule 10-alice '[Match]' 'User=alice' '[Session]' 'LifetimeSec=20' 'Warn=15' 'Extend=1min 1 owner' 'GraceSec=1'
    log_in shell alice
    id=$(shell_session shell)
    before=$(session_field "$id" .deadlineUsec)
    patience=20
    await_text shell 'Your session ends in 1[0-5]s: its lifetime is over \(policy 10-alice\)\. "sessmgrctl extend" puts it off'
    type_at shell 'sessmgrctl extend; echo extended-$?'
    await_text shell 'extended-0'
    after=$(session_field "$id" .deadlineUsec)
    check_equal "seconds more" 60 $(((after - before + 500000) / 1000000))
    count_events 1 extended "SESSMGR_SESSION_ID=$id" "SESSMGR_ACTOR_UID=$(uid_of alice)"
    type_at shell 'sessmgrctl extend; echo again-$?'
    await_text shell 'again-1'
    in_machine sessmgrctl extend --session="$id" 1h
    count_events 2 extended "SESSMGR_SESSION_ID=$id"
    expect_alive "$id"
}

case_extend_inside_sudo_means_what_ends_around_it() {
    local outer before
    rule 10-alice '[Match]' 'User=alice' '[Session]' 'LifetimeSec=1h' 'Extend=1min 1 owner'
    log_in shell alice
    outer=$(shell_session shell)
    before=$(session_field "$outer" .deadlineUsec)
    type_at shell 'sudo -s'
    eventually live_count 1 ".parentSession == \"$outer\""
    await_shell shell
    type_at shell 'sessmgrctl extend; echo extended-$?'
    await_text shell 'extended-0'
    check_equal "seconds more" 60 \
        $((($(session_field "$outer" .deadlineUsec) - before + 500000) / 1000000))
}

case_hours_refuse_and_end() {
    local id now
    # from an hour ago to the next full minute; far from the end of the day
    now=$(in_machine date +%s)
    rule 10-alice '[Match]' 'User=alice' '[Session]' "Hours=$(in_machine date -d "@$((now - 3600))" +%H:%M)-$(in_machine date -d "@$((now + 75))" +%H:%M)" 'Warn=none' 'GraceSec=1'
    log_in shell alice
    id=$(shell_session shell)
    expect_fields "$id" .deadlineReason hours
    patience=90
    expect_ended "$id" hours
    await_text shell 'the hours for it are over'
    refused_login ssh alice@127.0.0.1 true
    check_equal reason hours "$(events refused | jq -r .SESSMGR_REASON)"
    grep -q 'No session is allowed now; the next is from' "$work/refusal"
    run_ssh bob true
}

# certificate_for NAME VALIDITY: a user certificate of alice's key, good so long, that sshd takes.
certificate_for() {
    in_machine sh -eu -c '
        cd /run/e2e
        [ -e ca ] || ssh-keygen -q -t ed25519 -N "" -f ca
        ssh-keygen -q -t ed25519 -N "" -f "$0"
        ssh-keygen -q -s ca -I test -n alice -V "$1" "$0.pub"' "$1" "$2"
    printf '%s\n' 'TrustedUserCAKeys /run/e2e/ca.pub' |
        in_machine tee /etc/ssh/sshd_config.d/e2e.conf >/dev/null
    undo 'rm -f /etc/ssh/sshd_config.d/e2e.conf; systemctl reload ssh.service'
    in_machine systemctl restart ssh.service
}

case_session_ends_with_its_certificate() {
    local id expires
    rule 10-alice '[Match]' 'User=alice' '[Session]' 'EndWithCredential=yes' 'Warn=none' 'GraceSec=1'
    expires=$(in_machine date -d '+12 seconds' +%Y%m%d%H%M%S)
    certificate_for short "-1m:$expires"
    log_in shell alice -o IdentitiesOnly=yes -i /run/e2e/short
    id=$(shell_session shell)
    check_equal "end of the certificate" "$(in_machine date -d "${expires:0:8} ${expires:8:2}:${expires:10:2}:${expires:12:2}" +%s)000000" \
        "$(session_field "$id" .authExpiresUsec)"
    expect_fields "$id" .deadlineReason credential_expired
    check_equal "fingerprint" "$(in_machine ssh-keygen -lf /run/e2e/short | cut -d' ' -f2)" \
        "$(session_field "$id" .authKey)"
    log_in plain alice
    expect_ended "$id" credential_expired
    await_text shell 'the certificate that opened it is not valid any more'
    expect_fields "$(shell_session plain)" .deadlineUsec null
}

# --- one connection, many terminals

case_inner_terminals_keep_the_connection() {
    local id
    rule 10-alice '[Match]' 'User=alice' '[Session]' 'IdleSec=8' 'Warn=none' 'GraceSec=1' 'IdleActivity=tty-input'
    log_in master alice -o ControlMaster=yes -o ControlPath=/run/e2e/control
    id=$(shell_session master)
    log_in inner alice -o ControlPath=/run/e2e/control
    live_count 1
    for _ in 1 2 3 4 5; do
        sleep 4
        await_shell inner
    done
    expect_alive "$id"
    patience=30
    expect_ended "$id" idle
    await_text master 'nobody uses it'
    await_text inner 'nobody uses it'
}

# What was typed at a terminal that is no more has kept the session all the same.
case_closed_terminal_was_used_until_then() {
    local id
    rule 10-alice '[Match]' 'User=alice' '[Session]' 'IdleSec=12' 'Warn=none' 'GraceSec=1' 'IdleActivity=tty-input'
    log_in master alice -o ControlMaster=yes -o ControlPath=/run/e2e/control
    id=$(shell_session master)
    log_in inner alice -o ControlPath=/run/e2e/control
    for _ in 1 2 3 4 5; do
        sleep 4
        await_shell inner
    done
    type_at inner exit
    terminal_status inner
    sleep 11
    expect_alive "$id"
    patience=30
    expect_ended "$id" idle
}
