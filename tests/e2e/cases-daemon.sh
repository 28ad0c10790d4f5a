# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# The daemon itself: restarted, killed, stopped, absent; what it says of itself.

# daemon_lost HOW: what happens to the daemon happens to no session.
daemon_lost() {
    local outer inner pid
    log_in shell alice
    outer=$(shell_session shell)
    type_at shell 'sudo -s'
    inner=$(only_session ".parentSession == \"$outer\"")
    pid=$(daemon_pid)
    "$@"
    eventually daemon_is_another "$pid"
    expect_alive "$outer"
    expect_alive "$inner"
    await_shell shell
    type_at shell exit
    expect_ended "$inner" logout
    in_machine sessmgrctl terminate "$outer"
    expect_ended "$outer" terminated
    expect_opened 2
}

# daemon_is_another PID: one that is not that one, and answers.
daemon_is_another() {
    local pid
    pid=$(daemon_pid)
    [ "$pid" != 0 ] && [ "$pid" != "$1" ] && live_sessions
}

case_daemon_restarted() { daemon_lost in_machine systemctl restart sessmgrd.service; }
case_daemon_killed() {
    daemon_lost in_machine systemctl kill --kill-whom=main --signal=KILL sessmgrd.service
}

case_daemon_stopped_ends_no_session() {
    local id
    log_in shell alice
    id=$(shell_session shell)
    type_at shell 'sleep 4201'
    eventually runs 'sleep 4201'
    in_machine systemctl stop sessmgrd.service
    undo 'systemctl start sessmgrd.service'
    runs 'sleep 4201'
    # the sockets still listen: whoever asks next brings it back
    expect_alive "$id"
    runs 'sleep 4201'
}

# enforced_after HOW: a deadline does not depend on the daemon that set it.
enforced_after() {
    local id pid
    configure LifetimeSec=5 GraceSec=1
    log_in shell alice
    id=$(shell_session shell)
    type_at shell 'sleep 4211'
    pid=$(daemon_pid)
    "$@"
    eventually daemon_is_another "$pid"
    expect_alive "$id"
    expect_ended "$id" lifetime
    never_was runs 'sleep 4211'
}

case_deadline_survives_a_restart() { enforced_after in_machine systemctl restart sessmgrd.service; }
case_deadline_survives_a_crash() {
    enforced_after in_machine systemctl kill --kill-whom=main --signal=KILL sessmgrd.service
}

case_logout_while_the_daemon_is_away() {
    local id
    log_in shell alice
    id=$(shell_session shell)
    # nothing listens: the module's Close is lost, and the leader is gone when the daemon comes back
    in_machine systemctl stop sessmgrd-login.socket sessmgrd-session.socket sessmgrd.service
    undo 'systemctl start sessmgrd.service'
    type_at shell exit
    check_equal "exit status" 0 "$(terminal_status shell)"
    check_equal "exit status of sessmgrctl" 4 "$(status_of in_machine sessmgrctl list)"
    in_machine systemctl start sessmgrd.service
    expect_ended "$id" leader_exited
    expect_opened 1
}

case_quick_restarts_leave_the_sockets_alone() {
    local number
    for ((number = 0; number < 10; number++)); do
        in_machine systemctl kill --kill-whom=main --signal=KILL sessmgrd.service
        eventually daemon_answers
    done
    for ((number = 0; number < 10; number++)); do
        in_machine systemctl restart sessmgrd.service
    done
    in_machine systemctl is-active sessmgrd.service sessmgrd-login.socket sessmgrd-session.socket
    run_ssh alice true
    expect_opened 1
}

daemon_answers() {
    [ "$(daemon_pid)" != 0 ] && live_sessions
}

# take_daemon_away: nobody answers, and nobody can be started.
take_daemon_away() {
    local units='sessmgrd.service sessmgrd-login.socket sessmgrd-session.socket'
    # shellcheck disable=SC2086  # words on purpose
    in_machine systemctl mask --quiet --runtime --now $units
    undo "systemctl unmask --quiet --runtime $units; systemctl start sessmgrd.service"
}

# A daemon that hangs costs its callers their budget, twice, and no more.
case_hung_daemon_delays_logins_no_longer_than_the_budget() {
    local began took
    in_machine kill -STOP "$(daemon_pid)"
    undo 'systemctl kill --kill-whom=main --signal=KILL sessmgrd.service; sleep 0.5'
    began=${EPOCHREALTIME/./}
    run_ssh alice true
    took=$(((${EPOCHREALTIME/./} - began) / 1000))
    echo "the login took $took ms"
    [ "$took" -ge 2000 ] && [ "$took" -lt 9000 ]
}

