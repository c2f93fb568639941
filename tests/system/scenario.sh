#!/bin/bash
# scenario: `sotto-sim scenario` plays its ten stories, each keeps its promises, and one that does not is told.
# What a person of the stories asked for holds against its published schema, and is gone after the erasure.
# seconds: 120
# shellcheck disable=SC2317 # check calls the functions
# shellcheck source=tests/support/tap.sh
. "$(dirname "$0")/../support/tap.sh"

sim=$O/sotto-sim
schema=tools/sotto/export.schema.json

played() {
    "$sim" scenario --out "$tmp/all" >"$tmp/page" 2>&1
    local status=$?
    cat "$tmp/page"
    [ "$status" -eq 0 ] && grep -qx '10 of 10 stories kept their promises' "$tmp/page" && ! grep -q BROKEN "$tmp/page"
}
check "all ten stories are played, and keep their promises" played

# story NAME: the page of one.
story() { sed -n "/^$1: /,/^$1: .*kept, /p" "$tmp/page"; }
# tells NAME LINE…: its page has these lines, in this order.
tells() {
    local name=$1 line from=1 at
    shift
    story "$name" >"$tmp/story"
    for line in "$@"; do
        at=$(tail -n "+$from" "$tmp/story" | grep -nE -- "$line" | head -n 1 | cut -d : -f 1)
        [ -n "$at" ] || { echo "no line like: $line" && cat "$tmp/story" && return 1; }
        from=$((from + at))
    done
}
check "first visit: general, then the banner, then personal, then nothing" tells first-visit \
    'the same for everyone \(there is no consent' 'says: yes' '^  banner ' 'chosen for this person' 'kept.*nothing of her visit'
check "returning shopper: remembered, and told again" tells returning-shopper 'two days pass' 'kept.*four things' '^  banner ' 'kept.*hers at once'
check "why this: reasons, places, the counterfactual, and its proof" tells why-this 'why this' '[0-9]+ %  because of' '[0-9]+ %  popular with everyone' \
    'kept.*add up' 'by score alone: number 1$' 'without .* it would be' 'by score alone: number' 'kept.*list is the same' 'kept.*where the reasons said'
check "not for me: blocked, at once and for good" tells not-for-me 'not for me' 'kept.*neither is shown' 'next morning' 'kept.*remembered' 'kept.*nothing is blocked'
check "turn off: at once, for good, and for all" tells turn-off 'one key' 'kept.*everyone.s now' 'kept.*destroyed' 'kept.*still off' '\(personalisation is switched off\)'
check "forget me: a receipt, an empty export, a searched disk" tells forget-me ' 84 events' 'forget me' 'receipt +no\. 1: 1 profile, [1-9]' 'kept.*signed' \
    'kept.*nothing that is stored' 'searched [1-9][0-9]* files' 'kept.*no trace of her'
check "child: nothing chosen, nothing agreed, nothing kept" tells child 'he is nine' '\(a child is in front' 'kept.*cannot say yes' 'kept.*his taps are nowhere'
check "household: two people, two lists, one erased" tells household 'kept.*her yes is not his' 'kept.*another list' 'kept.*still there' 'kept.*there is nothing'
check "call a person: one comes, one does not" tells call-a-person 'ticket [1-9]' 'kept.*somebody has come' 'Ring the bell' 'kept.*nobody came within two minutes'
check "banner broken: full general lists, and then it works" tells banner-broken 'kept.*does not answer' 'kept.*nobody answered it' 'kept.*without a banner' 'repaired' 'kept.*may be chosen'
pages_are_short() {
    local name n=0
    # shellcheck disable=SC2013 # names without spaces
    for name in $(sed -n 's/^\([a-z-]*\): .* kept, .*/\1/p' "$tmp/page"); do
        n=$((n + 1))
        [ "$(story "$name" | wc -l)" -le 66 ] || { echo "$name is too long" && return 1; }
    done
    [ "$n" -eq 10 ]
}
check "each fits on a page" pages_are_short

# ---- What one asked for, before and after --------------------------------------------------
week=$tmp/all/forget-me
valid() { python3 -c 'import json, sys, jsonschema
jsonschema.Draft7Validator(json.load(open(sys.argv[1]))).validate(json.load(open(sys.argv[2])))' "$schema" "$1"; }
# facts FILE: how many of each kind are stored.
facts() { python3 -c 'import collections, json, sys
for kind, n in sorted(collections.Counter(f["fact"] for f in json.load(open(sys.argv[1]))["facts"] if f.get("stored")).items()): print(kind, n)' "$1"; }
check "the export of a week validates against its schema" valid "$week/export-before.json"
holds_all() {
    facts "$week/export-before.json" >"$tmp/facts" && cat "$tmp/facts" && diff - <(grep -vE '^(profile|report|shown|interest|taste) ' "$tmp/facts") <<'END'
block 1
consent 5
event 84
notice 1
receipt 3
ticket 1
END
}
check "and holds every fact of that week" holds_all
check "so does the export after the erasure" valid "$week/export-after.json"
holds_none() { facts "$week/export-after.json" >"$tmp/facts" && cat "$tmp/facts" && ! grep -v '^report ' "$tmp/facts"; }
check "which holds nothing that is stored of her" holds_none
spoilt() { sed 's/"fact": *"event"/"fact": "evnt"/' "$week/export-before.json" >"$tmp/spoilt.json" && ! valid "$tmp/spoilt.json"; }
check "the schema refuses a kind that it does not know" spoilt
# No text of the export, and no signed receipt in it, is in any file of the device.
raw() {
    python3 - "$week" <<'PY'
import json, os, sys
week = sys.argv[1]
def texts(v):
    if isinstance(v, dict): return [t for w in v.values() for t in texts(w)]
    if isinstance(v, list): return [t for w in v for t in texts(w)]
    return [v] if isinstance(v, str) else []
facts = json.load(open(week + "/export-before.json"))["facts"]
own = {f[k] for f in facts for k in ("item", "name", "text") if isinstance(f.get(k), str) and len(f[k]) >= 5}
blobs = [bytes.fromhex(t) for f in facts for t in texts(f) if len(t) >= 64 and all(c in "0123456789abcdef" for c in t)]
assert len(own) >= 5, own
assert len(blobs) >= 3, len(blobs)
files = [os.path.join(d, f) for d, _, fs in os.walk(week + "/kiosk") for f in fs]
assert len(files) >= 3
for path in files:
    data = open(path, "rb").read()
    for wanted in [t.encode() for t in own] + blobs:
        assert wanted not in data, (path, wanted[:16])
PY
}
check "and no file of the device holds a name, an item or a receipt of hers" raw

# ---- The command ---------------------------------------------------------------------------
check "a story can be played alone" "$sim" --scenario first-visit
refuse "one that nobody wrote is refused, with those that there are" 2 'no story "tea".*forget-me' "$sim" scenario --story tea
refuse "and so is --scenario without a name" 2 'scenario' "$sim" --scenario
refuse "a directory that is there is left alone" 1 'new directory' "$sim" scenario --story child --out "$tmp/all"
nothing_left() { mkdir "$tmp/t" && TMPDIR=$tmp/t "$sim" scenario --story child && [ -z "$(ls "$tmp/t")" ]; }
check "without --out nothing is left behind" nothing_left
finish
