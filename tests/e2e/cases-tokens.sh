# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# Tokens of real logins: who gets one from where, refreshing and reuse, keys, where secrets are not. What is
# in files at login is in cases-token-files.sh.

# say_in NAME COMMAND: what a command prints at a terminal; one line without blanks.
say_in() {
    question=$((${question:-0} + 1))
    local tag=say-$question-${EPOCHREALTIME/[^0-9]/}
    type_at "$1" "echo \"$tag<\$($2)>\""
    await_text "$1" "^$tag<[^<>]*>"
    in_machine cat "/run/e2e/$1.out" | sed -n "s/^$tag<\([^<>]*\)>.*/\1/p" | head -n 1
}

# verdict_of TOKEN [OPTION...]: exit status of validate, asked by nobody.
verdict_of() {
    local token=$1 status=0
    shift
    printf '%s' "$token" | in_machine setpriv --reuid=nobody --regid=nogroup --clear-groups \
        sessmgrctl --quiet "$@" validate - >/dev/null 2>&1 || status=$?
    echo "$status"
}

is_verdict() { # WANTED TOKEN [OPTION...]
    check_equal "validate" "$1" "$(verdict_of "${@:2}")"
}

token_of_file() { in_machine cat "/run/sessmgr/state/tokens/$1"; }

# status_in NAME COMMAND: its exit status at a terminal, once it has ended.
status_in() {
    say_in "$1" "{ $2; } >/dev/null 2>&1; echo \$?"
}

# speaker_in NAME COMMAND: "user session" of the token that a command prints at a terminal.
speaker_in() {
    say_in "$1" "$2 | sessmgrctl --json=short validate - | jq -r '.user + \" \" + .sessionId'"
}

tokens_drop_in() {
    drop_in 60-tokens.conf '[Tokens]' "$@"
}

case_token_from_a_shell() {
    local id token jwt
    log_in shell alice
    id=$(shell_session shell)
    token=$(say_in shell 'sessmgrctl token')
    jwt=$(say_in shell 'sessmgrctl token --jwt')
    is_verdict 0 "$token" --uid="$(uid_of alice)"
    is_verdict 0 "$jwt" --uid="$(uid_of alice)"
    is_verdict 1 "$token" --uid="$(uid_of bob)"
    check_equal "session" "$id" \
        "$(printf '%s' "$jwt" | in_machine sessmgrctl --json=short validate - | jq -r .sessionId)"
    check_equal "issued" 2 "$(events token-issued "SESSMGR_SESSION_ID=$id" | wc -l)"
    type_at shell exit
    expect_ended "$id" logout
    is_verdict 1 "$token"
    is_verdict 1 "$jwt"
}

case_token_of_a_terminated_session() {
    local id token
    log_in shell alice
    id=$(shell_session shell)
    token=$(say_in shell 'sessmgrctl token')
    is_verdict 0 "$token"
    in_machine sessmgrctl terminate "$id"
    is_verdict 1 "$token" # before its processes have gone
    expect_ended "$id" terminated
}

case_token_of_one_command() {
    local token
    token=$(run_ssh alice sessmgrctl token)
    [[ $token = sms_* ]]
    is_verdict 1 "$token" # the login is over
}

case_token_nested() {
    local outer inner token
    log_in shell alice
    outer=$(shell_session shell)
    type_at shell 'sudo -i'
    await_shell shell
    inner=$(shell_session shell)
    check_equal "nested" "$outer" "$(session_field "$inner" .parentSession)"
    check_equal "whoami" "$inner" "$(say_in shell 'sessmgrctl --json=short whoami | jq -r .sessionId')"
    token=$(say_in shell 'sessmgrctl token')
    is_verdict 0 "$token" --uid=0
    is_verdict 1 "$token" --uid="$(uid_of alice)"
    type_at shell 'su - bob'
    await_shell shell
    is_verdict 0 "$(say_in shell 'sessmgrctl token')" --uid="$(uid_of bob)"
    in_machine sessmgrctl terminate "$outer"
    expect_ended "$inner" terminated
    is_verdict 1 "$token"
}

case_token_not_for_others() {
    log_in shell alice
    type_at shell 'sudo -i'
    await_shell shell
    # runuser opens no session that is tracked: a process of bob's in root's
    check_equal "runuser" 1 "$(say_in shell 'runuser -u bob -- sessmgrctl token 2>/dev/null; echo $?')"
    check_equal "a service" 3 "$(as_service sh -c 'sessmgrctl token >/dev/null 2>&1; echo $?')"
    check_equal "no session ID helps" 1 \
        "$(say_in shell 'runuser -u bob -- sessmgrctl token --session=$SESSMGR_SESSION_ID 2>/dev/null; echo $?')"
}

