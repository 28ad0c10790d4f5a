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

key_of_jwt() {
    jq -rR 'split(".")[0] | gsub("-"; "+") | gsub("_"; "/") | @base64d | fromjson | .kid' <<<"$1"
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
    count_events 1 token-refused SESSMGR_REASON=session "SESSMGR_SESSION_ID=$id" # the JWT names it
    count_events 3 token-refused "SESSMGR_ACTOR_UID=$(uid_of nobody)"
}

case_token_of_a_terminated_session() {
    local id token jwt
    log_in shell alice
    id=$(shell_session shell)
    token=$(say_in shell 'sessmgrctl token')
    jwt=$(say_in shell 'sessmgrctl token --jwt')
    is_verdict 0 "$token"
    is_verdict 0 "$jwt"
    in_machine sessmgrctl terminate "$id"
    # before its processes have gone
    is_verdict 1 "$token"
    is_verdict 1 "$jwt"
    expect_ended "$id" terminated
}

case_token_of_one_command() {
    local token
    # good while the command runs
    undo 'rm -f /home/alice/mine'
    token=$(run_ssh alice 'sessmgrctl token | tee mine | sessmgrctl --quiet validate - && cat mine')
    [[ $token = sms_* ]]
    is_verdict 1 "$token" # the login is over
}

case_token_nested() {
    local outer inner token innermost
    log_in shell alice
    outer=$(shell_session shell)
    type_at shell 'sudo -i'
    await_shell shell
    inner=$(shell_session shell)
    check_equal "nested" "$outer" "$(session_field "$inner" .parentSession)"
    check_equal "whoami" "$inner" "$(say_in shell 'sessmgrctl --json=short whoami | jq -r .sessionId')"
    check_equal "root's" "root $inner" "$(speaker_in shell 'sessmgrctl token')"
    token=$(say_in shell 'sessmgrctl token')
    is_verdict 0 "$token" --uid=0
    is_verdict 1 "$token" --uid="$(uid_of alice)"
    type_at shell 'su - bob'
    await_shell shell
    check_equal "bob's" "bob $(shell_session shell)" "$(speaker_in shell 'sessmgrctl token')"
    innermost=$(say_in shell 'sessmgrctl token')
    is_verdict 0 "$innermost" --uid="$(uid_of bob)"
    in_machine sessmgrctl terminate "$outer"
    expect_ended "$inner" terminated
    is_verdict 1 "$token"
    is_verdict 1 "$innermost"
}

case_token_of_one_command_as_another() {
    local outer inner token
    log_in shell alice
    outer=$(shell_session shell)
    local command='sessmgrctl token | tee /tmp/bobs | sessmgrctl --quiet --uid=$(id -u bob) validate -'
    undo 'rm -f /tmp/bobs'
    token=$(say_in shell "sudo -u bob sh -c '$command && cat /tmp/bobs'")
    [[ $token = sms_* ]]
    eventually is_verdict 1 "$token" # with its command
    inner=$(events token-issued | jq -r .SESSMGR_SESSION_ID)
    check_equal "nested" "$outer" "$(session_field "$inner" .parentSession)"
    expect_fields "$inner" .user bob .state ended
    expect_alive "$outer"
}

case_token_not_for_others() {
    log_in shell alice
    type_at shell 'sudo -i'
    await_shell shell
    check_equal "root's own" 0 "$(status_in shell 'sessmgrctl token')"
    # runuser opens no session that is tracked: a process of bob's in root's
    check_equal "runuser" 1 "$(status_in shell 'runuser -u bob -- sessmgrctl token')"
    check_equal "no session ID helps" 1 \
        "$(status_in shell 'runuser -u bob -- sessmgrctl token --session=$SESSMGR_SESSION_ID')"
    check_equal "a service" 3 "$(as_service sh -c 'sessmgrctl token >/dev/null 2>&1; echo $?')"
    count_events 1 token-issued # root's own
}

# refresh_of TOKEN: what a refresh prints: an access token and the next refresh token.
refresh_of() {
    printf '%s' "$1" | in_machine sessmgrctl refresh
}

case_refresh_token_used_twice() {
    local id other line access first second
    local -a pair
    tokens_drop_in RefreshToken=yes
    log_in shell alice
    id=$(shell_session shell)
    other=$(say_in shell 'sessmgrctl token')
    line=$(say_in shell 'sessmgrctl token --refresh | xargs')
    read -r access first <<<"$line"
    [[ $access = sms_* && $first = smr_* ]]
    mapfile -t pair < <(refresh_of "$first")
    second=${pair[1]}
    [[ ${pair[0]} = sms_* && $second = smr_* && $second != "$first" ]]
    is_verdict 0 "${pair[0]}"
    check_equal "again" 1 "$(status_of refresh_of "$first")"
    is_verdict 1 "$access"
    is_verdict 1 "${pair[0]}"
    check_equal "the last of its family" 1 "$(status_of refresh_of "$second")"
    is_verdict 0 "$other" # is of no family
    expect_alive "$id"
    count_events 1 token-reused "SESSMGR_SESSION_ID=$id"
}

case_refresh_token_used_twice_ends_the_session() {
    local id first
    tokens_drop_in RefreshToken=yes ReuseAction=end-session
    log_in shell alice
    id=$(shell_session shell)
    first=$(say_in shell 'sessmgrctl token --refresh | tail -n 1')
    refresh_of "$first" | grep -q ^smr_
    expect_alive "$id"
    check_equal "again" 1 "$(status_of refresh_of "$first")"
    expect_ended "$id" token_reuse
    count_events 1 token-reused "SESSMGR_SESSION_ID=$id"
    check_equal "and again" 1 "$(status_of refresh_of "$first")"
    count_events 1 token-reused
    count_events 1 ended
    terminal_status shell
}

