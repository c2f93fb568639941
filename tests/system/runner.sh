#!/bin/bash
# runner: tests/run.sh counts what it should and never calls a broken suite passed.
# shellcheck disable=SC2317 # check calls the functions
# shellcheck source=tests/support/tap.sh
. "$(dirname "$0")/../support/tap.sh"

mkdir -p "$tmp/tree/tests/unit" "$tmp/tree/tests/system" "$tmp/tree/build/tests"
cp tests/run.sh "$tmp/tree/tests/"

# unit NAME BODY: a stand-in for a cmocka program.
unit() {
    : >"$tmp/tree/tests/unit/test_$1.c"
    printf '#!/bin/sh\n%s\n' "$2" >"$tmp/tree/build/tests/test_$1"
    chmod +x "$tmp/tree/build/tests/test_$1"
}
script() {
    printf '#!/bin/sh\n%s\n' "$2" >"$tmp/tree/tests/system/$1.sh"
    chmod +x "$tmp/tree/tests/system/$1.sh"
}
# last WANTED STATUS [OPTION] WORD: the closing line and the status of a run of the suites like WORD.
last() {
    (cd "$tmp/tree" && O=build SOTTO_TEST_SECONDS=1 tests/run.sh "${@:3}") >"$tmp/run.out" 2>&1
    local status=$?
    cat "$tmp/run.out"
    [ "$status" -eq "$2" ] && [ "$(tail -n 1 "$tmp/run.out")" = "$1" ]
}
passes='echo "[==========] Running 2 test(s)." >&2; echo "[  PASSED  ] 2 test(s)." >&2'

unit good "$passes"
unit stdout 'echo "[==========] tests: Running 3 test(s)."; echo "[  PASSED  ] 2 test(s)."; echo "[  SKIPPED ] 1 test(s), listed below:"; echo "[  SKIPPED ] later"'
unit bad 'echo "[==========] Running 3 test(s)."; echo "[  PASSED  ] 1 test(s)."; echo "[  FAILED  ] 2 test(s), listed below:"; exit 2'
unit crash "$passes; kill -SEGV \$\$"
unit partial 'echo "[==========] Running 9 test(s)."; echo "[  PASSED  ] 4 test(s)."'
unit empty 'exit 0'
unit slow "$passes; sleep 20"
: >"$tmp/tree/tests/unit/test_unbuilt.c"
script fine 'echo "ok - one"; echo "ok - two"; echo "skip - three, no browser"'
script wrong 'echo "ok - one"; echo "not ok - two"; exit 1'
script silent 'exit 0'
script lies 'echo "ok - one"; exit 3'

check "a passing program is counted from stderr" last "2 passed, 0 failed, 0 skipped" 0 good
check "a skipped test is counted from stdout" last "2 passed, 0 failed, 1 skipped" 0 stdout
check "failed tests fail the run" last "1 passed, 2 failed, 0 skipped" 1 bad
check "a crash after the last test is a failure" last "2 passed, 1 failed, 0 skipped" 1 crash
check "tests that never ended are a failure" last "4 passed, 1 failed, 0 skipped" 1 partial
check "a program that runs no test is a failure" last "0 passed, 1 failed, 0 skipped" 1 empty
check "a program that hangs is stopped and is a failure" last "2 passed, 1 failed, 0 skipped" 1 slow
check "a program that was not built is a failure" last "0 passed, 1 failed, 0 skipped" 1 unbuilt
check "a script's lines are counted" last "2 passed, 0 failed, 1 skipped" 0 fine
check "a script's failure fails the run" last "1 passed, 1 failed, 0 skipped" 1 wrong
check "a script that says nothing is a failure" last "0 passed, 1 failed, 0 skipped" 1 silent
check "a script that says ok and ends badly is a failure" last "1 passed, 1 failed, 0 skipped" 1 lies
check "a word that fits no suite is a failure" last "0 passed, 1 failed, 0 skipped" 1 nothing-like-it
check "the closing line sums every suite" last "17 passed, 10 failed, 2 skipped" 1 ""
check "a failing suite's own output is shown" grep -q "| not ok - two" "$tmp/run.out"
unit device-fleet "$passes"
unit device-vault "$passes"
unit device-both "$passes"
echo '#include "tools/sotto-fleet/merge.h"' | tee "$tmp/tree/tests/unit/test_device-fleet.c" >"$tmp/tree/tests/unit/test_device-both.c"
echo '#include "tests/support/kiosk.h"' >>"$tmp/tree/tests/unit/test_device-both.c"
check "what runs on no device is left out where asked" last "4 passed, 0 failed, 0 skipped" 0 --device device
check "and not elsewhere" last "6 passed, 0 failed, 0 skipped" 0 --unit device
finish
