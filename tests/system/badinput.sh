#!/bin/bash
# badinput: what hostile or broken input meets at the command line: a message that names the file and the
# remedy, a documented exit code, and nothing lost.
# seconds: 180
# shellcheck disable=SC2317 # check calls the functions
# shellcheck source=tests/support/tap.sh
. "$(dirname "$0")/../support/tap.sh"

pack=$O/sotto-pack sim=$O/sotto-sim fleet=$O/sotto-fleet
ini=$PWD/firmware-config/policies/demo.ini

# ---- A small world ------------------------------------------------------------------------
quiet() { "$@" >"$tmp/step" 2>&1 || { cat "$tmp/step"; return 1; }; }
key() { tail -n 1 "$tmp/$1.pub"; }
world() {
    cd "$tmp" || return 1
    quiet "$sim" generate --seed 3 --days 30 --items 80 --out town.csv &&
        quiet "$pack" keygen --no-password --out merch && quiet "$pack" keygen --no-password --out privacy &&
        quiet "$pack" train --no-measure --pack-version 5 --out model.pack town.csv &&
        quiet "$pack" policy --pack-version 5 --model model.pack --out policy.pack "$ini" &&
        quiet "$pack" sign --key merch.key model.pack && quiet "$pack" sign --key privacy.key policy.pack
}
# kiosks OUT [MODEL [POLICY]]: two kiosks for two days.
kiosks() {
    "$sim" run --model "${2:-$tmp/model.pack}" --model-key "$(key merch)" --policy "${3:-$tmp/policy.pack}" \
        --policy-key "$(key privacy)" --kiosks 2 --days 2 --seed 3 --out "$1"
}
check "packs are made, signed and believed" world
if command -v minisign >/dev/null; then
    check "stock minisign verifies our signatures" minisign -Vm "$tmp/model.pack" -P "$(key merch)"
else
    skip "stock minisign verifies our signatures: minisign is not installed"
fi

# ---- Packs --------------------------------------------------------------------------------
# variant NAME: a copy of the model pack with its signature, to be spoilt.
variant() { cp "$tmp/model.pack" "$tmp/$1.pack" && cp "$tmp/model.pack.minisig" "$tmp/$1.pack.minisig"; }
spoilt() {
    variant unsigned && rm "$tmp/unsigned.pack.minisig"
    variant short && truncate -s -100 "$tmp/short.pack"
    variant empty && : >"$tmp/empty.pack"
    variant flipped && printf '\377' | dd of="$tmp/flipped.pack" bs=1 seek=2000 conv=notrunc
    variant grown && printf x >>"$tmp/grown.pack"
    cp "$tmp/model.pack" "$tmp/foreign.pack" && "$pack" sign --key "$tmp/privacy.key" "$tmp/foreign.pack"
    "$pack" train --no-measure --pack-version 6 --created 2019-01-01 --not-after 2020-01-01 --out "$tmp/expired.pack" "$tmp/town.csv" &&
        "$pack" sign --key "$tmp/merch.key" "$tmp/expired.pack"
    variant shared && chmod 666 "$tmp/shared.pack"
}
check "spoilt packs are prepared" spoilt
refuse "an unsigned pack is refused" 4 'unsigned\.pack.*signature' kiosks "$tmp/k1" "$tmp/unsigned.pack"
refuse "a truncated pack is refused" 4 'short\.pack' kiosks "$tmp/k1" "$tmp/short.pack"
refuse "an empty pack is refused" 4 'empty\.pack' kiosks "$tmp/k1" "$tmp/empty.pack"
refuse "a pack with one flipped byte is refused" 4 'flipped\.pack' kiosks "$tmp/k1" "$tmp/flipped.pack"
refuse "a pack that has grown is refused" 4 'grown\.pack' kiosks "$tmp/k1" "$tmp/grown.pack"
refuse "a pack signed by another role is refused" 4 'foreign\.pack.*another key' kiosks "$tmp/k1" "$tmp/foreign.pack"
refuse "an expired pack is refused" 4 'expired\.pack.*expired' kiosks "$tmp/k1" "$tmp/expired.pack"
refuse "a pack that others may write is refused" 1 'shared\.pack.*only its owner' kiosks "$tmp/k1" "$tmp/shared.pack"
refuse "a policy pack is no model pack" 4 'policy\.pack' kiosks "$tmp/k1" "$tmp/policy.pack"
refuse "a missing pack is named" 1 'nowhere\.pack' kiosks "$tmp/k1" "$tmp/nowhere.pack"
refuse "inspect says what is wrong with a damaged pack" 4 'flipped\.pack|hash' "$pack" inspect "$tmp/flipped.pack"

