# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# How many: limits, and the reservations that keep two logins from passing the last place.

# refused_login COMMAND...: the login fails as one that was refused in the account phase does, and the
# person is told why.
refused_login() {
    local status=0
    in_machine "$@" </dev/null >"$work/refusal" 2>&1 || status=$?
    check_equal "exit status of ssh" 255 "$status"
    grep -qi 'session' "$work/refusal" || fail "no message: $(cat "$work/refusal")"
}

case_third_session_is_refused() {
    local first second
    configure MaxSessions=2
    log_in first alice
    first=$(shell_session first)
    log_in second alice
    second=$(shell_session second)
    refused_login ssh alice@127.0.0.1 true
    refused_login ssh -N alice@127.0.0.1
    refused_login sftp -b /dev/null alice@127.0.0.1
    check_equal "reasons of the refusals" "limit limit limit" \
        "$(events refused | jq -r .SESSMGR_REASON | xargs)"
    run_ssh bob true # the limit is each user's own
    type_at first exit
    expect_ended "$first" logout
    run_ssh alice true
    expect_alive "$second"
    expect_opened 4
}

case_nested_sessions_are_not_counted() {
    local outer
    configure MaxSessions=1
    log_in shell alice
    outer=$(shell_session shell)
    type_at shell 'sudo -s'
    only_session ".parentSession == \"$outer\""
    await_shell shell
    type_at shell 'su alice'
    eventually live_count 2 ".parentSession != null"
    await_shell shell
    expect_opened 3
}

case_console_login_is_refused_at_the_limit() {
    local id
    configure MaxSessions=1
    log_in shell bob
    id=$(shell_session shell)
    open_terminal console login
    answer_login console bob bob
    eventually count_events 1 refused SESSMGR_REASON=limit
    close_terminal console
    expect_alive "$id"
    expect_opened 1
}

# Where no account phase has asked, the session phase refuses; sshd would stay connected all the same.
case_refusal_in_the_session_phase_ends_the_connection() {
    local first
    configure MaxSessions=1
    in_machine cp -a /etc/pam.d/common-account /run/e2e/
    undo 'cp -a /run/e2e/common-account /etc/pam.d/'
    in_machine sed -i '/pam_sessmgr/d' /etc/pam.d/common-account
    log_in first alice
    first=$(shell_session first)
    start_ssh second ssh -N alice@127.0.0.1
    eventually count_events 1 refused SESSMGR_REASON=limit
    eventually not client_runs second
    never_was run_ssh alice true
    expect_alive "$first"
    expect_opened 1
}

case_failed_logins_leave_no_reservation() {
    configure MaxSessions=1
    never_was in_machine sshpass -p wrong ssh bob@127.0.0.1 true
    run_ssh bob true
    run_ssh bob true
    expect_opened 2
}

# The account phase runs in a short-lived child of sshd's, and only the PAM environment crosses.
case_keyboard_interactive() {
    local id
    configure MaxSessions=1
    printf '%s\n' 'KbdInteractiveAuthentication yes' 'PasswordAuthentication no' |
        in_machine tee /etc/ssh/sshd_config.d/e2e.conf >/dev/null
    undo 'rm -f /etc/ssh/sshd_config.d/e2e.conf; systemctl reload ssh.service'
    in_machine systemctl restart ssh.service
    log_in shell bob -o PreferredAuthentications=keyboard-interactive
    id=$(shell_session shell)
    expect_fields "$id" .authMethod keyboard-interactive/pam
    count_events 1 admitted
    refused_login sshpass -p bob ssh -o PreferredAuthentications=keyboard-interactive bob@127.0.0.1
    expect_alive "$id"
    type_at shell exit
    expect_ended "$id" logout
    # and no reservation is left behind: the place is free again
    in_machine sshpass -p bob ssh -o PreferredAuthentications=keyboard-interactive bob@127.0.0.1 true
    expect_opened 2
}

# asks_account_only COMMAND...: opens nothing, and leaves no reservation that would take a place.
asks_account_only() {
    configure MaxSessions=1
    in_machine systemd-run --quiet --pipe --wait --collect --uid=alice "$@"
    expect_opened 0
    run_ssh alice true
    expect_opened 1
}

case_sudo_validate_opens_nothing() { asks_account_only sudo -n -v; }
case_sudo_list_opens_nothing() { asks_account_only sudo -n -l; }

case_sudo_list_inside_a_login() {
    local id
    configure MaxSessions=1
    log_in shell alice
    id=$(shell_session shell)
    type_at shell 'sudo -v; sudo -l >/dev/null; echo sudo-said-$?'
    await_text shell 'sudo-said-0'
    expect_opened 1
    type_at shell exit
    expect_ended "$id" logout
    run_ssh alice true
    expect_opened 2
}

case_chsh_opens_nothing() {
    local id
    configure MaxSessions=1
    log_in shell bob
    id=$(shell_session shell)
    type_at shell 'chsh -s /bin/sh; echo chsh-said-$?'
    undo 'usermod --shell /bin/bash bob'
    await_text shell 'Password: '
    type_at shell bob
    await_text shell 'chsh-said-0'
    expect_opened 1
    type_at shell exit
    expect_ended "$id" logout
    run_ssh bob true
    expect_opened 2
}

# Many at once for the last places: exactly so many as there are.
case_simultaneous_logins_keep_the_limit() {
    local number
    configure MaxSessions=3
    for number in 1 2 3 4 5 6 7 8; do
        start_ssh "client$number" ssh -N alice@127.0.0.1
    done
    eventually count_events 5 refused SESSMGR_REASON=limit
    eventually count_events 3 opened
    live_count 3
    for number in 1 2 3 4 5 6 7 8; do
        stop_client "client$number"
    done
    eventually live_count 0
}
