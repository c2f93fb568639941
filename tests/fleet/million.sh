#!/bin/bash
# million: fleets of several sizes are made, reported, collected and estimated; seconds and peak memory of
# each step.
#
#     O=build tests/fleet/million.sh [SIZE…]       (10000 100000 1000000; `make fleet-million` builds first)
#
# Works in a folder of its own under TMPDIR, about 1.3 GB for a million devices, and removes it. Ends 1 when
# an estimate is wrong or the collector's memory grows with the fleet by more than a quarter.
set -u
export LC_ALL=C
cd "$(dirname "$0")/../.." || exit 1
O=${O:-build}
[ $# -gt 0 ] || set -- 10000 100000 1000000
work=$(mktemp -d "${TMPDIR:-/tmp}/sotto-million-XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
make=$O/tests/make_fleet fleet=$O/sotto-fleet failed=0 first=0

# step NAME COMMAND…: one line of figures; $peak is set, in KiB.
step() {
    local name=$1
    shift
    "$make" run "$@" >"$work/out" 2>"$work/err" || { failed=1; cat "$work/out"; }
    printf '  %-9s %s\n' "$name" "$(tail -n 1 "$work/err")"
    peak=$(sed -n '$s/.*peak \([0-9]*\) KiB/\1/p' "$work/err")
}

for size; do
    echo "$size devices of 64 cells"
    began=$SECONDS
    step report "$make" make "$size" "$work/f"
    cat "$work"/f/enrolled-*.txt >"$work/f/enrolled.txt"
    step collect "$fleet" collect --db "$work/f/fleet.db" --enrolled "$work/f/enrolled.txt" \
        --policy "$work/f/policy.pack" --policy-key "$work/f/officer.pub" "$work/f/reports"
    sed 's/^/            /' "$work/out"
    collector=$peak
    step estimate "$fleet" estimate --db "$work/f/fleet.db" --groups --json
    echo "  in all $((SECONDS - began)) s; $(du -sm "$work/f/fleet.db" | cut -f1) MB of database"
    "$make" check "$work/f/fleet.db" "$work/f" | sed 's/^/  /'
    [ "${PIPESTATUS[0]}" -eq 0 ] || failed=1
    if [ "$first" -gt 0 ] && [ "$collector" -gt $((first * 5 / 4)) ]; then
        echo "  memory grew from $first to $collector KiB"
        failed=1
    fi
    [ "$first" -gt 0 ] || first=$collector
    rm -rf "$work/f"
done
exit "$failed"
