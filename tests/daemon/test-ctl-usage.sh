#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# usage: SESSMGRCTL=PATH test-ctl-usage.sh
#
# The command line of sessmgrctl where no daemon is needed, or none is there: help, wrong usage,
# exit codes. SESSMGRCTL is the built program.
set -uo pipefail
: "${SESSMGRCTL:?must be the path of the built sessmgrctl}"
if [ ! -x "$SESSMGRCTL" ]; then
    echo "$SESSMGRCTL cannot be run" >&2
    exit 2
fi
export LC_ALL=C
unset NO_COLOR
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

# check NAME STATUS ARGUMENT...: runs sessmgrctl against a socket that is not there, keeps its output
# in $work/out and $work/err, and compares its exit status.
check() {
    local name=$1 wanted=$2 got=0
    shift 2
    "$SESSMGRCTL" --socket="$work/socket" "$@" >"$work/out" 2>"$work/err" </dev/null || got=$?
    verdict "$name" test "$got" -eq "$wanted"
}

# verdict NAME COMMAND...: counts whether the command is true.
verdict() {
    local name=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED: $name" >&2
        sed 's/^/    /' "$work/out" "$work/err" >&2
    fi
}

out_has() { grep -qF -- "$1" "$work/out"; }
err_has() { grep -qF -- "$1" "$work/err"; }
silent() { [ ! -s "$work/$1" ]; }
not_told() { ! grep -qF -- "$1" "$work/out" "$work/err"; }
no_escape() { ! grep -q "$(printf '\033')" "$work/out" "$work/err"; }

check 'help is success' 0 --help
verdict 'help is on standard output' out_has 'Usage: sessmgrctl'
verdict 'help says nothing on standard error' silent err
for word in list show terminate watch status reload --all --message --json --no-legend --no-pager \
    --socket --help --version 'Exit codes:'; do
    verdict "help has $word" out_has "$word"
done
for word in whoami context token refresh revoke validate keys store lock unlock locks extend explain \
    check-config; do
    verdict "help has a line for $word" grep -qE "^  $word " "$work/out"
done
for word in --session= --jwt --opaque --audience= --scope= --lifetime= --refresh --request-id= --uid= \
    --touch --offline= --issuer= --quiet --jwks --rotate --force --sessmgrd= --key= --user= --service= \
    --from= --policy= --dry-run --yes --until= --terminate --tty=; do
    verdict "help has a line for $word" grep -qE -- "^      $word" "$work/out"
done
for code in 0 1 2 3 4 5; do
    verdict "help has exit code $code" grep -q "^  $code  " "$work/out"
done
verdict 'help says what --no-legend is for' grep -qE -- '--no-legend +list, keys, locks:' "$work/out"
verdict 'help says what --no-pager is for' grep -qE -- '--no-pager +list, show:' "$work/out"
check 'help wins over a command' 0 list --help
check 'the short option is the same' 0 -h
check 'version is success' 0 --version
verdict 'version names the program' grep -qE '^sessmgrctl [0-9]+\.[0-9]+' "$work/out"

# wrong usage: 2, a message on standard error, nothing on standard output
usage_error() {
    local name=$1 message=$2
    shift 2
    check "$name: exit status" 2 "$@"
    verdict "$name: message" err_has "$message"
    verdict "$name: hint" err_has "Try 'sessmgrctl --help'."
    verdict "$name: no output" silent out
}
usage_error 'unknown command' 'there is no command frobnicate' frobnicate
usage_error 'unknown option' 'unrecognized option' --frobnicate
usage_error 'unknown short option' 'invalid option' -z
usage_error 'option without its value' 'requires an argument' terminate --message
usage_error 'unknown JSON mode' 'short, pretty or off, not yes' --json=yes list
usage_error 'empty JSON mode' 'short, pretty or off' --json= list
usage_error 'list with an argument' 'too many arguments after list' list 0123
usage_error 'watch with an argument' 'too many arguments after watch' watch 0123
usage_error 'status with an argument' 'too many arguments after status' status 0123
usage_error 'reload with an argument' 'too many arguments after reload' reload 0123
usage_error 'terminate without an ID' 'a session ID is missing' terminate
usage_error 'terminate of no ID' 'an ID is 4 to 32 digits' terminate 0123 alice
usage_error 'terminate of an empty ID' 'an ID is 4 to 32 digits' terminate ''
usage_error 'terminate of 3 digits' 'an ID is 4 to 32 digits' terminate 012
fingerprint=SHA256:l1rXiqyOt2TIlTN2aNquTzQ94dkr86xj+1jtgZAP7iU
for option in --key=$fingerprint --user=alice --service=sshd --from=192.0.2.0/24 --policy=default; do
    usage_error "terminate of an ID and $option" 'exclude each other' terminate 0123 "$option"
    usage_error "list with $option" "${option%%=*}= is not for list" "$option" list
