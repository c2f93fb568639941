#!/bin/bash
# simulate: `sotto-sim run` beyond its first success: a full vault, real data of which some days are wanted, and
# what a run leaves behind that failed.
# seconds: 180
# shellcheck disable=SC2317 # check calls the functions
# shellcheck source=tests/support/tap.sh
. "$(dirname "$0")/../support/tap.sh"

pack=$O/sotto-pack sim=$O/sotto-sim
ini=$PWD/firmware-config/policies/demo.ini

world() {
    "$sim" generate --seed 3 --days 30 --items 80 --out "$tmp/town.csv" && "$pack" keygen --no-password --out "$tmp/key" &&
        "$pack" train --no-measure --out "$tmp/model.pack" "$tmp/town.csv" &&
        "$pack" policy --model "$tmp/model.pack" --out "$tmp/policy.pack" "$ini" &&
        "$pack" sign --key "$tmp/key.key" "$tmp/model.pack" "$tmp/policy.pack"
}
check "packs are made" world
# run OUT OPTION…
run() {
    local out=$1
    shift
    "$sim" run --model "$tmp/model.pack" --model-key "$tmp/key.pub" --policy "$tmp/policy.pack" --policy-key "$tmp/key.pub" \
        --kiosks 2 --seed 3 --items 80 --out "$tmp/$out" "$@"
}
# number OUT KEY: the first number of that key in a run's notes.
number() { grep -o "\"$2\": *[0-9]*" "$tmp/$1/run.json" | head -n 1 | grep -o '[0-9]*$'; }

# ---- A full vault -------------------------------------------------------------------------
full_vault() { run full --days 16 && [ "$(number full profiles)" = 128 ] && [ "$(number full visits_without_room)" -gt 0 ]; }
check "visits go on when the vaults hold all the profiles they can" full_vault
refuse "and the summary tells how many found no room" 0 'visits whose profile was to be kept found the vault full' \
    "$sim" summary --in "$tmp/full"

# ---- Some days of real data ---------------------------------------------------------------
three_days() { run three --data "$tmp/town.csv" --days 3 && [ "$(number three days)" = 3 ] && [ "$(number three visits)" -lt 500 ]; }
check "--days counts from the first day of the data" three_days
from_on() {
    run from --data "$tmp/town.csv" --from 2025-01-29 --days 9 && [ "$(number from days)" = 2 ] &&
        grep -q '"from": *"2025-01-29"' "$tmp/from/run.json"
}
check "or from --from on" from_on
refuse "days without a basket are refused" 1 'no basket in the 2 days' \
    run gap --data <(sed '/2025-01-1[0-9]T/d' "$tmp/town.csv") --from 2025-01-12 --days 2
old() { sed 's/2025-01-0/1969-12-2/;s/2025-01-1/1970-01-1/' "$tmp/town.csv" >"$tmp/old.csv"; }
check "data that begin before 1970 are prepared" old
refuse "they are not passed over in silence" 2 'before 1970.*--from 1970-01-01' run old --data "$tmp/old.csv"
since_1970() { run since --data "$tmp/old.csv" --from 1970-01-01 --days 20 && grep -q '"from": *"1970-01-10"' "$tmp/since/run.json"; }
check "--from 1970-01-01 is a day like others" since_1970
wholesale() {
    awk 'BEGIN {
        print "basket,item,title,time"
        for (b = 0; b < 6; b++)
            for (i = 0; i < 1300; i++) printf "B%d,W%04d,Ware number %d,2025-01-0%dT10:00:00Z\n", b, i, i, b + 1
    }' >"$tmp/wholesale.csv"
    "$pack" train --no-measure --out "$tmp/wholesale.pack" "$tmp/wholesale.csv" && "$pack" sign --key "$tmp/key.key" "$tmp/wholesale.pack" &&
        run wholesale --model "$tmp/wholesale.pack" --data "$tmp/wholesale.csv" && [ "$(number wholesale baskets_cut)" = 6 ]
}
check "baskets too long for a visit are counted" wholesale