case_refresh_token_used_twice() {
    local id first second
    tokens_drop_in RefreshToken=yes ReuseAction=end-session
    log_in shell alice
    id=$(shell_session shell)
    first=$(say_in shell 'sessmgrctl token --refresh | tail -n 1')
    [[ $first = smr_* ]]
    second=$(printf '%s' "$first" | in_machine sessmgrctl refresh | tail -n 1)
    [[ $second = smr_* ]]
    expect_alive "$id"
    check_equal "again" 1 "$(printf '%s' "$first" | status_of in_machine sessmgrctl refresh)"
    expect_ended "$id" token_reuse
    count_events 1 token-reused "SESSMGR_SESSION_ID=$id"
}

case_signing_keys() {
    local jwt issuer
    log_in shell alice
    jwt=$(say_in shell 'sessmgrctl token --jwt')
    check_equal "alice makes no keys" 1 "$(say_in shell 'sessmgrctl keys --rotate >/dev/null 2>&1; echo $?')"
    in_machine sessmgrctl keys --rotate
    check_equal "mode" 644 "$(in_machine stat -c %a /run/sessmgr/state/jwks.json)"
    check_equal "keys" "$(in_machine sessmgrctl keys --jwks | jq -S .)" \
        "$(in_machine jq -S . /run/sessmgr/state/jwks.json)"
    is_verdict 0 "$jwt"
    issuer=sessmgr:$(live_sessions | jq -r '.[0].hostId')
    is_verdict 0 "$jwt" --offline=/run/sessmgr/state/jwks.json --issuer="$issuer"
    is_verdict 1 "$jwt" --offline=/run/sessmgr/state/jwks.json --issuer=another
    [ "$(events key-made | wc -l)" -ge 1 ]
}

case_context() {
    local id
    log_in shell alice
    id=$(shell_session shell)
    check_equal "set" 0 "$(say_in shell 'sessmgrctl context ticket=42; echo $?')"
    check_equal "shown" 42 "$(session_field "$id" .context.ticket)"
    check_equal "an administrator's" 1 "$(say_in shell 'sessmgrctl context admin.ok=1 2>/dev/null; echo $?')"
    in_machine sessmgrctl context --session="$id" admin.ok=1
    check_equal "by root" 1 "$(session_field "$id" '.context["admin.ok"]')"
}

case_tokens_are_nowhere() {
    local id opaque jwt refresh secret
    tokens_drop_in RefreshToken=yes TokenAtLogin=file
    log_in shell alice
    id=$(shell_session shell)
    opaque=$(say_in shell 'sessmgrctl token')
    jwt=$(say_in shell 'sessmgrctl token --jwt')
    refresh=$(say_in shell 'sessmgrctl token --refresh | tail -n 1')
    in_machine journalctl --quiet --sync
    for secret in "${opaque:8:24}" "${jwt: -40}" "${refresh:8:24}" "$(token_of_file "$id" | cut -c9-32)"; do
        [ ${#secret} -ge 24 ]
        # by a file, lest it is found among the arguments of those who look for it
        printf '%s\n' "$secret" | in_machine tee /run/e2e/secret >/dev/null
        in_machine grep -qaF -f /run/e2e/secret /run/e2e/secret
        never_was in_machine grep -rqaF -f /run/e2e/secret /var/lib/sessmgr
        never_was in_machine sh -c 'journalctl --output=export | grep -qaF -f /run/e2e/secret'
        never_was in_machine sh -c 'cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null |
            grep -qaF -f /run/e2e/secret'
        never_was in_machine runuser -u bob -- sh -c 'cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline \
            2>/dev/null | grep -qaF -f /run/e2e/secret'
    done
}

case_validate_without_a_daemon() {
    local token
    log_in shell alice
    token=$(say_in shell 'sessmgrctl token')
    is_verdict 0 "$token"
    in_machine systemctl stop sessmgrd.service sessmgrd-session.socket sessmgrd-login.socket
    undo 'systemctl start sessmgrd-login.socket sessmgrd-session.socket sessmgrd.service'
    is_verdict 2 "$token"
    in_machine systemctl start sessmgrd-login.socket sessmgrd-session.socket sessmgrd.service
    eventually is_verdict 0 "$token"
}
