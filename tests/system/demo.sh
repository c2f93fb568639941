#!/bin/bash
# demo: the whole story in small: each figure it prints can be had again, what it must not do it does not, and
# a simulation given nonsense says so.
# seconds: 180
# shellcheck disable=SC2317 # check calls the functions
# shellcheck source=tests/support/tap.sh
. "$(dirname "$0")/../support/tap.sh"

sim=$O/sotto-sim
out=$tmp/demo

# ---- The demonstration itself -------------------------------------------------------------
demo() { OUT=$out DATA='' tools/dev/demo.sh >"$tmp/screen" 2>&1; }
check "the demonstration succeeds without any file of data" demo

one_screen() { [ "$(wc -l <"$tmp/screen")" -le 50 ] && ! grep -qi error "$tmp/screen"; }
check "it fits one screen" one_screen

# The command stands alone on its line; what it prints must be the figure in the summary.
same_figure() {
    local command summary again
    command=$(sed -n 's/^  \(.*sotto-sim evaluate .*\)$/\1/p' "$tmp/screen")
    summary=$(awk '$1 == "Sotto" && NF == 4 {print $2, $3, $4}' "$tmp/screen")
    again=$(sh -c "$command" | awk '$1 == "Sotto" {print $2, $3, $4}')
    echo "summary: $summary; again: $again"
    [ -n "$summary" ] && [ "$summary" = "$again" ]
}
check "its command gives the figure of the summary again" same_figure

# number FILE KEY: the first number of that key in a JSON file.
number() { grep -o "\"$2\": *[0-9.]*" "$1" | head -n 1 | grep -o '[0-9.]*$'; }

beats_popularity() {
    awk -v ours="$(number "$out/evaluate.json" recall)" \
        -v popular="$(grep -A2 '"popularity"' "$out/evaluate.json" | tr -d '\n' | grep -o '"recall": *[0-9.]*' | grep -o '[0-9.]*$')" \
        'BEGIN {print ours, popular; exit !(ours > 1.5 * popular && popular > 0)}'
}
check "suggestions beat popular items by half at least" beats_popularity

no_trace() { [ "$(number "$out/run/run.json" hits)" = 0 ] && [ "$(number "$out/run/run.json" patterns)" -gt 300 ]; }
check "no title, id or name lies readable on a simulated disk" no_trace

# A title of the catalogue, looked for by other means than the simulator's own.
grep_finds_nothing() {
    cut -d, -f4 "$out/town.csv" | sort -u >"$tmp/titles"
    [ "$(wc -l <"$tmp/titles")" -gt 300 ] && ! grep -rqaFf "$tmp/titles" "$out"/run/kiosk-* "$out/run/reports"
}
check "nor does grep find one" grep_finds_nothing

all_reports() {
    [ "$(find "$out/run/reports" -name '*.report' | wc -l)" -eq $((8 * 14)) ] &&
        [ "$(find "$out/run/reports" -name '*.report' -size -385c | wc -l)" -eq $((8 * 14)) ]
}
check "every kiosk reports every day, in at most 384 bytes" all_reports

in_intervals() {
    sed -n 's/^ *\([0-9]*\) of \([0-9]*\) counts after that bound lie inside.*/\1 \2/p' "$tmp/screen" |
        awk '{print; n = $2; ok = $1 / $2 > 0.88} END {exit !(n > 100 && ok)}'
}
check "counts after the bound lie inside their intervals" in_intervals
check "what the bound left out is told" grep -qE 'the bound left out [1-9][0-9]* of [0-9]+ touches' "$tmp/screen"
check "and stands in the notes" grep -qE '"touches_left_out_by_bound": *[1-9]' "$out/run/truth.json"
check "Recall@20 is defined where it is shown" grep -qF 'hits / min(20, items held out)' "$tmp/screen"

page_stands_alone() {
    ! grep -qiE '<script|<link|<img|<iframe|https?:|@import|url\(' "$out/index.html" &&
        [ "$(grep -c '<section' "$out/index.html")" -eq 6 ] && ! grep -q 'class="missing"' "$out/index.html"
}
check "its page needs nothing from elsewhere and lacks no part" page_stands_alone

again() { demo && cp "$out/run/run.json" "$tmp/second.json"; }
cp "$out/run/run.json" "$tmp/first.json" 2>/dev/null
check "it can be repeated in the same place" again
same_run() { # all but the pack's version and size, which tell the time it was made
    diff <(sed '/"model"/,/}/d; /"policy"/,/}/d' "$tmp/first.json") \
        <(sed '/"model"/,/}/d; /"policy"/,/}/d' "$tmp/second.json")
}
check "and measures the same then" same_run

# ---- What it refuses ----------------------------------------------------------------------
mkdir "$tmp/mine" && : >"$tmp/mine/letter"
refuse "a directory of somebody else's is not replaced" 1 'no demonstration made it' \
    env OUT="$tmp/mine" tools/dev/demo.sh
