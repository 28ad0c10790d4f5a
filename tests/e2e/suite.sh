# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# What the cases are written in. Read by tests/e2e/run after tests/machine/machine; a case runs with
# errexit on, so that the first check that does not hold ends it.
#
#   in_machine COMMAND...          looks or acts in the machine, quickly, as root
#   as_service COMMAND...          the same with a cgroup of its own, as a service would (no session)
#   eventually COMMAND...          until it succeeds, for at most $patience seconds
#   never_was COMMAND...           fails if the command succeeds
#   check_equal WHAT WANTED GOT
#   undo COMMAND                   a line of shell for the machine, run after the case (last one first)
#   configure LINE...              a drop-in of the [Session] section; the daemon has read it on return
#   rule NAME LINE...              a file of the policy, likewise
#
#   open_terminal NAME COMMAND...  a person at a terminal; type_at, shows, await_text, close_terminal.
#                                  TERMINAL_AT=/dev/tty9: at that device rather than /dev/pts/N
#   log_in NAME USER [SSH-ARGUMENT...]   the same over ssh, until the shell answers
#   shell_session NAME             what $SESSMGR_SESSION_ID is in the shell at that terminal
#   start_ssh NAME SSH-ARGUMENT... ssh without a terminal, in the background
#
#   live_sessions                  a JSON array by sessmgrctl
#   only_session [JQ-CONDITION]    the ID of the one live session for which it holds
#   session_field ID .MEMBER       of a live or ended session, by sessmgrctl
#   events KIND [FIELD=VALUE...]   journal entries of this case, one JSON object a line
#   expect_opened COUNT            so many sessions were opened in this case, in all
#   expect_ended ID REASON         it has ended, once, for that reason: by the journal and sessmgrctl
#   runs "COMMAND LINE"            does exactly this run in the machine?

patience=${E2E_PATIENCE:-15}

# What administrators' scripts rely on: an ID that changes is a bug.
declare -A message_ids=(
    [started]=ba55d5f4e6434d4790c4a6a47d4c2322
    [admitted]=98a3446ab6b0464eb89470d4f1d0f36d
    [refused]=b14cd0cd98704d78be3aabcd9a39ad9f
    [break-glass]=5b466ceb50195c63feb479f0e2f01c68
    [adopted]=ada4c7256f0fab5f6f11634a15181cf9
    [extended]=8b772a3b8c274608b8015513645364d8
    [opened]=5ffbdb209ec34eebae6480a08ad00659
    [terminated]=f6fdf1d860694048b599be6db5a49e77
    [ending]=054e4478129f4b9fae6e95ae224760a8
    [ended]=548fdc161688492db7256b7ef0eee045
    [left-processes]=381a011e2dff4190a249e2cccfd28a0c
    [locked]=7f7ca039e5a947b683553c45ae454e7e
    [unlocked]=e4a10fa007bd494dac3899a168436a84
    [denied]=2def1390ea94434b90600d0a237def5d
    [store-failed]=1ee03356990f4006878bdd27d57d3893
    [store-recovered]=9de8602b49db4495a44ce7fd246e38e4
    [store-damaged]=9fef1b66047b43e6bb8a6759854b1e92
    [store-restored]=2fe1dd96f1f1457da90dc97f95ffdb5a
    [store-backup]=ef74ffb40790481ebfe65f67cd7a5899
    [store-rekey]=57efff28b34049078dc4f6749ee26c9c
    [forgotten]=f1e90feeef2b454d80ccdb73c90b3b00
    [token-issued]=a06b3ab8816d455db71ced203e231e57
    [token-refused]=e9919dfedaa643be83bc17b5c80b87c7
    [token-revoked]=2540550b28134e86b9762784c756a2ee
    [token-reused]=265b13807c1a4700bf66ff5ebd269c0c
    [key-made]=86456762dcb24b6eb5b5fa8ba9b6dce8
    [config-rejected]=5afbbe9edbfd457591067f0926f82803
    [config-loaded]=84d8e36abb224283b2296c4c4280697d
    [hidden-processes]=5d18d726000c48948eed79d1957eceba
)

in_machine() {
    timeout 60 nsenter --target "$leader" --all -- "${machine_environment[@]}" "$@"
}

as_service() {
    in_machine systemd-run --quiet --pipe --wait --collect --service-type=exec \
        --setenv=HOME=/root --setenv=TERM=dumb -- "$@"
}

fail() {
    echo "$*" >&2
    return 1
}

