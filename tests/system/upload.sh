#!/bin/bash
# upload: sotto-upload between an outbox and a collector that refuses, redirects, fails and comes
# back: what is a report leaves once, byte for byte, over verified TLS; nothing else ever does.
# seconds: 180
# shellcheck disable=SC2317 # check calls the functions
# shellcheck source=tests/support/tap.sh
. "$(dirname "$0")/../support/tap.sh"
# shellcheck source=tests/support/daemon.sh
. tests/support/daemon.sh

mkdir "$tmp/reports" "$tmp/c"
some_reports() { "$O/tests/make_fleet" make 20 "$tmp/f" && "$python" tests/support/upload_cases.py split "$tmp/f/reports/000000.reports" "$tmp/reports" 5; }
# fresh: an outbox of five reports.
fresh() { rm -rf "$tmp/outbox" "$tmp/drop" && mkdir "$tmp/outbox" "$tmp/drop" && cp "$tmp"/reports/* "$tmp/outbox" && : >"$tmp/c/requests"; }
collector() {
    rm -f "$tmp/c/port"
    "$python" tests/support/upload_cases.py serve "$tmp/c" "$@" &
    pids+=("$!")
    wait_for 10 test -s "$tmp/c/port" && port=$(cat "$tmp/c/port")
}
upload() { "$O/sotto-upload" --outbox "$tmp/outbox" "$@"; }
waiting() { find "$tmp/outbox" -maxdepth 1 -name '[!.]*.report' | wc -l; }
# ends STATUS COMMAND…
ends_with() {
    local wanted=$1 status
    shift
    "$@"
    status=$?
    echo "ended with $status"
    [ "$status" -eq "$wanted" ]
}

check "there are reports" some_reports

# By files.
dropped() {
    local report
    fresh && upload --once --to "$tmp/drop" | grep -x '5 sent, 0 refused, nothing waits' && [ "$(waiting)" -eq 0 ] || return 1
    [ "$(find "$tmp/drop" -name '????????????????-*.report' | wc -l)" -eq 5 ] || return 1
    for report in "$tmp"/reports/*; do cmp "$report" "$tmp"/drop/*-"${report##*/}" || return 1; done
}
check "reports are copied into a folder byte for byte" dropped
kept() { [ "$(find "$tmp/outbox/sent" -name '*.report' | wc -l)" -eq 5 ] && cmp "$tmp/reports/0000000003.report" "$tmp/outbox/sent/0000000003.report"; }
check "and kept as sent" kept
check "a second time nothing is sent" ends_with 0 upload --once --to "$tmp/drop"
deleted() { fresh && upload --once --to "$tmp/drop" --sent-files 0 && [ -z "$(ls -A "$tmp/outbox")" ]; }
check "or deleted when that is asked" deleted
few() { fresh && upload --once --to "$tmp/drop" --sent-files 2 && [ "$(ls "$tmp/outbox/sent")" = $'0000000004.report\n0000000005.report' ]; }
check "of those kept the oldest go" few

# What is no report.
strangers() {
    fresh && cd "$tmp/outbox" && echo secret >a.report && head -c 100 0000000001.report >b.report &&
        { cat 0000000001.report; head -c 400 /dev/zero; } >c.report && : >d.report && ln -s /etc/passwd e.report &&
        mkfifo f.report && mkdir g.report && echo x >vault.db && echo 5 >cursor && { printf 'x' | cat - 0000000002.report; } >h.report &&
        cp 0000000001.report .i.report && cd - >/dev/null && ends_with 4 upload --once --to "$tmp/drop" && ls "$tmp/drop" "$tmp/outbox" "$tmp/outbox/refused" || return 1
    [ "$(find "$tmp/drop" -type f | wc -l)" -eq 5 ] && [ "$(find "$tmp/outbox/refused" -mindepth 1 | wc -l)" -eq 8 ] &&
        [ -f "$tmp/outbox/vault.db" ] && [ -f "$tmp/outbox/cursor" ] && [ -f "$tmp/outbox/.i.report" ] && [ "$(waiting)" -eq 0 ]
}
check "what is no report is set aside, what is no .report not touched" strangers

# A file that cannot be read: a socket stands for what a bad sector does.
unreadable() {
    fresh && (cd "$tmp/outbox" && "$python" -c 'import socket; socket.socket(socket.AF_UNIX).bind("0000000000.report")') || return 1
    ends_with 5 upload --once --to "$tmp/drop" >"$tmp/said"
    grep -x '5 sent, 0 refused, the rest later' "$tmp/said" && grep -x 'ended with 5' "$tmp/said" && [ "$(find "$tmp/drop" -type f | wc -l)" -eq 5 ]
}
check "one that cannot be read keeps no other back" unreadable