case_absent_daemon_lets_logins_pass() {
    take_daemon_away
    run_ssh alice true
    log_in_console console bob
    type_at console 'sudo -V >/dev/null; echo variable-${SESSMGR_SESSION_ID:-none}'
    await_text console 'variable-none'
    in_machine journalctl --quiet --sync
    in_machine journalctl --quiet --since="$since" --grep='pam_sessmgr.*Open' \
        --identifier=sshd --identifier=sshd-session
    check_equal "sudo" root "$(in_machine systemd-run --quiet --pipe --wait --collect --uid=alice \
        sudo -n id -un)"
}

# A login that nobody recorded belongs to nobody's session, least of all to a sudo inside it.
case_unrecorded_login_is_left_alone() {
    local inner
    take_daemon_away
    log_in shell alice
    in_machine sh -c 'systemctl unmask --quiet --runtime sessmgrd.service sessmgrd-login.socket \
        sessmgrd-session.socket && systemctl start sessmgrd.service'
    type_at shell 'sleep 4251 & sudo -s'
    inner=$(only_session '.service == "sudo"')
    await_shell shell
    type_at shell 'sleep 4252'
    eventually runs 'sleep 4252'
    in_machine sessmgrctl terminate "$inner"
    expect_ended "$inner" terminated
    never_was runs 'sleep 4252'
    runs 'sleep 4251'
    await_shell shell
}

# use_strict_lines SERVICE...: as the shipped examples say where.
use_strict_lines() {
    local service
    in_machine cp -a /etc/pam.d /var/lib/pam /run/e2e/
    undo 'cp -a /run/e2e/pam.d/. /etc/pam.d/; cp -a /run/e2e/pam/. /var/lib/pam/'
    in_machine env DEBIAN_FRONTEND=noninteractive pam-auth-update --package --remove sessmgr
    never_was in_machine grep -q pam_sessmgr /etc/pam.d/common-account /etc/pam.d/common-session
    for service in "$@"; do
        in_machine cat "/etc/pam.d/$service" |
            awk -v lines="$source/etc/examples/pam.d/$service.strict" '
                function insert(type, line) {
                    while ((getline line <lines) > 0)
                        if (line ~ "^" type) print line
                    close(lines)
                }
                /^@include common-account/ { insert("account") }
                { print }
                /^@include common-session/ { insert("session") }' |
            in_machine tee "/etc/pam.d/$service.new" >/dev/null
        in_machine grep -q '^session.*pam_sessmgr' "/etc/pam.d/$service.new"
        in_machine mv "/etc/pam.d/$service.new" "/etc/pam.d/$service"
    done
}

case_strict_lines_record_logins() {
    use_strict_lines sshd login sudo
    run_ssh alice sudo -n true
    expect_opened 2
    log_in_console console bob
    expect_opened 3
}

case_strict_lines_refuse_without_daemon() {
    use_strict_lines sshd login sudo
    take_daemon_away
    never_was run_ssh alice true
    never_was run_ssh root true
    open_terminal console login
    answer_login console bob bob
    eventually in_machine journalctl --quiet --since="$since" --identifier=login --grep=sessmgr
    never_was shows console '\$ $'
    close_terminal console
    never_was in_machine systemd-run --quiet --pipe --wait --collect --uid=alice sudo -n true
}

case_strict_lines_let_root_in_on_the_console() {
    use_strict_lines sshd login sudo
    take_daemon_away
    TERMINAL_AT=/dev/tty9 open_terminal console login
    undo 'umount /dev/tty9; rm /dev/tty9'
    answer_login console root root
    await_shell console
    # a pseudo-terminal is no console
    open_terminal window login
    answer_login window root root
    eventually in_machine journalctl --quiet --since="$since" --identifier=login \
        --grep='pam_sessmgr'
    never_was shows window '# $'
}

# The unit has a /proc of its own, which the host's hidepid= does not reach.
case_hidepid_of_the_host_hides_nothing() {
    local id
    configure LifetimeSec=3 GraceSec=1
    in_machine mount -o remount,hidepid=2 /proc
    undo 'mount -o remount,hidepid=0 /proc; systemctl restart sessmgrd.service'
    in_machine systemctl restart sessmgrd.service
    log_in shell alice
    id=$(shell_session shell)
    type_at shell '(setsid sleep 4221 &)'
    in_machine systemd-run --quiet --collect --uid=alice --unit=e2e-bystander sleep 4222
    eventually runs 'sleep 4221'
    expect_ended "$id" lifetime
    never_was runs 'sleep 4221'
    runs 'sleep 4222'
    count_events 0 hidden-processes
}