eventually() {
    local until=$((${EPOCHREALTIME/./} + patience * 1000000))
    until "$@" >/dev/null 2>&1; do
        if [ "${EPOCHREALTIME/./}" -ge "$until" ]; then
            echo "did not come true in $patience s: $*; now:" >&2
            "$@" >&2 || :
            return 1
        fi
        sleep 0.05
    done
}

# The opposite of a command, for eventually.
not() {
    if "$@"; then return 1; fi
}

never_was() {
    if "$@"; then fail "should not be so: $*"; fi
}

check_equal() {
    [ "$2" = "$3" ] || fail "$1: expected '$2', found '$3'"
}

undo() {
    printf '%s\n' "$*" >>"$work/undo"
}

# status_of COMMAND...: prints its exit status.
status_of() {
    local status=0
    "$@" >/dev/null 2>&1 || status=$?
    echo "$status"
}

# --- the daemon

reload_daemon() {
    in_machine systemctl reload sessmgrd.service
}

# drop_in FILE LINE...: writes a drop-in of sessmgrd.conf and has the daemon read it.
drop_in() {
    local file=/etc/sessmgr/sessmgrd.conf.d/$1
    shift
    write_configuration "$file" "$@"
}

# write_configuration PATH LINE...
write_configuration() {
    local file=$1
    shift
    in_machine mkdir -p "${file%/*}"
    printf '%s\n' "$@" | in_machine tee "$file" >/dev/null
    undo "rm -f $file; systemctl try-reload-or-restart sessmgrd.service"
    # reload returns once the signal is sent; the journal tells when it has been acted on
    local before
    before=$(events config-loaded | wc -l)
    reload_daemon
    eventually config_loads_exceed "$before"
}

config_loads_exceed() {
    [ "$(events config-loaded | wc -l)" -gt "$1" ]
}

configure() {
    drop_in 50-case.conf '[Session]' "$@"
}

# rule NAME LINE...: a rule of the policy; the daemon has read it on return.
rule() {
    local file=/etc/sessmgr/policy.d/$1.conf
    shift
    write_configuration "$file" "$@"
}

daemon_pid() {
    in_machine systemctl show --property=MainPID --value sessmgrd.service
}

# --- people

uid_of() {
    in_machine id -u "$1"
}

# service_of NAME: the transient unit behind a terminal or a background client.
service_of() {
    echo "e2e-$1.service"
}

# A window that is closed is gone in seconds: util-linux's login takes no TERM while it waits after a
# refusal.
open_terminal() {
    local name=$1
    shift
    in_machine rm -f "/run/e2e/$name".{in,out,ready,status}
    in_machine systemd-run --quiet --collect --unit="$(service_of "$name")" \
        --property=TimeoutStopSec=3 \
        --setenv=HOME=/root --setenv=TERM=dumb --setenv="TERMINAL_AT=${TERMINAL_AT-}" \
        terminal "/run/e2e/$name" "$@"
    eventually in_machine test -e "/run/e2e/$name.ready"
}

# type_at NAME TEXT: a line, with the return key.
type_at() {
    # shellcheck disable=SC2016  # expanded in the machine
    in_machine sh -c 'printf "%s\n" "$1" 1<>"/run/e2e/$0.in"' "$1" "$2" # <>: blocks in no case
}

# shows NAME REGEX: has it been on that terminal?
shows() {
    in_machine grep -qE -e "$2" "/run/e2e/$1.out"
}

await_text() {
    eventually shows "$1" "$2" || {
        echo "the terminal $1 shows:"
        in_machine cat "/run/e2e/$1.out"
        return 1
    } >&2
}

# terminal_status NAME: waits for what ran there; prints its exit status.
terminal_status() {
    eventually in_machine test -s "/run/e2e/$1.status"
    in_machine cat "/run/e2e/$1.status"
}

# The window is closed, the network cable pulled.
close_terminal() {
    stop_client "$1"
}

# await_shell NAME: until a shell answers there. Each question is asked under a new number, since the
# terminal keeps showing the old answers; and again, since programs that ask for a password throw away
# what was typed early.
await_shell() {
    local attempt
    for ((attempt = 0; attempt < patience; attempt++)); do
        question=$((${question:-0} + 1))
        type_at "$1" "echo answer-$question-\$((40 + 2))"
        if patience=1 eventually shows "$1" "answer-$question-42" 2>/dev/null; then
            return
        fi
    done
    await_text "$1" "answer-$question-42"
}

