#!/bin/sh
# demo: the whole story, from transactions to a page, on one machine and without a network.
#
#     [O=build] [DATA=transactions.csv[.xz|.zst] [MAP=column=name,…]] [OUT=out/demo] [SEED=1] tools/dev/demo.sh
#
# Without DATA the shoppers are made up; MAP names its columns, as --map of sotto-pack check does. What an
# earlier demonstration left in OUT is replaced, and no DATA of yours may lie there. Every step says one line
# and how long it took; a step that fails says where its log is. Ends 0 only if every step did, else with the
# code of the one that failed.
set -eu
export LC_ALL=C

O=${O:-build}
OUT=${OUT:-out/demo}
DATA=${DATA:-}
MAP=${MAP:-}
SEED=${SEED:-1}
TOWN_DAYS=100 # a model learns from nine tenths of them; the kiosks run in the two weeks after
TOWN_END=2025-04-11
KIOSKS=8

say() { printf '%s\n' "$*"; }
give_up() {
    printf 'demo: %s\n' "$*" >&2
    exit 1
}

for tool in sotto-pack sotto-sim sotto-fleet; do
    [ -x "$O/$tool" ] || give_up "$O/$tool is missing: run make first, or make demo"
done
if [ -n "$DATA" ] && { [ ! -f "$DATA" ] || [ ! -r "$DATA" ]; }; then
    give_up "DATA=$DATA: this is no file that can be read"
fi
[ -z "$MAP" ] || [ -n "$DATA" ] || give_up "MAP=$MAP: names the columns of DATA=, which is missing"
# Its name and what the name stands for: both would be gone with OUT.
if [ -n "$DATA" ]; then
    out=$(realpath -m -- "$OUT")
    for place in "$(realpath -- "$(dirname -- "$DATA")")" "$(realpath -- "$DATA")"; do
        case $place/ in
        "$out"/*) give_up "DATA=$DATA lies inside OUT=$OUT, which is replaced: move it out of there, or name another OUT=" ;;
        esac
    done
fi
if [ -e "$OUT" ] && [ ! -e "$OUT/.sotto-demo" ]; then
    give_up "$OUT is there and no demonstration made it: move it away, or name another with OUT="
fi
rm -rf "$OUT"
mkdir -p "$OUT/logs" "$OUT/keys"
: >"$OUT/.sotto-demo"

# In milliseconds.
now() { echo $(($(date +%s%N) / 1000000)); }
started=$(now)

# step NAME WHAT COMMAND…: runs a command. Its output goes to a log, its errors too unless a person
# is watching, who then sees its progress.
step() {
    name=$1 what=$2 log=$OUT/logs/$1.log began=$(now) code=0
    shift 2
    if [ -t 2 ]; then
        "$@" >"$log" || code=$?
    else
        "$@" >"$log" 2>"$log.err" || code=$?
        cat "$log.err" >>"$log"
        rm -f "$log.err"
    fi
    if [ "$code" -ne 0 ]; then
        [ -t 2 ] || tail -n 5 "$log" >&2
        printf 'demo: the step "%s" failed with code %d; its log is %s\n' "$name" "$code" "$log" >&2
        exit "$code"
    fi
    took=$(($(now) - began))
    printf '  %-9s %-60s %3d.%02d s\n' "$name" "$what" $((took / 1000)) $((took % 1000 / 10))
}

# A word as a shell would take it back.
quoted() {
    case $1 in
    *[!A-Za-z0-9_./=:,@%+-]*) printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")" ;;
    *) printf '%s' "$1" ;;
    esac
}

check_json() { "$O/sotto-pack" check --json ${MAP:+--map "$MAP"} "$data" >"$OUT/check.json"; }
# A demonstration may have one kiosk; an operator would leave --min-reports as it is.
estimate_json() { "$O/sotto-fleet" estimate --db "$OUT/fleet.db" --min-reports 1 --json >"$OUT/estimate.json"; }

model=$OUT/model.pack policy=$OUT/policy.pack merchandising=$OUT/keys/merchandising privacy=$OUT/keys/privacy

say "Sotto, from transactions to a page"
if [ -n "$DATA" ]; then
    data=$DATA
else
    data=$OUT/town.csv
    step generate "$TOWN_DAYS days of made-up shoppers" \
        "$O/sotto-sim" generate --seed "$SEED" --days "$TOWN_DAYS" --out "$data"
fi
step check "the quality of the transactions" check_json
step split "the last tenth is held out" "$O/sotto-sim" split --data "$data" ${MAP:+--map "$MAP"}
split=$(cat "$OUT/logs/split.log")
step train "a model from the baskets before $split" \
    "$O/sotto-pack" train --out "$model" --device-class kiosk --until "$split" ${MAP:+--map "$MAP"} "$data"
step keygen "one key for merchandising" "$O/sotto-pack" keygen --no-password --out "$merchandising"
step keygen2 "another for the privacy officer" "$O/sotto-pack" keygen --no-password --out "$privacy"
step sign "the model pack" "$O/sotto-pack" sign --key "$merchandising.key" "$model"
step policy "a policy: what may be asked, shown and counted" \
    "$O/sotto-pack" policy --out "$policy" --model "$model" --device-class kiosk firmware-config/policies/demo.ini
step sign2 "the policy pack" "$O/sotto-pack" sign --key "$privacy.key" "$policy"

set -- --model "$model" --model-key "$merchandising.pub" --policy "$policy" --policy-key "$privacy.pub"
if [ -n "$DATA" ]; then
    step run "$KIOSKS kiosks live through the days from $split on" \
        "$O/sotto-sim" run "$@" --data "$data" ${MAP:+--map "$MAP"} --from "$split" --kiosks "$KIOSKS" --seed "$SEED" --out "$OUT/run"
else
    step run "$KIOSKS kiosks live through the two weeks that follow" \
        "$O/sotto-sim" run "$@" --from "$TOWN_END" --days 14 --kiosks "$KIOSKS" --seed "$SEED" --out "$OUT/run"
fi
step evaluate "suggestions against the baskets held out" \
    "$O/sotto-sim" evaluate "$@" --data "$data" ${MAP:+--map "$MAP"} --from "$split" --json "$OUT/evaluate.json"
step collect "the operator collects the reports" \
    "$O/sotto-fleet" collect --db "$OUT/fleet.db" --enrolled "$OUT/run/enrolled.txt" \
    --policy "$policy" --policy-key "$privacy.pub" "$OUT/run/reports"
step estimate "what the operator learns from them" estimate_json

command="$(quoted "$O/sotto-sim") evaluate"
for word in "$@" --data "$data" ${MAP:+--map "$MAP"} --from "$split"; do
    command="$command $(quoted "$word")"
done
step page "all of it on one page" \
    "$O/sotto-sim" page --in "$OUT" --in "$OUT/run" --out "$OUT/index.html" --command "$command"

say ''
"$O/sotto-sim" summary --in "$OUT" --in "$OUT/run" --command "$command"
# What training warned of belongs beside the figures, not in a log alone: up to the end of its sentence.
awk '/^WARNING/ {is_on = 1; print ""} is_on {print} /\.$/ {is_on = 0}' "$OUT/logs/train.log"
took=$(($(now) - started))
printf '\nThe page: %s   (%d.%d s in all)\n' "$OUT/index.html" $((took / 1000)) $((took % 1000 / 100))
