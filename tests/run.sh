#!/bin/bash
# run: every suite one line, the output of those that fail, and at the end how many tests there were.
#
#     O=build tests/run.sh [--unit | --device] [WORD]
#
# Runs $O/tests/test_* (one for each tests/unit/test_*.c) and tests/system/*.sh, or those whose name
# holds WORD; --unit leaves the scripts out, --device also the suites of tools that run on no device
# (they include a header of sotto-pack or sotto-fleet, and set no device up). SOTTO_TEST_JOBS suites run side by side (one a
# processor); a line is printed when its suite ends. SOTTO_EMULATOR is put before each unit program
# ("qemu-arm -L …"). A suite that crashes, takes longer than SOTTO_TEST_SECONDS (180), is not built
# or runs no test counts as one failure more; a script may claim more time with a line
# `# seconds: N`, and begins before those that do not. Ends 0 only if nothing failed.
set -u
export LC_ALL=C
# Scripts that call make start with a clean slate; what was set on our make's command line is handed on.
[[ ${MAKEFLAGS:-} != *' -- '* ]] || export SOTTO_MAKE_VARS=" -- ${MAKEFLAGS#* -- }"
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES CMOCKA_MESSAGE_OUTPUT CMOCKA_XML_FILE CMOCKA_TEST_FILTER

kinds='unit system' is_device=0
case ${1:-} in
--unit) kinds=unit && shift ;;
--device) kinds=unit is_device=1 && shift ;;
esac
word=${1:-}
seconds=${SOTTO_TEST_SECONDS:-180}
jobs=${SOTTO_TEST_JOBS:-$(nproc)}

cd "$(dirname "$0")/.." || exit 1
O=${O:-build}
mkdir -p "$O" && O=$(cd "$O" && pwd) || exit 1
export O CC="${CC:-cc}"

scratch=$(mktemp -d) || exit 1
# Suites that still run when this one ends are stopped with it.
trap 'running=$(jobs -p); [ -z "$running" ] || kill $running 2>/dev/null; rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM

passed=0 failed=0 skipped=0 suites=0 running=0

# Sums the numbers that stand before "test(s)" on the lines that hold $2.
cmocka_sum() { grep -aoE "$2.*[0-9]+ test\(s\)" "$1" | grep -oE '[0-9]+ test' | awk '{n += $1} END {print n + 0}'; }
line_count() { grep -acE "$2" "$1"; }

claim() { sed -n 's/^# seconds: \([0-9]*\)$/\1/p;20q' "$1"; }

# suite PLACE NAME KIND COMMAND…: runs one suite, counts what it says, and leaves what is to be printed in
# PLACE.told and the counts in PLACE.counts, which comes last. PLACE is its TMPDIR: some tests have room for a
# short one only.
suite() {
    local place=$1 name=$2 kind=$3 limit=$seconds log=$1.log own=$1 from took status p f s ran why='' emulator=()
    shift 3
    mkdir "$own"
    if [ "$kind" = system ]; then
        limit=$(claim "$1")
        limit=${limit:-$seconds}
    fi

    from=${EPOCHREALTIME/./}
    if [ -x "$1" ]; then
        [ "$kind" = system ] || read -ra emulator <<<"${SOTTO_EMULATOR:-}"
        { TMPDIR=$own timeout -k 5 "$limit" "${emulator[@]}" "$@" >"$log" 2>&1 </dev/null; } 2>/dev/null
        status=$?
    else
        echo "$1 is missing or not executable" >"$log"
        status=127
    fi
    took=$((${EPOCHREALTIME/./} - from))
    chmod -R u+rwX "$own" 2>/dev/null
    rm -rf "$own"

    if [ "$kind" = unit ]; then
        p=$(cmocka_sum "$log" '\[  PASSED  \]')
        f=$(cmocka_sum "$log" '\[  FAILED  \]')
        s=$(cmocka_sum "$log" '\[  SKIPPED \]')
        ran=$(cmocka_sum "$log" '\[==========\].*Running')
        [ $((p + f + s)) -ge "$ran" ] || why="only $((p + f + s)) of $ran tests ended"
    else
        p=$(line_count "$log" '^ok - ')
        f=$(line_count "$log" '^not ok - ')
        s=$(line_count "$log" '^skip - ')
    fi
    [ $((p + f + s)) -gt 0 ] || why='ran no test'
    case $status in
    0) ;;
    124 | 137) why="stopped after $limit s" ;;
    *) [ "$f" -gt 0 ] || why=${why:-"ended with status $status"} ;;
    esac
    [ -z "$why" ] || f=$((f + 1))

    {
        printf '  %-6s %-24s %4d passed %3d failed %3d skipped %8.2f s%s\n' "$kind" "$name" "$p" "$f" "$s" \
            "$((took / 10000))e-2" "${why:+  ($why)}"
        if [ "$f" -gt 0 ]; then
            sed 's/^/    | /' "$log" | tail -n 200
        elif [ "$s" -gt 0 ]; then
            grep -aE '^skip - |\[  SKIPPED \] [^0-9]' "$log" | sort -u | sed 's/^/    | /'
        fi
    } >"$place.told"
    echo "$p $f $s" >"$place.partly"
    mv "$place.partly" "$place.counts"
}

# Prints what ended since the last time.
tell() {
    local counts p f s
    for counts in "$scratch"/*.counts; do
        [ -e "$counts" ] || continue
        read -r p f s <"$counts"
        passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
        cat "${counts%.counts}.told"
        rm "$counts"
        running=$((running - 1))
    done
}

# A suite that left no counts was lost with its shell: wait for the rest, the sum will not come out.
start() {
    while [ "$running" -ge "$jobs" ]; do
        wait -n
        tell
    done
    suites=$((suites + 1)) running=$((running + 1))
    suite "$scratch/$suites" "$@" &
}

# scripts LONG: the scripts that claim time (1), or those that do not (0).
scripts() {
    local script name is_long
    for script in tests/system/*.sh; do
        name=$(basename "$script" .sh)
        is_long=$(claim "$script")
        if [[ $name == *"$word"* ]] && [ -e "$script" ] && [ "${is_long:+1}" = "${1#0}" ]; then
            start "$name" system "$script"
        fi
    done
}

[ "$kinds" = unit ] || scripts 1
for source in tests/unit/test_*.c; do
    name=$(basename "$source" .c)
    if [[ $name != *"$word"* ]] || [ ! -e "$source" ]; then continue; fi
    if [ $is_device -eq 1 ] && grep -qE '^#include "tools/sotto-(pack|fleet)/' "$source" && ! grep -q '^#include "tests/support/.*kiosk' "$source"; then
        continue
    fi
    start "${name#test_}" unit "$O/tests/$name"
done
[ "$kinds" = unit ] || scripts 0
while [ "$running" -gt 0 ] && wait -n; do tell; done
tell
if [ "$running" -gt 0 ]; then
    echo "tests/run.sh: $running suites were lost" >&2
    failed=$((failed + running))
fi

if [ "$suites" -eq 0 ]; then
    echo "tests/run.sh: no suite's name holds \"$word\"" >&2
    failed=1
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