# ---- Transactions -------------------------------------------------------------------------
head -n 1 "$tmp/town.csv" | cut -d, -f2- >"$tmp/columns.csv"
tail -n +2 "$tmp/town.csv" | cut -d, -f2- | head -50 >>"$tmp/columns.csv"
{ head -n 1 "$tmp/town.csv"; printf '"never closed,1,2\n%.0s' {1..50}; } >"$tmp/quotes.csv"
{ head -n 1 "$tmp/town.csv"; printf '\377\376,x,y,z,1,2,3,4\n%.0s' {1..50}; } >"$tmp/latin.csv"
{ cat "$tmp/town.csv"; head -c 1000000 /dev/zero | tr '\0' 'x'; echo; } >"$tmp/long.csv"
: >"$tmp/nothing.csv"
xz -kc "$tmp/town.csv" | head -c 3000 >"$tmp/cut.csv.xz"
for command in check "train --no-measure --out $tmp/never.pack"; do
    name=${command%% *}
    # shellcheck disable=SC2086 # the words of the command
    {
        refuse "$name: a missing column is named with its remedy" 4 'columns\.csv.*--map' "$pack" $command "$tmp/columns.csv"
        refuse "$name: broken quoting is told with its line" 4 'quotes\.csv.*line 2' "$pack" $command "$tmp/quotes.csv"
        refuse "$name: bytes that are not UTF-8 are told with their line" 4 'latin\.csv.*line 2.*UTF-8' "$pack" $command "$tmp/latin.csv"
        refuse "$name: an empty file is told" 4 'nothing\.csv' "$pack" $command "$tmp/nothing.csv"
        refuse "$name: a file cut off in the middle is told" 4 'cut\.csv\.xz.*too early' "$pack" $command "$tmp/cut.csv.xz"
        refuse "$name: a file that is not there is named" 1 'gone\.csv' "$pack" $command "$tmp/gone.csv"
        refuse "$name: an unknown column is refused" 2 'no_such' "$pack" $command --map item=no_such "$tmp/town.csv"
    }
done
check "a line of a million characters costs only itself" "$pack" check "$tmp/long.csv"
check "no pack was left behind by what failed" test ! -e "$tmp/never.pack"

