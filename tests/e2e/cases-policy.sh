# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# Rules: who gets which limits, who is refused, who makes room, and who is never kept out.

case_rule_decides_by_user_and_host() {
    local alice bob
    rule 10-alice '[Match]' 'User=alice' 'RemoteHost=127.0.0.0/8' '[Session]' 'LifetimeSec=1h'
    rule 20-others '[Match]' 'User=!alice' '[Session]' 'LifetimeSec=2h'
    log_in first alice
    alice=$(shell_session first)
    log_in second bob
    bob=$(shell_session second)
    expect_fields "$alice" .policy 10-alice .deadlineReason lifetime
    expect_fields "$bob" .policy 20-others
    count_events 1 opened SESSMGR_POLICY=10-alice "SESSMGR_SESSION_ID=$alice"
    count_events 1 admitted SESSMGR_POLICY=20-others
}

case_rule_by_group_and_service() {
    local id
    in_machine groupadd --force contractors
    in_machine usermod --append --groups contractors bob
    undo 'gpasswd --delete bob contractors'
    rule 10-contractors '[Match]' 'Group=contractors' 'Service=ssh*' '[Session]' 'LifetimeSec=30min'
    log_in shell bob
    id=$(shell_session shell)
    expect_fields "$id" .policy 10-contractors
    log_in_console console bob
    expect_fields "$(shell_session console)" .policy default
    log_in other alice
    expect_fields "$(shell_session other)" .policy default
}

case_untracked_by_policy_opens_nothing() {
    rule 10-robot '[Match]' 'User=alice' '[Session]' 'Track=no'
    run_ssh alice true
    expect_opened 0
    run_ssh bob true
    expect_opened 1
}

case_wrong_rule_leaves_the_old_policy() {
    local id
    rule 10-alice '[Match]' 'User=alice' '[Session]' 'LifetimeSec=1h'
    printf '%s\n' '[Match]' 'User=alice' '[Session]' 'LifetimeSec=soon' |
        in_machine tee /etc/sessmgr/policy.d/10-alice.conf >/dev/null
    never_was in_machine sessmgrctl reload
    eventually count_events 1 config-rejected
    events config-rejected | grep -q '10-alice.conf:4: LifetimeSec'
    never_was in_machine systemctl reload sessmgrd.service
    eventually count_events 2 config-rejected
    in_machine systemctl --quiet is-active sessmgrd.service
    log_in shell alice
    id=$(shell_session shell)
    expect_fields "$id" .policy 10-alice .deadlineReason lifetime
    # and a restart has the last good one
    in_machine systemctl restart sessmgrd.service
    run_ssh alice true
    count_events 2 opened SESSMGR_POLICY=10-alice
    expect_alive "$id"
}

case_explain_says_what_would_happen_and_show_what_did() {
    local id status=0
    rule 10-alice '[Match]' 'User=alice' 'RemoteHost=127.0.0.1' '[Session]' 'LifetimeSec=1h' 'MaxSessions=1'
    in_machine sessmgrctl explain alice --from=127.0.0.1 >"$work/explained"
    grep -qE 'Admitted +yes' "$work/explained"
    grep -q '10-alice (/etc/sessmgr/policy.d/10-alice.conf:2)' "$work/explained"
    grep -qE 'LifetimeSec +1h +/etc/sessmgr/policy.d/10-alice.conf:5' "$work/explained"
    grep -qE 'GraceSec +10s +default' "$work/explained"
    in_machine sessmgrctl explain alice --from=192.0.2.1 >"$work/explained"
    grep -qE 'Policy +default' "$work/explained"
    expect_opened 0
    log_in shell alice
    id=$(shell_session shell)
    in_machine sessmgrctl explain alice --from=127.0.0.1 >"$work/explained" || status=$?
    check_equal "status of explain" 1 "$status"
    grep -qE 'Reason +limit' "$work/explained"
    grep -q "${id:0:8}" "$work/explained"
    in_machine sessmgrctl show "$id" >"$work/shown"
    grep -q '10-alice (/etc/sessmgr/policy.d/10-alice.conf:2)' "$work/shown"
    grep -qE 'Deadline: .*left\), lifetime' "$work/shown"
    grep -qE 'LifetimeSec +1h +/etc/sessmgr/policy.d/10-alice.conf:5' "$work/shown"
}

case_check_config_says_it_before() {
    local status=0
    rule 10-alice '[Match]' 'User=alice'
    in_machine sessmgrctl check-config
    in_machine mkdir -p /run/e2e/new/policy.d
    printf '%s\n' '[Match]' 'Group=no-such-group' |
        in_machine tee /run/e2e/new/policy.d/10-a.conf >/dev/null
    printf '%s\n' '[Session]' 'Hours=Mon 8-9' | in_machine tee /run/e2e/new/policy.d/20-b.conf >/dev/null
    in_machine sessmgrctl check-config /run/e2e/new >"$work/checked" 2>&1 || status=$?
    check_equal "status of check-config" 1 "$status"
    grep -q '10-a.conf:2: Group: .*no-such-group' "$work/checked"
    grep -q '20-b.conf:2: Hours: .*expected days and times' "$work/checked"
    in_machine chmod 0600 /etc/sessmgr/policy.d/10-alice.conf
    in_machine sessmgrctl check-config >"$work/checked" 2>&1
    grep -q '10-alice.conf: found mode 0600, .*chmod o+rX (warning)' "$work/checked"
    count_events 0 config-rejected
}

