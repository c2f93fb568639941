#!/bin/bash
# web: sotto-web before a browser and before everybody else on the machine: foreign pages, rebound
# names, forged, oversized and broken requests are refused; the page, its calls and its events work.
# seconds: 240
# shellcheck disable=SC2317 # check calls the functions
# shellcheck source=tests/support/tap.sh
. "$(dirname "$0")/../support/tap.sh"
# shellcheck source=tests/support/daemon.sh
. tests/support/daemon.sh

d=$tmp/d
port=$((20000 + RANDOM % 20000))
started() { make_config "$d" && start_daemon "$d"; }
page() {
    mkdir -p "$d/web/part" && echo '<!doctype html><title>kiosk</title>' >"$d/web/index.html" &&
        echo 'export {};' >"$d/web/part/code.js" && echo 'no page needs this' >"$d/web/notes.txt" &&
        cp "$d/web/index.html" "$d/web/.hidden.html" && ln -s "$d/sotto.conf" "$d/web/link.html" &&
        ln -s part "$d/web/linked" && mkfifo "$d/web/fifo.html"
}
is_up() { [ -s "$d/token" ]; }
web_started() {
    local try
    page
    # Another program may have the port.
    for try in 1 2 3 4 5; do
        "$O/sotto-web" --port "$port" --ui-socket "$d/ui.sock" --pages "$d/web" --token-file "$d/token" --timeout-s 2 \
            --origins https://kiosk.example >"$d/web.log" 2>&1 &
        web=$!
        pids+=("$web")
        if wait_for 5 is_up; then
            token=$(cat "$d/token")
            return 0
        fi
        port=$((port + try))
    done
    cat "$d/web.log"
    return 1
}
case_of() { "$python" tests/support/web_cases.py "$1" "$port" "$token" "${@:2}"; }

check "packs are made and signed" make_packs
check "sottod starts" started
check "sotto-web starts" web_started
item=$(tail -n 1 "$tmp/town.csv" | cut -d, -f3)
token_is_private() { [ "$(stat -c %a "$d/token")" = 640 ] && grep -qE '^[0-9a-f]{64}$' "$d/token"; }
check "the token is there for owner and group" token_is_private
loopback_only() {
    local hex
    hex=$(printf '%04X' "$port")
    awk -v p=":$hex" '$4 == "0A" && index($2, p) {print; n++; if ($2 != "0100007F" p) bad = 1} END {exit !(n == 1 && !bad)}' /proc/net/tcp &&
        ! awk -v p=":$hex" '$4 == "0A" && index($2, p) {found = 1} END {exit !found}' /proc/net/tcp6
}
check "it listens on loopback alone" loopback_only
check "a request with all that is needed is answered" case_of healthy
check "a slate with its banner, over HTTP" case_of slate "$item"
check "another Host is refused: a rebound name leads nowhere" case_of rebinding
check "another Origin is refused, an allowed one is not" case_of origins
check "a missing or wrong token is refused" case_of tokens
check "oversized, broken and mistyped requests are refused" case_of shapes
check "the page's files are served under a strict policy, and nothing beside them" case_of pages
check "events come while a page listens; when it goes, its visit ends" case_of events "$d"
check "what sottod says right behind a reply is told at once" case_of behind "$O/sotto-web" "$d"
check "silent and too many connections do not stay" case_of crowd
no_engine() { ! ldd "$O/sotto-web" | grep -E 'sqlite|sodium'; }
check "it has neither vault nor cryptography" no_engine
down_and_up() { kill "$pid" && ends "$pid" && case_of unavailable && start_daemon "$d" && case_of healthy; }
check "without sottod it says so, and finds it again" down_and_up
ended() { kill "$web" && ends "$web" && [ ! -e "$d/token" ]; }
check "SIGTERM ends it with 0, and the token is gone" ended
refuse "a configuration with an unknown key ends the start" 4 'no key "prot"' "$O/sotto-web" --config <(printf '[web]\nprot = 1\n')
finish
