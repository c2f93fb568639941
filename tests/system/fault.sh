#!/bin/bash
# fault: a quick cut of the fault matrix (tests/fault, `make fault` for all of it), that it is deterministic, and
# that the seeded bugs still apply to what they are meant to break.
# seconds: 600
# shellcheck disable=SC2317 # check calls the functions
# shellcheck source=tests/support/tap.sh
. "$(dirname "$0")/../support/tap.sh"

fault=$O/fault seed=20261127

# row NAME SCALE AT_LEAST: so much of a row, which must be at least so many states.
row() {
    "$fault" --row "$1" --seed "$seed" --scale "$2" >"$tmp/row" 2>&1
    local status=$?
    cat "$tmp/row"
    [ "$status" -eq 0 ] && [ "$(awk '$1 == "row" {print $3}' "$tmp/row")" -ge "$3" ]
}
check "power cut after every operation of 13 scenarios: all that was acknowledged is there" row power 1 1500
check "lost, torn and garbled sectors, and a cut in the recovery" row lost 0.004 4000
check "storage that is full, failing, read-only or cannot sync" row errors 0.02 300
check "no memory, of ours, libsodium's and SQLite's" row memory 0.01 200
check "flipped bits, truncations, rows out of place" row damage 0.003 1500
check "processes killed at random moments" row kill 0.004 40
check "clocks that jump, stop and fail" row clocks 0.015 30
check "two processes and locks of dead ones" row processes 0.015 30
check "older copies put back, with and without a counter" row rollback 1 600

# The same seed gives the same states, and one of them comes again by its number.
counts() { "$fault" --row lost --seed 7 --scale 0.001 | awk '{print $1, $2, $3, $4, $5}'; }
same() { [ "$(counts)" = "$(counts)" ]; }
check "the same seed gives the same matrix" same
one() { [ "$("$fault" --row lost --seed 7 --scale 0.001 --state 500 | awk '$1 == "row" {print $3}')" = 1 ]; }
check "one state comes again by its number" one
refuse "a row that is not there is no success" 2 'no such row' "$fault" --row nothing
refuse "nor is a scenario that is not there" 2 'no such scenario' "$fault" --row power --scenario nothing
check "every seeded bug still applies" tests/fault/bugs.sh --apply
finish