case_token_revoked() {
    local id opaque jwt other
    log_in shell alice
    id=$(shell_session shell)
    opaque=$(say_in shell 'sessmgrctl token')
    jwt=$(say_in shell 'sessmgrctl token --jwt')
    other=$(say_in shell 'sessmgrctl token --jwt')
    printf '%s' "$opaque" | in_machine runuser -u bob -- sessmgrctl revoke # holding it is enough
    printf '%s' "$jwt" | in_machine runuser -u bob -- sessmgrctl revoke
    is_verdict 1 "$opaque"
    is_verdict 1 "$jwt"
    is_verdict 0 "$other"
    count_events 2 token-revoked "SESSMGR_SESSION_ID=$id"
    expect_alive "$id"
}

case_signing_keys() {
    local jwt issuer before old new
    log_in shell alice
    jwt=$(say_in shell 'sessmgrctl token --jwt')
    before=$(in_machine sessmgrctl keys --jwks | jq -c '[.keys[].kid]')
    check_equal "alice makes no keys" 1 "$(status_in shell 'sessmgrctl keys --rotate')"
    check_equal "keys" "$before" "$(in_machine sessmgrctl keys --jwks | jq -c '[.keys[].kid]')"
    in_machine sessmgrctl keys --rotate
    check_equal "a key more" "$(jq 'length + 1' <<<"$before")" \
        "$(in_machine sessmgrctl keys --jwks | jq '.keys | length')"
    count_events 1 key-made
    old=$(key_of_jwt "$jwt")
    new=$(key_of_jwt "$(say_in shell 'sessmgrctl token --jwt')")
    [[ -n $old && -n $new && $new != "$old" ]] || fail "signed by '$new' after '$old'"
    check_equal "mode" 644 "$(in_machine stat -c %a /run/sessmgr/state/jwks.json)"
    check_equal "keys" "$(in_machine sessmgrctl keys --jwks | jq -S .)" \
        "$(in_machine runuser -u bob -- jq -S . /run/sessmgr/state/jwks.json)"
    is_verdict 0 "$jwt"
    issuer=sessmgr:$(live_sessions | jq -r '.[0].hostId')
    is_verdict 0 "$jwt" --offline=/run/sessmgr/state/jwks.json --issuer="$issuer"
    is_verdict 1 "$jwt" --offline=/run/sessmgr/state/jwks.json --issuer=another
}

case_context() {
    local id
    log_in shell alice
    id=$(shell_session shell)
    check_equal "set" 0 "$(say_in shell 'sessmgrctl context ticket=42; echo $?')"
    check_equal "shown" 42 "$(session_field "$id" .context.ticket)"
    check_equal "an administrator's" 1 "$(status_in shell 'sessmgrctl context admin.ok=1')"
    check_equal "not set" null "$(session_field "$id" '.context["admin.ok"]')"
    in_machine sessmgrctl context --session="$id" admin.ok=1
    check_equal "by root" 1 "$(session_field "$id" '.context["admin.ok"]')"
}

# holders_of_secret FOLDER...: the files in which the secret is; by a file, lest it is found among the
# arguments of those who look for it.
holders_of_secret() {
    # /run/e2e has what the terminal showed
    in_machine grep -rlaF --exclude-dir=e2e -f /run/e2e/secret "$@" || :
}

# processes_with_secret USER: is it in an environment or in arguments that the user can read?
processes_with_secret() {
    in_machine runuser -u "$1" -- sh -c 'grep -qF -f /run/e2e/secret /run/e2e/secret || exit 2
        cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null | grep -qaF -f /run/e2e/secret'
}

case_tokens_are_nowhere() {
    local id file secret place opaque jwt refresh
    tokens_drop_in RefreshToken=yes TokenAtLogin=file
    log_in shell alice
    id=$(shell_session shell)
    file=/run/sessmgr/state/tokens/$id
    opaque=$(say_in shell 'sessmgrctl token')
    jwt=$(say_in shell 'sessmgrctl token --jwt')
    refresh=$(say_in shell 'sessmgrctl token --refresh | tail -n 1')
    is_verdict 0 "$opaque"
    is_verdict 0 "$jwt"
    is_verdict 1 "$refresh" # is none, and has been seen
    refresh_of "$refresh" >/dev/null
    in_machine journalctl --quiet --sync
    for secret in "${opaque:8:24}" "${jwt: -40}" "${refresh:8:24}" \
        "$(token_of_file "$id" | cut -c9-32)"; do
        [ ${#secret} -ge 24 ]
        printf '%s\n' "$secret" | in_machine tee /run/e2e/secret >/dev/null
        place=
        [[ $(token_of_file "$id") != *"$secret"* ]] || place=$file
        check_equal "in /run" "$place" "$(holders_of_secret /run)"
        check_equal "on the disk" "" "$(holders_of_secret /var/lib/sessmgr /var/log /etc/sessmgr)"
        check_equal "in the journal" 1 "$(status_of in_machine sh -c \
            'journalctl --output=export | grep -qaF -f /run/e2e/secret')"
        check_equal "in processes" 1 "$(status_of processes_with_secret root)"
        check_equal "in processes, for bob" 1 "$(status_of processes_with_secret bob)"
    done
    # those who look find what there is
    printf '%s\n' "$id" | in_machine tee /run/e2e/secret >/dev/null
    in_machine sh -c 'journalctl --output=export | grep -qaF -f /run/e2e/secret'
    processes_with_secret root
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