# into_full PROGRAM ARGUMENT…: nothing that it prints can be written.
into_full() { "$@" >/dev/full; }
# ---- Reports ------------------------------------------------------------------------------
collect() { "$fleet" collect --db "$1" --enrolled "$tmp/k/enrolled.txt" --policy "$tmp/policy.pack" --policy-key "$(key privacy)" "$2"; }
check "two kiosks make reports" kiosks "$tmp/k"
check "the operator collects them" collect "$tmp/fleet.db" "$tmp/k/reports"
estimate() { "$fleet" estimate --db "$tmp/fleet.db" --min-reports 1 --json; }
first_estimate() { estimate >"$tmp/before.json" && grep -q '"estimate": *-*[0-9]' "$tmp/before.json"; }
check "and estimates from them" first_estimate
mkdir "$tmp/again" && cp "$tmp"/k/reports/* "$tmp/again"
check "a report sent twice is counted once" collect "$tmp/fleet.db" "$tmp/again"
edited() {
    local first
    first=$(find "$tmp/k/reports" -name '*.report' | sort | head -n 1)
    mkdir -p "$tmp/edited" && cp "$first" "$tmp/edited/edited.report" &&
        printf '\001' | dd of="$tmp/edited/edited.report" bs=1 seek=120 conv=notrunc
}
check "a report is edited" edited
refuse "the edited report goes into quarantine with a reason" 4 'edited\.report' collect "$tmp/fleet.db" "$tmp/edited"
unchanged() { estimate >"$tmp/after.json" && diff "$tmp/before.json" "$tmp/after.json"; }
check "the estimate is unchanged by all of it" unchanged
suppressed() { "$fleet" estimate --db "$tmp/fleet.db" >"$tmp/few.txt" && grep -q 'suppressed: too few reports' "$tmp/few.txt" && ! grep -q 'cell ' "$tmp/few.txt"; }
check "tables of too few reports show no number" suppressed

# ---- Batches and merging ------------------------------------------------------------------
batch() { mkdir -p "$tmp/batch" && cat "$tmp"/k/reports/*.report >"$tmp/batch/day.reports"; }
check "all reports go into one batch" batch
check "which is counted like files" collect "$tmp/batch.db" "$tmp/batch"
same_sums() {
    diff <("$fleet" estimate --db "$tmp/fleet.db" --min-reports 1) <("$fleet" estimate --db "$tmp/batch.db" --min-reports 1)
}
check "and estimates alike" same_sums
cut_batch() { truncate -s -100 "$tmp/batch/day.reports" && head -c 5000 /dev/urandom >>"$tmp/batch/day.reports"; }
check "a batch loses its end and gets rubbish instead" cut_batch
refuse "its last report is set aside with its place" 4 'day\.reports@[0-9]*: malformed' collect "$tmp/cut.db" "$tmp/batch"
merge() { "$fleet" merge --db "$tmp/merged.db" "$@"; }
refuse "merging keeps what was set aside" 4 'malformed' merge "$tmp/cut.db" "$tmp/fleet.db"
same_merged() {
    diff <("$fleet" estimate --db "$tmp/fleet.db" --min-reports 1) <("$fleet" estimate --db "$tmp/merged.db" --min-reports 1)
}
check "and counts nothing twice" same_merged
refuse "a database is not merged into itself" 4 'itself' "$fleet" merge --db "$tmp/fleet.db" "$tmp/fleet.db"
refuse "what is no database is not merged" 4 'town\.csv.*not a database' merge "$tmp/town.csv"
refuse "a database that is not there is named" 1 'gone\.db' merge "$tmp/gone.db"
: >"$tmp/nobody.txt"
stranger() { "$fleet" collect --db "$tmp/other.db" --enrolled "$tmp/nobody.txt" --policy "$tmp/policy.pack" --policy-key "$(key privacy)" "$tmp/k/reports"; }
refuse "reports of devices that nobody enrolled are not counted" 4 'enrol' stranger
refuse "a policy signed by another key is refused" 4 'policy\.pack' "$fleet" collect --db "$tmp/x.db" \
    --enrolled "$tmp/k/enrolled.txt" --policy "$tmp/policy.pack" --policy-key "$(key merch)" "$tmp/k/reports"

doubled() { { cat "$tmp/k/enrolled.txt" && head -n 1 "$tmp/k/enrolled.txt"; } >"$tmp/doubled.txt"; }
check "a device is listed twice" doubled
refuse "both lines are told" 4 'doubled\.txt:[0-9]*:.*line [0-9]* already' "$fleet" collect --db "$tmp/d.db" \
    --enrolled "$tmp/doubled.txt" --policy "$tmp/policy.pack" --policy-key "$(key privacy)" "$tmp/k/reports"
refuse "a trade-off without a mechanism says why" 2 'epsilon 0\.3' "$fleet" tradeoff --epsilon 0.3
refuse "and where its picture cannot be written" 1 'nowhere/p\.svg' "$fleet" tradeoff --simulate 0 --plot "$tmp/nowhere/p.svg"
refuse "estimates that cannot be written out are an error" 5 'full|written' into_full "$fleet" estimate --db "$tmp/fleet.db"

# ---- Full disks ---------------------------------------------------------------------------
full() {
    mkdir -p "$tmp/full" && mount -t tmpfs -o size=64k tmpfs "$tmp/full" 2>/dev/null || return 1
    trap 'umount "$tmp/full"; rm -rf "$tmp"' EXIT
    head -c 60000 /dev/zero >"$tmp/full/ballast"
}
if full; then
    refuse "train on a full disk ends as temporary" 5 'full|space' "$pack" train --no-measure --out "$tmp/full/m.pack" "$tmp/town.csv"
    check "and leaves no half pack" test ! -e "$tmp/full/m.pack"
    refuse "collect on a full disk ends as temporary" 5 'full|space' collect "$tmp/full/fleet.db" "$tmp/k/reports"
else
    skip "full disks: no file system may be mounted here"
fi
refuse "a result that cannot be written out is an error" 5 'full|written' into_full "$pack" check "$tmp/town.csv"
for tool in "$pack" "$sim" "$fleet"; do
    name=$(basename "$tool")
    refuse "$name: so is a version" 5 'cannot be written.*space' into_full "$tool" --version
    refuse "$name: so is its help" 5 'cannot be written.*space' into_full "$tool" --help
done
refuse "inspect: so is what it found" 5 'cannot be written' into_full "$pack" inspect "$tmp/model.pack"
refuse "verify: so is its verdict" 5 'cannot be written' into_full "$pack" verify --key "$tmp/merch.pub" "$tmp/model.pack"
refuse "verify: a refusal stays one" 4 'another key' into_full "$pack" verify --key "$tmp/privacy.pub" "$tmp/model.pack"
refuse "sign: so is what it wrote" 5 'cannot be written' into_full "$pack" sign --key "$tmp/merch.key" "$tmp/model.pack"
refuse "keygen: so is the new public key" 5 'cannot be written' into_full "$pack" keygen --no-password --out "$tmp/third"
refuse "policy: so is what it wrote" 5 'cannot be written' into_full "$pack" policy --model "$tmp/model.pack" --out "$tmp/again.pack" "$ini"
refuse "split: so is the day" 5 'cannot be written' into_full "$sim" split --data "$tmp/town.csv"
refuse "summary: so is the summary" 5 'cannot be written' into_full "$sim" summary --in "$tmp/k"

# ---- What is already there ----------------------------------------------------------------
places() {
    mkfifo "$tmp/pipe" && ln -s model.pack "$tmp/linked.pack" && cp "$tmp/model.pack" "$tmp/model.before" && cp "$ini" "$tmp/mine.ini" && cp -R "${ini%/*}/texts" "$tmp"
}
check "a pipe and a link are prepared" places
policy_to() { "$pack" policy --model "$tmp/model.pack" --out "$1" "$tmp/mine.ini"; }
refuse "a pack never replaces a pipe" 1 'pipe is a pipe' policy_to "$tmp/pipe"
refuse "nor a link" 1 'linked\.pack is a symbolic link' policy_to "$tmp/linked.pack"
refuse "nor the policy it was made of" 2 'mine\.ini would replace what is read' policy_to "$tmp/mine.ini"
refuse "nor the model it was made for" 2 'model\.pack would replace what is read' policy_to "$tmp/model.pack"
untouched() { [ -p "$tmp/pipe" ] && [ -L "$tmp/linked.pack" ] && cmp "$ini" "$tmp/mine.ini" && cmp "$tmp/model.before" "$tmp/model.pack"; }
check "and all of them are as they were" untouched
refuse "a folder of reports that is not there" 1 'nowhere.*folder' collect "$tmp/typo.db" "$tmp/nowhere"
check "leaves no database" test ! -e "$tmp/typo.db"

# ---- Keys ---------------------------------------------------------------------------------
refuse "keygen never overwrites a key" 1 'merch.*not overwritten' "$pack" keygen --no-password --out "$tmp/merch"
refuse "verify says what an unsigned pack lacks" 4 'unsigned\.pack\.minisig.*sotto-pack sign' "$pack" verify --key "$tmp/merch.pub" "$tmp/unsigned.pack"
refuse "a file that is no key is malformed" 4 'town\.csv' "$pack" verify --key "$tmp/town.csv" "$tmp/model.pack"
refuse "verify names the key that does not fit" 4 'another key' "$pack" verify --key "$tmp/privacy.pub" "$tmp/model.pack"
finish
