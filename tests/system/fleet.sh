#!/bin/bash
# fleet: the collector at a scale that a test can afford; `make fleet-million` has the full one.
# seconds: 180
# shellcheck disable=SC2317 # check calls the functions
# shellcheck source=tests/support/tap.sh
. "$(dirname "$0")/../support/tap.sh"

sizes='20000 40000'
case $O in */san) sizes=10000 ;; esac # a sanitizer's memory grows by itself
# shellcheck disable=SC2086 # a list
at_scale() { TMPDIR=$tmp tests/fleet/million.sh $sizes; }
check "tens of thousands of devices are collected in flat memory and estimated right" at_scale

# From two halves of a fleet to the same numbers.
halves() {
    "$O/tests/make_fleet" make 3000 "$tmp/f" && cat "$tmp"/f/enrolled-*.txt >"$tmp/f/enrolled.txt" &&
        mkdir "$tmp/f/a" "$tmp/f/b" && head -c 400000 "$tmp/f/reports/000000.reports" >"$tmp/f/a/half.reports" &&
        tail -c +300001 "$tmp/f/reports/000000.reports" >"$tmp/f/b/half.reports"
}
collect() {
    "$O/sotto-fleet" collect --db "$tmp/f/$1.db" --enrolled "$tmp/f/enrolled.txt" --policy "$tmp/f/policy.pack" \
        --policy-key "$tmp/f/officer.pub" "$tmp/f/$1"
}
check "a batch is cut into two that overlap" halves
refuse "each collector sets aside what the cut damaged" 4 'half\.reports@[0-9]*: malformed' collect a
refuse "on both sides" 4 'half\.reports@0: malformed' collect b
merged() {
    "$O/sotto-fleet" merge --db "$tmp/f/all.db" "$tmp/f/a.db" "$tmp/f/b.db" >"$tmp/merged.txt"
    grep '3000 new' "$tmp/merged.txt"
}
check "merged they hold every report once" merged
check "and estimate right" "$O/tests/make_fleet" check "$tmp/f/all.db" "$tmp/f"

agrees() { "$O/sotto-fleet" tradeoff --simulate 100000 --devices 10,100,1000 --plot "$tmp/t.svg" "$@" && grep -q '<circle' "$tmp/t.svg"; }
check "formula and simulation agree on visits" agrees
check "on visits of many cells" agrees --max-cells 20
check "on households' values" agrees --kind histogram --cells 32
check "and on means" agrees --kind mean
finish
