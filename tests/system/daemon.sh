#!/bin/bash
# daemon: sottod as a device runs it. Real processes, real sockets, a vault in a temporary folder;
# clients that are strangers, slow, rude or many; a kill in the middle of everything.
# seconds: 240
# shellcheck disable=SC2317 # check calls the functions
# shellcheck source=tests/support/tap.sh
. "$(dirname "$0")/../support/tap.sh"
# shellcheck source=tests/support/daemon.sh
. tests/support/daemon.sh

d=$tmp/d
case_of() { "$python" tests/support/sottod_cases.py "$1" "$d" "${@:2}"; }
started() { make_config "$d" && start_daemon "$d" "$@"; }
stopped() { kill "$pid" && ends "$pid"; }
restarted() { stopped && start_daemon "$d" "$@"; }
serves() { rpc "$d/ui.sock" health | grep -q '"storage": "ok"'; }

check "packs are made and signed" make_packs
check "it starts" started
item=$(tail -n 1 "$tmp/town.csv" | cut -d, -f3)

# What it is for.
check "a visit: consent, events, banner, a personal slate and its reasons" case_of visit "$item"
check "a banner that is declined is a no, and the slate general" case_of declined "$item"
check "requests of one client are answered in order" case_of pipeline "$item"
check "a request may come byte by byte" case_of pieces
check "whoever subscribed hears what others change" case_of notices
check "what a client began ends when it goes" case_of leave

# Who may what.
check "each socket has its own methods" case_of roles
modes() { [ "$(stat -c %a "$d"/*.sock | sort -u)" = 660 ]; }
check "the sockets are for owner and group" modes
no_network() {
    local inode
    for inode in $(find "/proc/$pid/fd" -type l -printf '%l\n' | sed -n 's/^socket:\[\(.*\)\]$/\1/p'); do
        ! awk -v i="$inode" '$10 == i {found = 1} END {exit !found}' /proc/net/tcp /proc/net/tcp6 /proc/net/udp /proc/net/udp6 || return 1
    done
    [ -n "$inode" ]
}
check "it has no socket of a network" no_network
log_is_good() {
    local key
    key=$(case_of operator) && "$O/sotto" audit verify --key "$key" "$d/audit.log" | grep -q 'authentic'
}
check "the operator gets an audit log that verifies" log_is_good

asked() {
    "$O/sotto" budget --explain --socket "$d/operator.sock" | grep -q 'What is protected: a visit' &&
        "$O/sotto" report preview --socket "$d/operator.sock" | grep -q 'Nothing waits to leave' || return 1
    "$O/sotto" audit export --socket "$d/operator.sock" "$d/told.log" >"$d/told.key" &&
        "$O/sotto" audit verify --key "$(cat "$d/told.key")" "$d/told.log"
}
check "the sotto command asks it" asked
refuse "or says that nobody is there" 2 'nobody listens' "$O/sotto" budget --socket "$d/none.sock"

if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
    # A folder that others can reach, unlike the runner's.
    open=$(mktemp -d /tmp/sotto-open-XXXXXX) && chmod 755 "$open"
    cp tests/support/rpc.py tests/support/sottod_cases.py "$open" && chmod 644 "$open"/*
    as_nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups "$python" "$open/sottod_cases.py" "$1" "$open"; }
    in_the_open() { restarted --ui-socket "$open/ui.sock" "$@" && chmod 666 "$open/ui.sock"; }
    check "it starts with a socket that anybody can reach" in_the_open
    check "a user who is not named is closed without a word" as_nobody stranger
    check "it starts with that user named" in_the_open --ui-users 65534
    check "now the user is served" as_nobody guest
    named_group() {
        restarted --ui-socket "$open/ui.sock" --ui-groups 65534 &&
            [ "$(stat -c '%a %g' "$open/ui.sock")" = '660 65534' ] && as_nobody guest
    }
    check "a named group gets the socket and is served" named_group
    check "it starts as before" restarted
    rm -rf "$open"
else
    skip "another user's connection: not root, or no setpriv"
fi

# Rude, slow, many.
rude() { restarted --message-s 1 --write-s 1 --ui-connections 500 --idle-s 600; }
check "it starts with short limits" rude
check "half a request does not hold up others, and is closed" case_of half
check "a reader that takes nothing does not hold up others, and is closed" case_of slow
check "a request of 1 MB is refused, the longest allowed one is not" case_of big
check "bytes that are no request harm nothing" case_of garbage
check "of 2,000 connections as many are served as allowed, and then others" case_of crowd 500
check "it still serves" serves
memory() { awk '/VmHWM/ {print; exit $2 > 40000}' "/proc/$pid/status"; }
case $O in */san) ;; *) check "all of it took less than 40 MB" memory ;; esac

# Ends.
kept() {
    local recorder
    "$python" tests/support/sottod_cases.py record "$d" "$item" >"$tmp/record" 2>&1 &
    recorder=$!
    wait_for 20 test -s "$d/acknowledged" || { cat "$tmp/record"; return 1; }
    sleep "0.$((RANDOM % 9 + 1))"
    kill -9 "$pid"
    wait "$pid"
    wait "$recorder" || { cat "$tmp/record"; return 1; }
    start_daemon "$d" && case_of recorded "$item"
}
check "after kill -9 what was acknowledged is there" kept
second() { "$O/sottod" --config "$d/sotto.conf"; }
refuse "a second daemon on the same device does not start" 5 'sottod: ' second
check "the first still serves" serves
check "SIGTERM ends it with 0" stopped
check "the sockets' names are gone" test ! -e "$d/ui.sock"
watched() {
    "$python" tests/support/notified.py 2 "$O/sottod" --config "$d/sotto.conf" >"$tmp/notified" 2>&1
    local status=$?
    cat "$tmp/notified"
    [ "$status" -eq 0 ] && grep -q READY=1 "$tmp/notified" && [ "$(grep -c WATCHDOG=1 "$tmp/notified")" -ge 2 ] && grep -q STOPPING=1 "$tmp/notified"
}
check "it says when it is ready, that it is well, and when it stops" watched

# Configurations that are not taken.
with_line() { sed "$1" "$d/sotto.conf" >"$d/other.conf" && "$O/sottod" --config "$d/other.conf"; }
refuse "an unknown key ends the start and is named" 4 'other.conf:[0-9]*: \[device\] has no key "vaultt"' with_line 's/^vault =/vaultt =/'
refuse "so does an unknown section" 4 '\[sokets\]' with_line 's/^\[sockets\]/[sokets]/'
refuse "and a key given twice" 4 'given twice' with_line 's/^keys = .*/&\n&/'
refuse "and a value out of its range" 4 'ui-connections' with_line '/^\[sockets\]/a ui-connections = 0'
refuse "and a line that is none" 4 'other.conf:1' with_line '1i what is this'
refuse "a model nobody signed is refused" 4 'sign|key' with_line "s|^model-key = .*|model-key = $tmp/privacy.pub|"
refuse "a configuration that is not there is told" 1 'No such file' "$O/sottod" --config "$d/none.conf"
refuse "a user who is not there is told" 2 'no user "nobody-here"' "$O/sottod" --config "$d/sotto.conf" --ui-users nobody-here
finish