done
usage_error 'terminate of nothing, dryly' 'a session ID is missing' terminate --dry-run
for key in '' SHA256: "${fingerprint%?}" "${fingerprint}a" "${fingerprint/+/-}" "${fingerprint/SHA256/MD5}" \
    "${fingerprint%?}="; do
    usage_error "terminate of the key '$key'" 'SHA256: and 43 characters' terminate "--key=$key"
done
for option in --user= --service= --from= --policy=; do # of a variable that is empty
    usage_error "terminate of $option" "is missing after ${option%=}" terminate "$option"
done
usage_error 'show of an empty ID' 'an ID is 1 to 32 digits' show ''
usage_error 'show of an upper-case ID' 'an ID is 1 to 32 digits' show ABCD
usage_error 'show of 33 digits' 'an ID is 1 to 32 digits' show 0123456789abcdef0123456789abcdef0
usage_error 'all where it means nothing' '--all is not for show' show --all
usage_error 'a message where it means nothing' '--message= is not for list' list --message=hello
for command in 'show 0123' 'terminate 0123' watch status reload; do
    # shellcheck disable=SC2086 # two words are two arguments
    usage_error "no table, $command" "--no-legend is not for ${command%% *}" --no-legend $command
done
for command in 'terminate 0123' watch status reload; do
    # shellcheck disable=SC2086
    usage_error "no pager, $command" "--no-pager is not for ${command%% *}" --no-pager $command
done
usage_error 'lock without a user' 'a user is missing after lock' lock
usage_error 'unlock without a user' 'a user is missing after unlock' unlock
usage_error 'lock of two' 'too many arguments after lock' lock 1 2
usage_error 'locks with an argument' 'too many arguments after locks' locks 1
usage_error 'a time where it means nothing' '--until= is not for unlock' unlock 1 --until=+1h
usage_error 'an end where it means nothing' '--terminate is not for locks' locks --terminate
usage_error 'a message to who is unlocked' '--message= is not for unlock' unlock 1 -m x
for time in '' now 25:00 '2026-02-30 12:00' +0 -1h; do
    usage_error "--until='$time'" '--until= takes a time such as' lock 1 "--until=$time"
done
usage_error 'a time that has passed' '--until= takes a time to come' lock 1 --until=2000-01-01
usage_error 'a control character is not repeated' 'there is no command \x1b[2J' $'\033[2J'
verdict 'a control character is escaped' no_escape
usage_error 'a socket path of 108 bytes' 'a path of 1 to 107 bytes' --socket="$(printf '%0108d' 0)"
usage_error 'an empty socket path' 'a path of 1 to 107 bytes' --socket=

usage_error 'extend by two times' 'too many arguments after extend' extend 1h 30min
usage_error 'extend by no time' 'extend takes a time above 0' extend soon
usage_error 'explain without a user' 'a user is missing after explain' explain
usage_error 'explain of two users' 'too many arguments after explain' explain root daemon
usage_error 'check-config of two directories' 'too many arguments after check-config' check-config / /
usage_error 'check-config as JSON' '--json= is not for check-config' check-config --json=short
usage_error 'force where it means nothing' '--force is not for check-config' check-config --force

