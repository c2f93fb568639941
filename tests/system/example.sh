#!/bin/bash
# example: the program printed in the README is the one in examples/, it is short, and it does what
# the README says: on packs made and signed here it shows the banner, then a personal slate.
# shellcheck disable=SC2317 # check calls the functions
# shellcheck source=tests/support/tap.sh
. "$(dirname "$0")/../support/tap.sh"

# The first ```c block of the README.
in_readme() { awk '/^```c$/ {inside = 1; next} /^```$/ {if (inside) exit} inside' README.md; }
same() {
    in_readme >"$tmp/readme.c"
    [ -s "$tmp/readme.c" ] && diff "$tmp/readme.c" examples/kiosk.c
}
# Blank lines, comments, includes and lone braces are not counted.
short() {
    local lines said
    lines=$(grep -vcE '^[[:space:]]*($|/\*|#include|\}$)' examples/kiosk.c)
    said=$(sed -n '1s/.* in \([0-9]*\) lines.*/\1/p' examples/kiosk.c)
    echo "$lines lines of C; its first line says ${said:-nothing}"
    [ "$lines" -le "${said:-45}" ]
}

quiet() { "$@" >>"$tmp/steps" 2>&1 || { cat "$tmp/steps"; return 1; }; }
packs() {
    cd "$tmp" || return 1
    quiet "$O/sotto-sim" generate --seed 5 --days 30 --items 100 --out town.csv &&
        quiet "$O/sotto-pack" keygen --no-password --out merchandising &&
        quiet "$O/sotto-pack" keygen --no-password --out privacy &&
        quiet "$O/sotto-pack" train --no-measure --out model.pack town.csv &&
        quiet "$O/sotto-pack" policy --model model.pack --out policy.pack "$OLDPWD/firmware-config/policies/demo.ini" &&
        quiet "$O/sotto-pack" sign --key merchandising.key model.pack &&
        quiet "$O/sotto-pack" sign --key privacy.key policy.pack && mkdir -p -m 700 data
}
# kiosk ITEM MODEL_KEY: the example, as the README calls it.
kiosk() { "$O/examples/kiosk" "$tmp/model.pack" "$2" "$tmp/policy.pack" "$(tail -n 1 "$tmp/privacy.pub")" "$tmp/data" "$1"; }
shows() {
    kiosk "$item" "$key" >"$tmp/shown" || return 1
    cat "$tmp/shown"
    head -n 1 "$tmp/shown" | grep -q '^\[.*\].*\[.*\] \[.*\]$' && [ "$(grep -cE '^[1-5]\. .' "$tmp/shown")" -eq 5 ]
}
is_personal() { sed -n 2p "$tmp/shown" | grep -x 'chosen for this person:'; }

check "there is an example" test -s examples/kiosk.c
check "the README shows the same program" same
check "it is no longer than it says" short
check "it is built" test -x "$O/examples/kiosk"
check "packs for it are made and signed" packs
key=$(tail -n 1 "$tmp/merchandising.pub" 2>/dev/null)
item=$(tail -n 1 "$tmp/town.csv" 2>/dev/null | cut -d, -f"$(head -n 1 "$tmp/town.csv" | tr ',' '\n' | grep -n '^item' | cut -d: -f1)")
check "it shows a banner and then five items" shows
check "they are chosen for the visitor" is_personal
refuse "a model signed by another key is refused with a reason" 1 'sign|key' kiosk "$item" "$(tail -n 1 "$tmp/privacy.pub")"
refuse "an item the catalogue lacks is refused with a reason" 1 'item|catalogue' kiosk no-such-item "$key"
finish
