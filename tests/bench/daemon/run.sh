#!/bin/bash
# run: a sottod of its own under the load of many clients; then it is killed, started again, and
# every event that it acknowledged must be there.
#
#     O=build tests/bench/daemon/run.sh [SECONDS [CLIENTS]]      (60 1000)
# shellcheck disable=SC2317 # wait_for calls the functions
# shellcheck source=tests/support/tap.sh
. "$(dirname "$0")/../../support/tap.sh"
# shellcheck source=tests/support/daemon.sh
. tests/support/daemon.sh

seconds=${1:-60} clients=${2:-1000}
d=$tmp/d
make_packs && make_config "$d" || exit 1
start_daemon "$d" --ui-connections $((clients + 10)) || exit 1
# Items of the training data are in the catalogue, and have neighbours.
tail -n +2 "$tmp/town.csv" | cut -d, -f3 | sort | uniq -c | sort -rn | awk '{print $2}' | head -n 48 >"$d/items"
"$O/bench/rpc_load" "$d/ui.sock" "$clients" "$seconds" "$d/items" "$d/counts" || { cat "$d/log"; exit 1; }
# What it takes must not grow with what it answered.
awk '/VmHWM/ {printf "the daemon took at most %.1f MB; ", $2 / 1024; exit $2 > 12 * 1024}' "/proc/$pid/status" || {
    echo "12 are allowed"
    exit 1
}
kill -9 "$pid"
wait "$pid" 2>/dev/null
start_daemon "$d" || exit 1
"$python" tests/support/sottod_cases.py counted_again "$d"