# no daemon: 4, the cause on standard error
for command in list show watch status reload 'show 0123' 'terminate 0123' 'list --all' 'lock 1' 'unlock 1' \
    'lock 1 --until=+1h --terminate --message=x' locks extend 'extend 30min --session=0123' \
    'explain root'; do
    # shellcheck disable=SC2086 # two words are two arguments
    check "no daemon, $command: exit status" 4 $command
    verdict "no daemon, $command: message" err_has "$work/socket: No such file or directory"
    verdict "no daemon, $command: no output" silent out
done
for command in list 'show 0123'; do
    # shellcheck disable=SC2086
    check "no daemon, $command without a pager: exit status" 4 --no-pager $command
done
check 'no such user' 1 lock 'no such user'
verdict 'and says so' err_has 'there is no user no such user; of one who is gone, the user ID is needed'
check 'no such user to be unlocked' 1 unlock 'no such user'
check 'no daemon, list without a legend: exit status' 4 list --no-legend
check 'no command is list' 4
check 'no command is list, also for its options' 4 --no-legend --no-pager --all
verdict 'no command is list: message' err_has 'sessmgrctl: list: '
check 'no daemon, status as JSON: exit status' 4 status --json=short
verdict 'no daemon, status as JSON' out_has '{"reachable":false,"error":"'
check 'no daemon, reload as JSON: exit status' 4 reload --json=short
verdict 'no daemon, reload as JSON' out_has '{"reloaded":false}'
check 'no daemon, terminate of all that match: exit status' 4 terminate --key=$fingerprint --user=alice
check 'no daemon, dryly' 4 terminate --dry-run --service=sshd
check 'several IDs: each is told of' 4 terminate 0123 4567
verdict 'several IDs: the first' err_has 'sessmgrctl: 0123: '
verdict 'several IDs: the second' err_has 'sessmgrctl: 4567: '
: >"$work/socket"
check 'a socket that is a file: exit status' 4 list
verdict 'a socket that is a file: message' err_has 'Connection refused'

check 'check-config needs no daemon' 0 check-config --sessmgrd=/bin/echo /
verdict 'and says what sessmgrd says' out_has '--check-config --config=//sessmgrd.conf'
check 'check-config of what is wrong' 1 check-config --sessmgrd=/bin/false

# output that cannot be written is a failure
status=0
"$SESSMGRCTL" --help >/dev/full 2>"$work/err" || status=$?
verdict 'a full disk: exit status' test "$status" -eq 1
verdict 'a full disk: message' err_has 'could not be written'
status=0
"$SESSMGRCTL" --help >&- 2>"$work/err" || status=$?
verdict 'a closed standard output: exit status' test "$status" -eq 1
verdict 'a closed standard output: message' err_has 'could not be written'

# with TEXT NAME STATUS ARGUMENT...: the same as check with a text on standard input.
with() {
    local text=$1 name=$2 wanted=$3 got=0
    shift 3
    printf '%s' "$text" | "$SESSMGRCTL" --socket="$work/socket" "$@" >"$work/out" 2>"$work/err" || got=$?
    verdict "$name" test "$got" -eq "$wanted"
}

# A token is never an argument.
check 'validate wants a dash' 2 validate
check 'validate takes no token' 2 validate sms_secret
verdict 'and says why' err_has 'never as an argument'
verdict 'and does not repeat it' not_told sms_secret
check 'validate takes one dash' 2 validate - -
check 'refresh takes no token' 2 refresh smr_secret
verdict 'and does not repeat it either' not_told smr_secret
check 'revoke takes no token' 2 revoke sms_secret
verdict 'nor does revoke' not_told sms_secret
with '' 'validate of nothing is wrong usage' 2 validate -
with '' 'refresh of nothing' 2 refresh
with '' 'revoke of nothing' 2 revoke
with "$(printf '%8193s' x)" 'a token that is too long' 2 validate -
verdict 'is said to be none' err_has 'is no token'