shell_session() {
    question=$((${question:-0} + 1))
    # in a subshell, as $(shell_session) is, the counter does not survive: the time makes it unique
    local tag=session-$question-${EPOCHREALTIME/[^0-9]/}
    type_at "$1" "echo \"$tag<\$SESSMGR_SESSION_ID>\""
    await_text "$1" "^$tag<[0-9a-f]{32}>"
    in_machine cat "/run/e2e/$1.out" | sed -n "s/^$tag<\([0-9a-f]*\)>.*/\1/p"
}

# ssh_command USER: how that user gets in: alice by key, the others by password.
ssh_command() {
    case $1 in
        alice) echo ssh ;;
        *) echo "sshpass -p $1 ssh" ;;
    esac
}

log_in() {
    local name=$1 user=$2
    shift 2
    # shellcheck disable=SC2046  # words on purpose
    open_terminal "$name" $(ssh_command "$user") -tt "$@" "$user@127.0.0.1"
    await_shell "$name"
}

# log_in_console NAME USER: by login(1), as a getty starts it.
log_in_console() {
    open_terminal "$1" login
    answer_login "$1" "$2" "$2"
    await_shell "$1"
}

# answer_login NAME USER PASSWORD
answer_login() {
    await_text "$1" 'login: '
    type_at "$1" "$2"
    await_text "$1" 'Password: '
    type_at "$1" "$3"
}

# run_ssh USER COMMAND...: a whole login for one command.
run_ssh() {
    local user=$1
    shift
    # shellcheck disable=SC2046
    in_machine $(ssh_command "$user") "$user@127.0.0.1" "$@" </dev/null
}

start_ssh() {
    local name=$1
    shift
    in_machine systemd-run --quiet --collect --unit="$(service_of "$name")" --setenv=HOME=/root \
        --property=StandardInput=null "$@"
}

# stop_client NAME: ends what start_ssh started, if it has not ended by itself.
stop_client() {
    in_machine systemctl stop "$(service_of "$1")" 2>/dev/null || not client_runs "$1"
}

client_runs() {
    in_machine systemctl --quiet is-active "$(service_of "$1")"
}

runs() {
    in_machine pgrep -fx -- "(/usr)?(/bin/)?$1" >/dev/null # systemd-run gives the whole path
}

# process_gone PID
process_gone() {
    not in_machine test -e "/proc/$1"
}

# --- what the daemon and the journal say

live_sessions() {
    in_machine sessmgrctl list --json=short
}

# live_count COUNT [JQ-CONDITION]: are there exactly so many?
live_count() {
    check_equal "live sessions" "$1" \
        "$(live_sessions | jq "[.[] | select(${2:-true})] | length")"
}

only_session() {
    local condition=${1:-true}
    eventually live_count 1 "$condition"
    live_sessions | jq -r ".[] | select($condition) | .sessionId"
}

session_field() {
    in_machine sessmgrctl show --json=short "$1" | jq -r "$2"
}

# expect_fields ID .MEMBER VALUE...: pairs
expect_fields() {
    local id=$1
    shift
    while [ $# -gt 0 ]; do
        check_equal "session $id, $1" "$2" "$(session_field "$id" "$1")"
        shift 2
    done
}

events() {
    local kind=$1 message_id
    shift
    message_id=${message_ids[$kind]:?}
    in_machine journalctl --quiet --sync
    in_machine journalctl --quiet --no-pager --output=json --all --since="$since" \
        "MESSAGE_ID=$message_id" "$@"
}

# count_events COUNT KIND [FIELD=VALUE...]
count_events() {
    check_equal "events ${*:2}" "$1" "$(events "${@:2}" | wc -l)"
}

expect_opened() {
    count_events "$1" opened
}

expect_ended() {
    local id=$1 reason=$2
    [[ $id =~ ^[0-9a-f]{32}$ ]] || fail "'$id' is no session ID"
    eventually count_events 1 ended "SESSMGR_SESSION_ID=$id"
    check_equal "end reason of $id in the journal" "$reason" \
        "$(events ended "SESSMGR_SESSION_ID=$id" | jq -r .SESSMGR_REASON)"
    expect_fields "$id" .state ended .endReason "$reason"
    live_count 0 ".sessionId == \"$id\""
}

# expect_alive ID
expect_alive() {
    expect_fields "$1" .state active .endReason null
    count_events 0 ended "SESSMGR_SESSION_ID=$1"
}
