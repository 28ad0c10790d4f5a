# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# Each kind of login: exactly one session, or the documented nothing, and the right end reason.

case_ssh_with_password() {
    local id
    # shellcheck disable=SC2016
    id=$(run_ssh bob 'echo $SESSMGR_SESSION_ID')
    expect_ended "$id" logout
    expect_fields "$id" .user bob .uid "$(uid_of bob)" .service sshd .remoteHost 127.0.0.1 \
        .authMethod password .authKey null .parentSession null
    expect_opened 1
}

case_ssh_with_key() {
    local id key
    # shellcheck disable=SC2016
    id=$(run_ssh alice 'echo $SESSMGR_SESSION_ID')
    key=$(in_machine ssh-keygen -lf /root/.ssh/id_ed25519.pub | cut -d ' ' -f 2)
    expect_ended "$id" logout
    expect_fields "$id" .user alice .service sshd .authMethod publickey .authKey "$key"
    expect_opened 1
    check_equal "journal's user" alice "$(events opened | jq -r .SESSMGR_USER)"
}

case_ssh_with_wrong_password() {
    never_was in_machine sshpass -p wrong ssh bob@127.0.0.1 true
    expect_opened 0
    live_count 0
}

case_ssh_with_terminal() {
    local id
    log_in shell alice
    id=$(shell_session shell)
    check_equal "the only session" "$id" "$(only_session)"
    expect_alive "$id"
    type_at shell 'echo "logind<$XDG_SESSION_ID>"'
    await_text shell "^logind<$(session_field "$id" .logindSession)>"
    check_equal "leader" sshd "$(in_machine cat "/proc/$(session_field "$id" .leaderPid)/comm" |
        sed 's/sshd-session/sshd/')"
    type_at shell exit
    check_equal "exit status" 0 "$(terminal_status shell)"
    expect_ended "$id" logout
    expect_opened 1
}

case_ssh_connection_lost() {
    local id
    log_in shell alice
    id=$(shell_session shell)
    in_machine systemctl kill --signal=KILL "$(service_of shell)"
    expect_ended "$id" logout
    expect_opened 1
}

case_ssh_without_terminal() {
    local id
    start_ssh client ssh alice@127.0.0.1 'echo on >/tmp/e2e-on; sleep 4001'
    id=$(only_session)
    expect_fields "$id" .user alice .state active
    eventually runs 'sleep 4001'
    stop_client client
    expect_ended "$id" logout
    expect_opened 1
    undo 'for pid in $(pgrep -fx "sleep 4001"); do kill -KILL "$pid"; done'
}

case_sftp() {
    local listing
    listing=$(echo 'ls -a' | in_machine sftp -q -b - alice@127.0.0.1)
    [[ $listing = *.bashrc* ]]
    expect_opened 1
    expect_ended "$(events opened | jq -r .SESSMGR_SESSION_ID)" logout
}

case_ssh_without_command() {
    local id
    start_ssh client ssh -N alice@127.0.0.1
    id=$(only_session '.user == "alice"')
    stop_client client
    expect_ended "$id" logout
    expect_opened 1
}

case_control_master_is_one_session() {
    local id mux='ssh -S /run/e2e/mux alice@127.0.0.1'
    start_ssh master ssh -M -S /run/e2e/mux -N alice@127.0.0.1
    id=$(only_session)
    eventually in_machine test -S /run/e2e/mux
    # shellcheck disable=SC2016,SC2086  # words on purpose
    check_equal "session of the first" "$id" "$(in_machine $mux 'echo $SESSMGR_SESSION_ID')"
    # shellcheck disable=SC2086
    in_machine $mux true
    expect_alive "$id"
    stop_client master
    expect_ended "$id" logout
    expect_opened 1
}

case_console_login() {
    local id
    log_in_console console bob
    id=$(shell_session console)
    expect_fields "$id" .user bob .service login .remoteHost null .parentSession null
    [[ $(session_field "$id" .terminal) = */pts/* || $(session_field "$id" .terminal) = pts/* ]]
    type_at console exit
    expect_ended "$id" logout
    expect_opened 1
}

case_su_by_a_service() {
    local id
    # shellcheck disable=SC2016
    id=$(as_service su alice -c 'echo $SESSMGR_SESSION_ID')
    expect_ended "$id" logout
    expect_fields "$id" .user alice .service su .parentSession null .terminal null
    expect_opened 1
}

# nested_login SERVICE COMMAND USER [PASSWORD]: what alice opens in her ssh session is nested in it,
# and ends on its own.
nested_login() {
    local service=$1 command=$2 user=$3 password=${4-} outer inner
    log_in shell alice
    outer=$(shell_session shell)
    type_at shell "$command"
    if [ -n "$password" ]; then
        await_text shell '[Pp]assword'
        type_at shell "$password"
    fi
    inner=$(only_session ".parentSession == \"$outer\"")
    expect_fields "$inner" .service "$service" .user "$user" .state active
    await_shell shell
    check_equal "the inner shell's session" "$inner" "$(shell_session shell)"
    type_at shell exit
    expect_ended "$inner" logout
    expect_alive "$outer"
    check_equal "the outer shell's session" "$outer" "$(shell_session shell)"
    type_at shell exit
    expect_ended "$outer" logout
    expect_opened 2
}

case_su_in_a_login() { nested_login su 'su bob' bob bob; }
case_su_login_shell() { nested_login su-l 'su - bob' bob bob; }
case_sudo_shell() { nested_login sudo 'sudo -s' root; }
case_sudo_login_shell() { nested_login sudo-i 'sudo -i' root; }

case_sudo_command() {
    local outer
    log_in shell alice
    outer=$(shell_session shell)
    type_at shell 'sudo id -un; echo sudo-said-$?'
    await_text shell 'sudo-said-0'
    type_at shell exit
    expect_ended "$outer" logout
    expect_opened 2
    check_equal "sessions of sudo that ended" 1 \
        "$(events ended SESSMGR_SERVICE=sudo SESSMGR_REASON=logout | wc -l)"
}

# start_cron_job COMMAND: as alice, now: cron takes the machine for one that has just booted.
start_cron_job() {
    printf '@reboot %s\n' "$1" | in_machine crontab -u alice -
    undo 'crontab -u alice -r'
    in_machine rm -f /run/crond.reboot
    in_machine systemctl restart cron.service
}

case_cron_opens_nothing() {
    start_cron_job 'env >/tmp/e2e-cron; exit'
    eventually in_machine grep -q LOGNAME=alice /tmp/e2e-cron
    never_was in_machine grep -q SESSMGR_ /tmp/e2e-cron
    expect_opened 0
    live_count 0
}

case_user_manager_opens_nothing() {
    local id uid
    configure MaxSessions=1
    uid=$(uid_of alice)
    in_machine systemctl stop "user@$uid.service"
    log_in shell alice
    id=$(shell_session shell)
    eventually in_machine systemctl is-active --quiet "user@$uid.service"
    expect_opened 1
    check_equal "the only session" "$id" "$(only_session)"
    type_at shell exit
    expect_ended "$id" logout
    # and its account phase has left no reservation behind
    run_ssh alice true
    expect_opened 2
}

case_session_variable_is_not_believed() {
    local id forged=0123456789abcdef0123456789abcdef
    printf 'SESSMGR_SESSION_ID=%s\n' "$forged" | in_machine tee /home/alice/.pam_environment >/dev/null
    undo 'rm -f /home/alice/.pam_environment'
    run_ssh alice true
    expect_opened 1
    id=$(events opened | jq -r .SESSMGR_SESSION_ID)
    never_was test "$id" = "$forged"
    expect_ended "$id" logout
}
