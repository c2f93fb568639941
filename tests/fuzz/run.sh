#!/bin/bash
# run: the fuzz targets over their corpora, two at a time; one line for each, and 1 if any found something.
#
#     run.sh seconds N TARGET…   N seconds in all
#     run.sh runs N TARGET…      N runs each
#
# What a target found stays in $O/found; `$O/fuzz-TARGET FILE` shows it again.
set -u
cd "$(dirname "$0")/../.." || exit 1
how=$1 count=$2
shift 2
found=$O/found
mkdir -p "$found"
case $how in
    seconds) limit="-max_total_time=$((count * 2 / $# > 0 ? count * 2 / $# : 1))" ;;
    runs) limit="-runs=$count" ;;
    *) exit 2 ;;
esac

fuzz() {
    local target=$1 limit=$2 work status line
    work=$(mktemp -d) # what is new goes here, not into the committed corpus
    "$O/fuzz-$target" "$limit" -max_len=16384 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$found/$target-" "$work" "tests/fuzz/corpus/$target" >"$found/$target.log" 2>&1
    status=$?
    rm -rf "$work"
    line=$(sed -n 's/^stat::number_of_executed_units: *//p;s/^stat::average_exec_per_sec: */ /p' "$found/$target.log" | tr -d '\n')
    if [ $status -eq 0 ]; then
        # shellcheck disable=SC2086 # two numbers
        printf '  %-10s %12s runs %9s a second  ok\n' "$target" $line
    else
        printf '  %-10s FOUND SOMETHING\n' "$target"
        tail -n 40 "$found/$target.log"
    fi
    return $status
}
export -f fuzz
export O found
# shellcheck disable=SC2016 # for the inner shell to expand
printf '%s\n' "$@" | xargs -P 2 -I{} bash -c 'fuzz "$1" "$2"' _ {} "$limit"