check "and nothing in it is touched" test -e "$tmp/mine/letter"
refuse "data that are not there are named" 1 'nowhere.csv' env OUT="$tmp/x" DATA=nowhere.csv tools/dev/demo.sh
mkdir "$tmp/yours"
: >"$tmp/yours/.sotto-demo"
echo yours >"$tmp/yours/sales.csv"
echo yours >"$tmp/elsewhere.csv"
ln -s ../elsewhere.csv "$tmp/yours/link.csv"
ln -s yours/sales.csv "$tmp/sales.csv"
for data in yours/sales.csv yours/link.csv sales.csv yours/../yours/sales.csv; do
    refuse "data that would be deleted with OUT are refused ($data)" 1 'lies inside OUT' \
        env OUT="$tmp/yours" DATA="$tmp/$data" tools/dev/demo.sh
done
check "and are still there" test -s "$tmp/yours/sales.csv" -a -L "$tmp/yours/link.csv"
printf 'a,b\n1,2\n' >"$tmp/bad.csv"
refuse "data without the columns fail at the step that reads them" 4 'the step "check" failed.*log' \
    env OUT="$tmp/bad" DATA="$tmp/bad.csv" tools/dev/demo.sh

keys=(--model "$out/model.pack" --model-key "$out/keys/merchandising.pub" --policy "$out/policy.pack" --policy-key "$out/keys/privacy.pub")
refuse "a run needs a new directory" 1 'new directory' "$sim" run "${keys[@]}" --out "$out/run"
swapped=("${keys[@]}")
swapped[3]=$out/keys/privacy.pub
refuse "a model pack of the wrong signer is refused" 4 'model.pack' "$sim" run "${swapped[@]}" --out "$tmp/swapped"
refuse "a day before the town began is refused" 2 '2025-01-01' \
    "$sim" run "${keys[@]}" --from 2024-12-31 --out "$tmp/early"
refuse "a catalogue of another town is refused" 4 'no item of the made-up town' \
    "$sim" run "${keys[@]}" --seed 77 --out "$tmp/other"
refuse "a share above one is refused" 2 'from 0 to 1' "$sim" run "${keys[@]}" --accept-rate 1.5 --out "$tmp/share"
refuse "a page of nothing is refused" 1 'run.json' "$sim" page --in "$tmp/mine" --out "$tmp/page.html"

# ---- What it hands on ---------------------------------------------------------------------
# Tools that say how they were called, and training that warns.
mkdir "$tmp/stubs"
for tool in sotto-pack sotto-sim sotto-fleet; do
    cat >"$tmp/stubs/$tool" <<END
#!/bin/sh
printf '%s' "$tool" >>"$tmp/calls"
printf ' <%s>' "\$@" >>"$tmp/calls"
echo >>"$tmp/calls"
case \$1 in
split) echo 2025-01-01 ;;
train) printf 'learnt\\nWARNING: this model is poor,\\nand this is why.\\nnext: sign\\n' ;;
esac
END
    chmod +x "$tmp/stubs/$tool"
done
mapped() {
    env O="$tmp/stubs" OUT="$tmp/mapped" DATA="$tmp/bad.csv" MAP='item=a b,basket=c' tools/dev/demo.sh >"$tmp/mapped.out" || return 1
    cat "$tmp/calls"
    [ "$(grep -cF '<--map> <item=a b,basket=c>' "$tmp/calls")" -eq 5 ] &&
        [ "$(grep -E '^[a-z-]+ <(check|split|train|run|evaluate)>' "$tmp/calls" | grep -cvF '<--map>')" -eq 0 ]
}
check "MAP= reaches every step that reads the data" mapped
check "and stands in the command that repeats the figures" grep -qE "<--command> <.* --map 'item=a b,basket=c' " "$tmp/calls"
warned() { cat "$tmp/mapped.out"; tr '\n' ' ' <"$tmp/mapped.out" | grep -q 'WARNING: this model is poor, and this is why.  *The page'; }
check "what training warned of stands in the summary" warned
refuse "MAP= without DATA= is refused" 1 'DATA=, which is missing' env MAP='item=a' OUT="$tmp/mapless" tools/dev/demo.sh

# ---- Where nobody agrees ------------------------------------------------------------------
nobody_agrees() {
    "$sim" run "${keys[@]}" --from 2025-04-11 --days 2 --kiosks 2 --accept-rate 0 --measure-rate 0 --profile-rate 0 \
        --out "$tmp/nobody" &&
        [ "$(number "$tmp/nobody/run.json" asked)" = 0 ] && [ "$(number "$tmp/nobody/run.json" profiles)" = 0 ] &&
        [ "$(number "$tmp/nobody/run.json" personalised)" = 0 ]
}
check "where nobody agrees there is no banner, no profile and no personal slate" nobody_agrees
finish