# --- limits

case_limit_by_service_counts_that_service() {
    rule 10-all '[Session]' 'MaxSessionsPerService=1'
    log_in shell bob
    refused_login sshpass -p bob ssh bob@127.0.0.1 true
    log_in_console console bob
    expect_opened 2
}

case_refusal_names_the_sessions() {
    local id
    rule 10-all '[Session]' 'MaxSessions=1' 'Message=Call 4711.'
    log_in shell alice
    id=$(shell_session shell)
    refused_login ssh alice@127.0.0.1 true
    grep -q "${id:0:8}" "$work/refusal"
    grep -q 'sessmgrctl terminate' "$work/refusal"
    grep -q 'Call 4711' "$work/refusal"
    check_equal "policy of the refusal" 10-all "$(events refused | jq -r .SESSMGR_POLICY)"
}

case_nested_sessions_count_where_the_policy_says_so() {
    rule 10-all '[Session]' 'MaxSessions=1' 'CountNested=yes'
    log_in shell alice
    type_at shell 'sudo true; echo sudo-said-$?'
    eventually count_events 1 refused SESSMGR_REASON=limit
    await_text shell 'sudo-said-1'
}

case_newer_login_ends_the_oldest() {
    local first second third
    rule 10-all '[Session]' 'MaxSessions=2' 'OnLimit=end-oldest' 'GraceSec=1'
    log_in first alice
    first=$(shell_session first)
    log_in second alice
    second=$(shell_session second)
    log_in third alice
    third=$(shell_session third)
    expect_ended "$first" evicted
    await_text first 'a newer login takes its place'
    expect_alive "$second"
    expect_alive "$third"
}

case_newer_login_ends_the_idlest() {
    local first second
    rule 10-all '[Session]' 'MaxSessions=2' 'OnLimit=end-idlest' 'GraceSec=1'
    log_in first alice
    first=$(shell_session first)
    log_in second alice
    second=$(shell_session second)
    sleep 17 # what the kernel knows of terminals is in steps of 8 s
    await_shell first
    run_ssh alice true
    expect_ended "$second" evicted
    expect_alive "$first"
}

# --- never locked out

case_break_glass_is_let_in_and_audited() {
    local id
    drop_in 60-glass.conf '[Break-Glass]' 'Users=bob' '[Manager]' 'SessionsMax=1'
    rule 10-all '[Session]' 'MaxSessions=1' 'Hours=Mon 00:00-00:01' 'IdleSec=1'
    refused_login ssh alice@127.0.0.1 true
    log_in shell bob
    id=$(shell_session shell)
    log_in more bob
    expect_fields "$id" .policy break-glass .deadlineUsec null .idleDeadlineUsec null
    count_events 2 break-glass SESSMGR_USER=bob PRIORITY=4
    expect_alive "$id"
}

# root_at_console: logs root in at a console while the hours are over.
root_at_console() {
    rule 10-all '[Session]' 'Hours=Mon 00:00-00:01'
    TERMINAL_AT=/dev/tty9 open_terminal console login
    undo 'umount /dev/tty9; rm /dev/tty9'
    answer_login console root root
}

case_break_glass_lets_mend_things() {
    drop_in 60-glass.conf '[Break-Glass]' 'Users=alice'
    rule 10-all '[Session]' 'MaxSessions=1' 'CountNested=yes' 'Hours=Mon 00:00-00:01'
    log_in shell alice
    type_at shell 'sudo true; echo sudo-said-$?'
    await_text shell 'sudo-said-0'
    count_events 2 opened SESSMGR_POLICY=break-glass
}

case_root_on_a_console_breaks_glass() {
    root_at_console
    await_shell console
    count_events 1 break-glass SESSMGR_USER=root
    expect_fields "$(shell_session console)" .policy break-glass
}

case_root_on_a_console_is_one_of_many_where_configured() {
    drop_in 60-glass.conf '[Break-Glass]' 'RootOnConsole=no'
    root_at_console
    eventually count_events 1 refused SESSMGR_REASON=hours
    close_terminal console
}

# --- many at once

case_64_logins_at_once_give_exactly_3_sessions() {
    local round number
    rule 10-all '[Session]' 'MaxSessions=3'
    printf '%s\n' 'MaxStartups 200' 'MaxSessions 100' | in_machine tee /etc/ssh/sshd_config.d/e2e.conf >/dev/null
    undo 'rm -f /etc/ssh/sshd_config.d/e2e.conf; systemctl reload ssh.service'
    in_machine systemctl restart ssh.service
    patience=60
    for round in 1 2 3 4 5; do
        # shellcheck disable=SC2016  # expanded in the machine
        start_ssh "crowd$round" --property=KillMode=control-group bash -c '
            for ((i = 0; i < 64; i++)); do ssh -N alice@127.0.0.1 & done; wait'
        eventually count_events $((61 * round)) refused SESSMGR_REASON=limit
        eventually count_events $((3 * round)) opened
        live_count 3
        stop_client "crowd$round"
        eventually live_count 0
    done
    number=$(events ended | wc -l)
    check_equal "ends" 15 "$number"
}
