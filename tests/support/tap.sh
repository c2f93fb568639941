# shellcheck shell=bash
# tap: what the system tests share. Source it, call check, refuse and skip, end with finish. It
# moves to the top of the checkout and sets O (absolute, from the runner), CC and `tmp`, a private
# directory that is gone afterwards.

set -u
export LC_ALL=C
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
O=$(cd "${O:-build}" 2>/dev/null && pwd) || {
    echo "not ok - build first: make build-tests"
    exit 1
}
CC=${CC:-cc}
export O CC
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
tap_failures=0

# verdict SENTENCE STATUS: says ok or not ok; with not ok, what the command wrote.
tap_verdict() {
    if [ "$2" -eq 0 ]; then
        echo "ok - $1"
    else
        echo "not ok - $1"
        sed 's/^/#   /' "$tmp/tap.out"
        tap_failures=$((tap_failures + 1))
    fi
}

# check SENTENCE COMMAND…: the command must succeed.
check() {
    local sentence=$1
    shift
    "$@" >"$tmp/tap.out" 2>&1 </dev/null
    tap_verdict "$sentence" $?
}

# refuse SENTENCE STATUS PATTERN COMMAND…: the command must end with exactly STATUS and say
# something that matches PATTERN.
refuse() {
    local sentence=$1 wanted=$2 pattern=$3 status
    shift 3
    "$@" >"$tmp/tap.out" 2>&1 </dev/null
    status=$?
    [ "$status" -eq "$wanted" ] && grep -qE -- "$pattern" "$tmp/tap.out"
    local is_right=$?
    [ $is_right -eq 0 ] || echo "(ended with $status, wanted $wanted and a line like: $pattern)" >>"$tmp/tap.out"
    tap_verdict "$sentence" $is_right
}

skip() { echo "skip - $1"; }

finish() { exit $((tap_failures > 0)); }