# ---- Households ---------------------------------------------------------------------------
# A set-top box in each home: a policy of two household metrics, compiled, run, collected, estimated, and held
# against what the simulator knows.
household_policy() {
    cp -R "${ini%/*}/texts" "$tmp" && sed '/^\[budget\]/,$d' "$ini" >"$tmp/home.ini" && cat >>"$tmp/home.ini" <<'INI' && "$pack" policy --model "$tmp/model.pack" --out "$tmp/home.pack" "$tmp/home.ini" && "$pack" sign --key "$tmp/key.key" "$tmp/home.pack"
[budget]
year = 24
lifetime = 120

[metric.interest]
id = 1
mechanism = auto
unit = household
source = item-groups
events = select purchase
epsilon = 2
window = 7d
fresh-answers = 12
cells = groups

[metric.amount]
id = 2
mechanism = one-bit-mean
unit = household
source = event-count
events = purchase
epsilon = 2
window = 7d
fresh-answers = 12
max-value = 10
INI
}
check "a policy of household metrics is compiled" household_policy
homes() {
    run homes --policy "$tmp/home.pack" --kiosks 8 --days 15 --profile-rate 1 --measure-rate 1 && mkdir "$tmp/homes/fleet" &&
        "$O/sotto-fleet" collect --db "$tmp/homes/fleet.db" --enrolled "$tmp/homes/enrolled.txt" --policy "$tmp/home.pack" \
            --policy-key "$tmp/key.pub" "$tmp/homes/reports" &&
        "$O/sotto-fleet" estimate --db "$tmp/homes/fleet.db" --min-reports 1 --json >"$tmp/homes/fleet/estimate.json"
}
check "every home answers, and the fleet estimates" homes
# As many households in the oracle's notes as the fleet counted fresh answers, and at least one.
same_answers() {
    python3 - "$tmp/homes" <<'PY'
import json, sys
truth = json.load(open(sys.argv[1] + "/truth.json"))["windows"]
fleet = json.load(open(sys.argv[1] + "/fleet/estimate.json"))["estimates"]
ours = {(w["metric"], w["window"]): w for w in truth}
assert fleet and any(w["households"] for w in truth)
for e in fleet:
    if e["suppressed"]: continue
    w = ours.pop((e["metric"], e["window"]))
    assert w["households"] == e["reports"], (w, e)
    held = sum(c["bounded"] for c in w["cells"])
    assert e["metric"] == 2 or abs(held - w["households"]) < 1e-6, w
assert not ours, ours
PY
}
check "the simulator's truth is about the very households that answered anew" same_answers
refuse "the summary holds the one against the other" 0 'Noised against expected \(of households' \
    "$sim" summary --in "$tmp/homes" "$tmp/homes/fleet"
household_page() { "$sim" page --in "$tmp/homes" --in "$tmp/homes/fleet" --out "$tmp/homes/page.html" && grep -q 'Each household answers by chance' "$tmp/homes/page.html"; }
check "and so does the page" household_page

# ---- Names --------------------------------------------------------------------------------
# A letter and forty é: cut after 32 bytes the last é would be half a character.
names() {
    mkdir "$tmp/names"
    printf '{"estimates": [{"metric": 1, "name": "m", "window": 7, "reports": 2, "cells": [
        {"cell": "a%s", "estimate": 1, "low": 0, "high": 2}, {"cell": "\\u001b[2J", "estimate": 1, "low": 0, "high": 2}]}]}' \
        "$(printf 'é%.0s' {1..40})" >"$tmp/names/estimate.json"
    "$sim" summary --in "$tmp/names" | tee "$tmp/names.out" && iconv -f UTF-8 -t UTF-8 "$tmp/names.out" >/dev/null &&
        grep -q "^  a$(printf 'é%.0s' {1..31}) " "$tmp/names.out" && ! grep -q "$(printf '\033')" "$tmp/names.out"
}
check "a long name is cut between two characters, and none reaches a terminal as a command" names

# ---- Runs that fail -----------------------------------------------------------------------
nothing_left() { [ -z "$(find "$tmp" -path "$tmp/failed*")" ]; }
shared() { cp "$tmp/model.pack" "$tmp/shared.pack" && cp "$tmp/model.pack.minisig" "$tmp/shared.pack.minisig" && chmod 666 "$tmp/shared.pack"; }
check "a pack that others may write is prepared" shared
refuse "a run that fails at its first kiosk" 1 'only its owner' run failed --model "$tmp/shared.pack" --days 2
check "leaves no directory behind" nothing_left
refuse "one whose disk fills up in the middle" 1 'kiosk|storage|large' \
    bash -c "trap '' XFSZ; ulimit -f 48; $(declare -f run); sim=$sim tmp=$tmp; run failed --days 8"
check "leaves none either" nothing_left
refuse "one of another town is refused" 4 'no item of the made-up town' run failed --seed 77
refuse "so are data of another shop" 4 'none of its items' run failed --data "$tmp/wholesale.csv"
refuse "so are notes that could not be written at its end" 1 'nowhere/notes' run failed --json "$tmp/nowhere/notes"
check "before anything is made" nothing_left
check "the next run finds its place free" run failed --days 2
refuse "what another run made is left alone" 1 'new directory' run failed --days 2
check "and stays whole" test -s "$tmp/failed/run.json"
mkdir "$tmp/small"
again() { bash -c "trap '' XFSZ; ulimit -f 8; exec \"\$@\"" - "$sim" "$@"; }
echo old >"$tmp/small/kept"
refuse "a town for which there is no room" 1 'kept' again generate --days 5 --out "$tmp/small/kept"
refuse "a page for which there is none" 1 'kept' again page --in "$tmp/full" --out "$tmp/small/kept"
check "leave what stood there, and no other file" test "$(cat "$tmp/small/kept") $(ls "$tmp/small")" = 'old kept'
finish
