#!/bin/sh
# demo: the whole story, from transactions to a page, on one machine and without a network.
#
#     O=build [DATA=transactions.csv[.xz|.zst]] [OUT=out/demo] tools/dev/demo.sh
#
# Without DATA the shoppers are made up. What is in OUT is replaced. Every step says one line and how long it
# took; a step that fails says where its log is. Ends 0 only if every step did.
set -eu
export LC_ALL=C

O=${O:-build}
OUT=${OUT:-out/demo}
DATA=${DATA:-}
SEED=${SEED:-1}
ALL_DAYS=100 # of the made-up town; the last tenth is held out
KIOSKS=8

say() { printf '%s\n' "$*"; }
for tool in sotto-pack sotto-sim sotto-fleet; do
    [ -x "$O/$tool" ] || {
        say "demo: $O/$tool is missing; run make first, or make demo" >&2
        exit 1
    }
done
if [ -n "$DATA" ] && [ ! -r "$DATA" ]; then
    say "demo: DATA=$DATA: there is no such file that can be read" >&2
    exit 1
fi
pack=$O/sotto-pack sim=$O/sotto-sim fleet=$O/sotto-fleet

# Only what an earlier demonstration made is thrown away.
if [ -e "$OUT" ] && [ ! -e "$OUT/.sotto-demo" ]; then
    say "demo: $OUT is there and no demonstration made it; name another with OUT=" >&2
    exit 1
fi
rm -rf "$OUT"
mkdir -p "$OUT/logs"
: >"$OUT/.sotto-demo"

# step NAME WHAT COMMAND…: runs a command with its output in a log; its progress line stays on the terminal.
now() { date +%s%N; }
step() {
    name=$1 what=$2 log=$OUT/logs/$1.log began=$(now)
    shift 2
    if "$@" >"$log"; then
        took=$((($(now) - began) / 10000000))
        printf '  %-9s %-58s %3d.%02d s\n' "$name" "$what" $((took / 100)) $((took % 100))
    else
        code=$?
        say "demo: the step \"$name\" failed with code $code; what it printed is in $log" >&2
        exit "$code"
    fi
}
