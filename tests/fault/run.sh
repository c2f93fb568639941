#!/bin/bash
# run: the fault matrix, two processes at a time, and one table of it.
#
#     O=build tests/fault/run.sh [ROW]
#
# FAULT=row (or the argument) for one row; SEED=n (1), SCALE=x (1: the full matrix), SCENARIO=name,
# STATE=n (with the seed and scale that told it) for less; PARTS=n processes (2). Ends 0 only if no state failed.
set -u
export LC_ALL=C
cd "$(dirname "$0")/../.." || exit 2
O=${O:-build}
parts=${PARTS:-2} seed=${SEED:-1} scale=${SCALE:-1} only=${1:-${FAULT:-}}
rows=${only:-power lost errors memory damage kill clocks processes rollback}
more=()
[ -z "${SCENARIO:-}" ] || more+=(--scenario "$SCENARIO")
if [ -n "${STATE:-}" ]; then
    more+=(--state "$STATE")
    parts=1
fi

name() {
    case $1 in
    power) echo "power cut after every operation, 13 scenarios" ;;
    lost) echo "unsynced writes lost, torn, garbled; stale sizes; cut again in recovery" ;;
    errors) echo "ENOSPC, EIO, EROFS, short write, failing sync, at every operation, once and sticky" ;;
    memory) echo "no memory at the N-th request: ours, libsodium's, SQLite's, once and sticky" ;;
    damage) echo "every bit of vault, key file, META, audit log; every truncation; rows swapped, doubled, replayed" ;;
    kill) echo "SIGKILL at random moments, real files" ;;
    clocks) echo "clock sequences" ;;
    processes) echo "two processes, stale locks, real files" ;;
    rollback) echo "each of the last 100 moments put back, with and without a counter" ;;
    *) echo "$1" ;;
    esac
}

scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM
echo "seed $seed, scale $scale, $parts processes"
status=0
printf '| fault | states | failures | CPU seconds |\n|---|---:|---:|---:|\n'
started=$SECONDS
for row in $rows; do
    pids=()
    for ((i = 0; i < parts; i++)); do
        "$O/fault" --row "$row" --seed "$seed" --scale "$scale" --part "$i/$parts" "${more[@]}" >"$scratch/$row.$i" 2>&1 &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do wait "$pid" || status=1; done
    # A process that died has counted nothing, which is a failure too.
    ended=$(cat "$scratch/$row".* | grep -c "^row $row ")
    [ "$ended" -eq "$parts" ] || status=1
    awk -v name="$(name "$row")" -v died=$((parts - ended)) '
        $1 == "row" {states += $3; failures += $4; cpu += $6}
        END {printf "| %s | %d | %d%s | %.0f |\n", name, states, failures, died ? " (" died " processes died)" : "", cpu}' "$scratch/$row".*
    [ "$(awk '$1 == "row" {n += $3} END {print n + 0}' "$scratch/$row".*)" -gt 0 ] || status=1 # nothing ran
    grep -hv '^row ' "$scratch/$row".* | cut -c 1-400 | sed "s/^/    $row: /"
done
echo "$((SECONDS - started)) seconds"
exit $status