# Without a daemon nobody knows.
with 'sms_x' 'validate without a daemon is unknown' 2 validate -
verdict 'and says so' err_has 'cannot be reached'
verdict 'and nothing else' silent out
with 'smr_x' 'refresh without a daemon' 4 refresh
check 'token without a daemon' 4 token
check 'whoami without a daemon' 4 whoami
check 'keys without a daemon' 4 keys
check 'context without a daemon' 4 context
check 'context set without a daemon' 4 context a=b

# Options, each with the commands that take it.
for option in --jwt --opaque --audience=a --scope=a --lifetime=1 --refresh --request-id=a --uid=1 --touch \
    --offline=f --issuer=i --quiet --jwks --rotate --session=ab --tty=t \
    --sessmgrd=s; do
    check "$option is not for status" 2 "$option" status
    verdict "$option is named" err_has "${option%%=*}"
done
for lifetime in '' 0 -1 1x 1.5h h 99999999999999999999 '1h,2'; do
    check "--lifetime='$lifetime' is wrong" 2 "--lifetime=$lifetime" token
done
for lifetime in 30 30s '1h 30min' 2d '5 minutes' ' 1 week'; do
    check "--lifetime='$lifetime' is right" 4 "--lifetime=$lifetime" token
done
check '--jwt and --opaque' 2 --jwt --opaque token
verdict 'exclude each other' err_has 'exclude each other'
for uid in '' -1 x 4294967295 1x; do
    check "--uid='$uid' is wrong" 2 "--uid=$uid" validate -
done
for option in --audience= --scope= '--scope= , ' --session= --session=ABCD; do
    check "$option is not sent" 2 "$option" token
    verdict "$option is told of" err_has "${option%%=*}"
done
for option in --audience= --scope= '--scope= , '; do
    with x "$option is no check" 2 "$option" validate -
    verdict "$option is told of too" err_has "${option%%=*}"
done
for option in --request-id= "--request-id=$(printf '%0129d' 0)"; do
    with smr_x "$option is not sent" 2 "$option" refresh
    verdict "$option is told of" err_has '128 bytes'
done
with x '--offline without a name' 2 --offline= --issuer=i validate -
with x '--issuer without a name' 2 --offline=f --issuer= validate -
with x '--issuer without --offline' 2 --issuer=i validate -
with x '--offline without --issuer' 2 --offline=f validate -
with x '--offline with --touch' 2 --offline=f --issuer=i --touch validate -
with x 'a key set that is not there is unknown' 2 --offline="$work/none" --issuer=i validate -
printf '{"keys":[]}' >"$work/jwks"
with a.b.c 'a JWT that no key signed is inactive' 1 --offline="$work/jwks" --issuer=i validate -
verdict 'and says so' out_has inactive
with a.b.c 'quietly too' 1 --offline="$work/jwks" --issuer=i --quiet validate -
verdict 'without a word' silent out
status=0
printf a.b.c | "$SESSMGRCTL" --offline="$work/jwks" --issuer=i validate - >/dev/full 2>"$work/err" ||
    status=$?
verdict 'an answer that cannot be written is none' test "$status" -eq 2
verdict 'and that is told' err_has 'could not be written'
printf '{"keys":[' >"$work/jwks"
with a.b.c 'a damaged key set is unknown' 2 --offline="$work/jwks" --issuer=i validate -

# A context is checked before anything is sent.
check 'context without =' 2 context a
check 'context without a key' 2 context =a
check 'context with a key twice' 2 context a=1 a=2
check 'context with a long key' 2 context "$(printf '%065d' 0)=x"
check 'context with a long value' 2 context "x=$(printf '%0257d' 0)"
check 'context with control characters' 2 context "$(printf 'x=a\tb')"
check 'context with a control character of two bytes' 2 context "$(printf 'x=\302\233')"
check 'context that is not UTF-8' 2 context "$(printf 'x=\377')"
# shellcheck disable=SC2046
check 'context with too many' 2 context $(for i in $(seq 17); do echo "k$i=v"; done)

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
