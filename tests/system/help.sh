#!/bin/bash
# help: every tool explains itself: --help ends 0 on stdout, a wrong command line ends 2 on stderr, and
# both say something.
# shellcheck disable=SC2317 # check calls the functions
# shellcheck source=tests/support/tap.sh
. "$(dirname "$0")/../support/tap.sh"

# helps TOOL ARGUMENT…: ends 0, the help is on stdout, nothing on stderr, usage first.
helps() {
    "$@" >"$tmp/out" 2>"$tmp/err"
    local status=$?
    cat "$tmp/out" "$tmp/err"
    [ "$status" -eq 0 ] && grep -qi usage "$tmp/out" && [ "$(wc -l <"$tmp/out")" -ge 3 ] && [ ! -s "$tmp/err" ]
}
# scolds TOOL ARGUMENT…: ends 2, stdout is empty, stderr is not and points to the help.
scolds() {
    "$@" >"$tmp/out" 2>"$tmp/err"
    local status=$?
    echo "status $status"
    cat "$tmp/out" "$tmp/err"
    [ "$status" -eq 2 ] && [ ! -s "$tmp/out" ] && grep -qiE 'usage|--help' "$tmp/err"
}

tells_exit_codes() { "$1" --help | tr '\n' ' ' | grep -qE '(Exit codes:|Ends) 0 .*4 .*(malformed|integrity)'; }

for main in tools/*/main.c; do
    tool=$(basename "$(dirname "$main")")
    program=$O/$tool
    check "$tool --help explains" helps "$program" --help
    check "$tool --version tells the engine's" grep -q "$(sed -n 's/^#define SOTTO_VERSION_[MP][A-Z]* //p' include/sotto.h | paste -sd.)" \
        <("$program" --version 2>&1)
    check "$tool refuses an unknown option" scolds "$program" --no-such-option
    check "$tool refuses an unknown command" scolds "$program" no-such-command
    check "$tool --help tells its exit codes" tells_exit_codes "$program"
    # A daemon has options alone.
    "$program" --help 2>/dev/null | head -n 1 | grep -q COMMAND || continue
    # The commands it lists: two spaces, perhaps the tool's name, and a word.
    verbs=$("$program" --help 2>/dev/null | sed -nE "s/^  ($tool )?([a-z][a-z-]*) .*/\2/p" | sort -u)
    check "$tool --help lists its commands" test -n "$verbs"
    for verb in $verbs; do
        check "$tool $verb --help explains" helps "$program" "$verb" --help
        check "$tool $verb refuses an unknown option" scolds "$program" "$verb" --no-such-option
    done
done
finish