# By HTTP on this machine.
echo 200 >"$tmp/c/status"
check "a collector listens" collector
url() { echo "http://127.0.0.1:$port/v1"; }
posted() {
    local report
    fresh && upload --once --url "$(url)" && [ "$(waiting)" -eq 0 ] && [ "$(grep -c '^200 application/cose' "$tmp/c/requests")" -eq 5 ] || return 1
    for report in "$tmp"/reports/*; do grep -q " - $(od -An -v -tx1 "$report" | tr -d ' \n')\$" "$tmp/c/requests" || return 1; done
}
check "reports are posted byte for byte, and nothing about who posts" posted
later() {
    echo 503 >"$tmp/c/status"
    fresh && ends_with 5 upload --once --url "$(url)" && [ "$(waiting)" -eq 5 ] && [ "$(wc -l <"$tmp/c/requests")" -eq 1 ] || return 1
    echo 200 >"$tmp/c/status"
    upload --once --url "$(url)" && [ "$(sed -n 1p "$tmp/c/requests" | cut -d' ' -f4-)" = "$(sed -n 2p "$tmp/c/requests" | cut -d' ' -f4-)" ]
}
check "a collector that cannot now gets the same bytes later" later
twice() { echo 409 >"$tmp/c/status" && fresh && upload --once --url "$(url)" && [ "$(waiting)" -eq 0 ]; }
check "one that has them already ends the matter" twice
unwanted() { echo 422 >"$tmp/c/status" && fresh && ends_with 4 upload --once --url "$(url)" && [ "$(waiting)" -eq 0 ] && [ "$(find "$tmp/outbox/refused" -type f | wc -l)" -eq 5 ]; }
check "one that calls them malformed sets them aside" unwanted
redirected() { echo 302 >"$tmp/c/status" && fresh && ends_with 5 upload --once --url "$(url)" && [ "$(wc -l <"$tmp/c/requests")" -eq 1 ] && [ "$(waiting)" -eq 5 ]; }
check "a redirect is not followed" redirected
gone() { fresh && ends_with 5 upload --once --timeout-s 2 --url http://127.0.0.1:1/v1 && [ "$(waiting)" -eq 5 ]; }
check "no collector at all keeps everything" gone

# Over TLS.
certificate() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "/CN=$1" -addext "subjectAltName=$2" \
        -keyout "$tmp/$1.key" -out "$tmp/$1.pem"
}
if command -v openssl >/dev/null; then
    echo 200 >"$tmp/c/status"
    check "certificates are made" certificate here IP:127.0.0.1
    check "another for another name" certificate elsewhere DNS:elsewhere.example
    check "a collector with TLS listens" collector "$tmp/here.pem" "$tmp/here.key"
    trusted() { fresh && upload --once --url "https://127.0.0.1:$port/v1" --ca-file "$tmp/here.pem" && [ "$(waiting)" -eq 0 ] && [ "$(wc -l <"$tmp/c/requests")" -eq 5 ]; }
    check "reports leave over TLS to an authority that is trusted" trusted
    untrusted() { fresh && ends_with 5 upload --once --url "https://127.0.0.1:$port/v1" && [ "$(waiting)" -eq 5 ] && [ ! -s "$tmp/c/requests" ]; }
    check "not to one that is not" untrusted
    check "a collector with another's certificate listens" collector "$tmp/elsewhere.pem" "$tmp/elsewhere.key"
    misnamed() { fresh && ends_with 5 upload --once --url "https://127.0.0.1:$port/v1" --ca-file "$tmp/elsewhere.pem" && [ ! -s "$tmp/c/requests" ]; }
    check "nor to one with another name" misnamed
else
    skip "TLS: openssl is not installed"
fi
for bad in http://collector.example/v1 ftp://127.0.0.1/v1 file:///tmp/x 127.0.0.1:80 "http://127.0.0.1@evil.example/" http://127.0.0.1.evil.example/; do
    refuse "$bad is not taken" 2 'must be https' upload --once --url "$bad"
done
refuse "neither way out is told" 2 'either --url or --to' upload --once
refuse "nor are both" 2 'either --url or --to' upload --once --url https://a.example --to "$tmp/drop"

# As a service.
serves() {
    local uploader
    fresh || return 1
    "$O/sotto-upload" --outbox "$tmp/outbox" --to "$tmp/drop" --period-s 1 >"$tmp/log" 2>&1 &
    uploader=$!
    pids+=("$uploader")
    wait_for 10 test -f "$tmp/outbox/sent/0000000005.report" && cp "$tmp/reports/0000000001.report" "$tmp/outbox/0000000006.report" &&
        wait_for 10 test -f "$tmp/outbox/sent/0000000006.report" && kill "$uploader" && wait "$uploader"
}
check "as a service it sends what comes, and SIGTERM ends it with 0" serves
no_keys() { ! strings -a "$O/sotto-upload" | grep -E 'device\.key|slot-[01]|sqlite3_|ui\.sock'; }
case $O in */san | */cov) ;; *) check "it knows of no vault, key or socket" no_keys ;; esac
finish