# Where the unit is told to hide them: the leader is known by its pidfd, and nobody else is guessed.
case_hidden_processes_are_left_alone() {
    local id leader_pid
    configure LifetimeSec=5 IdleSecWithoutTerminal=1 Warn=none GraceSec=1 # who has one is not seen
    in_machine mkdir -p /etc/systemd/system/sessmgrd.service.d
    printf '[Service]\nProtectProc=invisible\n' |
        in_machine tee /etc/systemd/system/sessmgrd.service.d/e2e.conf >/dev/null
    undo 'rm -r /etc/systemd/system/sessmgrd.service.d; systemctl daemon-reload; systemctl restart sessmgrd'
    in_machine systemctl daemon-reload
    in_machine systemctl restart sessmgrd.service
    eventually count_events 1 hidden-processes
    log_in shell alice
    id=$(shell_session shell)
    leader_pid=$(session_field "$id" .leaderPid)
    type_at shell '(setsid sleep 4221 &)'
    in_machine systemd-run --quiet --collect --uid=alice --unit=e2e-bystander sleep 4222
    eventually runs 'sleep 4221'
    expect_ended "$id" lifetime
    eventually process_gone "$leader_pid"
    runs 'sleep 4222'
}

case_journal_explains() {
    local id
    id=$(run_ssh alice 'echo $SESSMGR_SESSION_ID')
    expect_ended "$id" logout
    in_machine journalctl --quiet --no-pager --catalog "MESSAGE_ID=${message_ids[ended]}" \
        "SESSMGR_SESSION_ID=$id" >"$work/explained"
    grep -q 'Subject:' "$work/explained"
    grep -q 'Documentation:\|Support:\|man:' "$work/explained"
    grep -q alice "$work/explained"
    # every kind of event has its page
    local kind
    in_machine journalctl --dump-catalog >"$work/catalog"
    for kind in "${!message_ids[@]}"; do
        grep -q "^-- ${message_ids[$kind]}" "$work/catalog" || fail "no page for $kind"
    done
}

case_journal_has_the_fields() {
    local id
    log_in shell alice
    id=$(shell_session shell)
    type_at shell exit
    expect_ended "$id" logout
    events ended "SESSMGR_SESSION_ID=$id" "SESSMGR_UID=$(uid_of alice)" | jq -e '.SESSMGR_USER == "alice"
        and .SESSMGR_SERVICE == "sshd" and .SESSMGR_RHOST == "127.0.0.1"
        and (.SESSMGR_TTY | length > 0) and (.SESSMGR_POLICY | length > 0)
        and (.SESSMGR_DURATION_USEC | tonumber > 0) and ._SYSTEMD_UNIT == "sessmgrd.service"'
    count_events 1 admitted SESSMGR_USER=alice
    count_events 1 opened "SESSMGR_SESSION_ID=$id"
}

case_unit_is_confined() {
    local line score
    line=$(in_machine systemd-analyze security --no-pager sessmgrd.service | tail -n 1)
    echo "$line"
    score=$(grep -oE '[0-9]+\.[0-9]+' <<<"$line")
    # 0.7 has been reached with all that the daemon needs
    awk -v score="$score" -v bound=1.5 'BEGIN { exit !(score < bound) }'
    check_equal "user" sessmgr "$(in_machine ps -o user= -p "$(daemon_pid)")"
}

case_wrong_configuration_changes_nothing() {
    local id
    configure MaxSessions=2
    printf '[Session]\nMaxSessions=many\n' |
        in_machine tee /etc/sessmgr/sessmgrd.conf.d/90-wrong.conf >/dev/null
    undo 'rm -f /etc/sessmgr/sessmgrd.conf.d/90-wrong.conf'
    in_machine systemctl reload sessmgrd.service || :
    eventually count_events 1 config-rejected
    events config-rejected | jq -r .MESSAGE | grep -q '90-wrong.conf.*2'
    # a start runs with the last good one
    in_machine systemctl restart sessmgrd.service
    eventually count_events 2 config-rejected
    log_in first alice
    log_in second alice
    refused_login ssh alice@127.0.0.1 true
    expect_opened 2
}
