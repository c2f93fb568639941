#!/bin/bash
# rights: what a person may see, take away, correct, block and have erased, with `sotto rights` on a
# vault that sottod wrote; receipts of consent; the switch that an operator sends.
# seconds: 120
# shellcheck disable=SC2317 # check calls the functions
# shellcheck source=tests/support/tap.sh
. "$(dirname "$0")/../support/tap.sh"
# shellcheck source=tests/support/daemon.sh
. tests/support/daemon.sh

d=$tmp/d
who=ann-of-the-third-floor
case_of() { "$python" tests/support/rights_cases.py "$@"; }
rights() {
    "$O/sotto" rights "$@" --profile "$who" --model "$tmp/model.pack" --model-key "$tmp/merchandising.pub" \
        --policy "$tmp/policy.pack" --policy-key "$tmp/privacy.pub" --keys "$d/data/keys" --vault "$d/data/vault.db"
}
started() { make_config "$d" && start_daemon "$d" "$@"; }
stopped() { kill "$pid" && ends "$pid"; }
export_is() { rights export --out "$tmp/$1.json" && case_of valid "$tmp/$1.json"; }

check "packs are made and signed" make_packs
check "a daemon starts" started
mapfile -t items < <(tail -n +2 "$tmp/town.csv" | cut -d, -f3 | sort -u | head -n 4)
check "a visit is kept" case_of visit "$d" "$who" "${items[@]}"
check "the daemon gives the export in pieces" case_of export "$d" "$who" "$tmp/asked.json"
check "and it names what was done" case_of holds "$tmp/asked.json" "$who" "${items[@]}"
check "the daemon gives receipts of consent" case_of receipts "$d" "$who" "$tmp/receipt"
device_key() { key=$(rpc "$d/operator.sock" device.key | sed 's/.*"key": "\([0-9a-f]*\)".*/\1/') && [ ${#key} -eq 64 ]; }
device_key || key=none

# Receipts of consent.
verify() { "$O/sotto" receipt verify "$@"; }
check "there is a receipt for each word" test -s "$tmp/receipt.3" -a ! -e "$tmp/receipt.4"
refuse "the first is authentic and tells the word" 0 'keep a profile: granted, on the screen' verify --key "$key" "$tmp/receipt.1"
refuse "so does the last" 0 'measure: granted' verify --key "$key" "$tmp/receipt.3"
refuse "also as JSON" 0 '"word": *"granted"' verify --json --key "$key" "$tmp/receipt.2"
altered() { cp "$tmp/receipt.1" "$tmp/altered" && printf '\377' | dd of="$tmp/altered" bs=1 seek=60 conv=notrunc; }
check "a byte of it is altered" altered
refuse "that is noticed" 4 'sotto receipt: ' verify --key "$key" "$tmp/altered"
refuse "another device's key does not fit" 4 'sotto receipt: ' verify --key "$(printf '%064d' 0)" "$tmp/receipt.1"
shorter() { head -c 207 "$tmp/receipt.1" >"$tmp/shorter"; }
check "a byte is cut off" shorter
refuse "that is no receipt" 4 'sotto receipt: ' verify --key "$key" "$tmp/shorter"

# While sottod runs it is asked.
asked() { "$O/sotto" rights "$@" --profile "$who" --socket "$d/subject.sock"; }
refuse "the command asks sottod what is known" 0 "^event +stored .*item ${items[0]}" asked view
asked_export() { asked export --out "$tmp/told.json" && case_of valid "$tmp/told.json" && [ "$(stat -c %a "$tmp/told.json")" = 600 ]; }
check "and for an export, which is for whoever asked alone" asked_export
check "it names the same" case_of holds "$tmp/told.json" "$who" "${items[@]}"
signed_ones() { asked receipts --out "$tmp/mine" && [ -f "$tmp/mine.consent.3" ] && cmp "$tmp/mine.consent.1" "$tmp/receipt.1"; }
check "and for the receipts of this person's words" signed_ones
check "an item is blocked through it" asked block --item "${items[0]}"
refuse "it tells the block" 0 "^block +stored .*name ${items[0]}" asked view
check "the item is unblocked" asked unblock --item "${items[0]}"
refuse "what is not blocked cannot be unblocked, it says" 1 'sotto rights: sottod: ' asked unblock --item "${items[0]}"
refuse "and what a verb lacks" 2 '"item" is missing' asked like
check "a pause through it" asked pause
check "and its end there" asked resume
refuse "nobody else is found under no name" 2 'a profile has a name' "$O/sotto" rights view --profile "" --socket "$d/subject.sock"
check "the daemon ends" stopped

# See and take away.
refuse "view tells an event" 0 "^event +stored +${items[0]}" rights view
check "the export fits its schema" export_is whole
check "and names the person and what was done" case_of holds "$tmp/whole.json" "$who" "${items[@]}"
check "a pair of keys is made" case_of keypair "$tmp/pair"
sealed() { rights export --seal-to "$(cat "$tmp/pair.pub")" --out "$tmp/sealed" && ! grep -qa "$who" "$tmp/sealed"; }
check "an export is sealed for its holder" sealed
check "who can open it" case_of unseal "$tmp/sealed" "$tmp/pair" "$tmp/opened.json"
check "and finds the same" case_of holds "$tmp/opened.json" "$who" "${items[@]}"
refuse "it is not sealed for half a key" 2 'seal-to' rights export --seal-to abcd

# Correct and block.
check "an item is blocked" rights block --item "${items[0]}"
refuse "view tells the block" 0 "^block +stored +${items[0]}" rights view
check "and is unblocked" rights unblock --item "${items[0]}"
refuse "what is not blocked cannot be unblocked" 1 'sotto rights: ' rights unblock --item "${items[0]}"
refuse "what was done with an item is forgotten" 0 '^1 events forgotten' rights forget --item "${items[1]}"
check "the export still fits its schema" export_is fewer
check "the item is not in it" case_of lacks "$tmp/fewer.json" "${items[1]}"
check "the others are" case_of holds "$tmp/fewer.json" "${items[2]}" "${items[3]}"
check "an item is disliked" rights dislike --item "${items[2]}"
refuse "so it is blocked" 0 "^block +stored +${items[2]}" rights view
check "a pause" rights pause
check "and its end" rights resume
check "an objection to measuring" rights object --purpose measure
refuse "an item that is not there is told" 1 'sotto rights: ' rights like --item no-such-item
check "all interests are reset" rights reset
check "nothing that was done is left" export_is reset
check "but the block is" case_of holds "$tmp/reset.json" "${items[2]}"
check "of the other items nothing" case_of lacks "$tmp/reset.json" "${items[0]}" "${items[3]}"

# Erase.
some_rows() { [ "$(case_of rows "$d/data/vault.db")" -ge 2 ]; }
check "the vault holds records of the profile" some_rows
refuse "everything is erased, with a receipt" 0 'records destroyed; receipt [1-9]' rights erase
erased_ones() {
    local last
    last=$(rights receipts --out "$tmp/after" | sed -n 's/^erasure \([0-9]*\) .*/\1/p' | tail -n 1) && verify --key "$key" "$tmp/after.erasure.$last"
}
refuse "the receipt can be taken away, and tells what was destroyed" 0 'destroyed: all that was stored' erased_ones
check "the export of nothing fits its schema" export_is none
check "and names nothing" case_of lacks "$tmp/none.json" "${items[@]}"
nothing() { ! grep -q '"stored": *true' "$tmp/none.json"; }
check "nothing of it is stored" nothing
no_rows() { [ "$(case_of rows "$d/data/vault.db")" = 0 ]; }
check "the vault holds no record of a profile" no_rows
raw() {
    local word
    for word in "$who" "${items[@]}"; do ! grep -rqaF -- "$word" "$d/data" || { echo "$word" && return 1; }; done
}
check "no file of the device holds a name or an item" raw

# Root acts as the owner: what it made in there sottod could not open.
if [ "$(id -u)" -eq 0 ]; then
    open=$(mktemp -d /tmp/sotto-owned-XXXXXX) && chmod 755 "$open"
    owned() {
        local folder=$d/data
        cp "$tmp"/*.pack "$tmp"/*.minisig "$tmp"/*.pub "$open" && mkdir "$open/data" && chown 65534:65534 "$open/data" && chmod 700 "$open/data" || return 1
        set -- --profile somebody --model "$open/model.pack" --model-key "$open/merchandising.pub" --policy "$open/policy.pack" \
            --policy-key "$open/privacy.pub" --keys "$open/data/keys" --vault "$open/data/vault.db"
        cp -R "$folder"/* "$open/data" && chown -R 65534:65534 "$open/data" && "$O/sotto" rights erase "$@" &&
            "$O/sotto" rights view "$@" && find "$open/data" ! -user 65534 -print | tee "$open/roots" && [ ! -s "$open/roots" ]
    }
    check "root leaves nothing behind that the vault's owner could not open" owned
    rm -rf "$open"
else
    skip "root acts as the vault's owner: not root"
fi

# The switch.
sotto_switch() { "$O/sotto-pack" switch "$@"; }
example() {
    sed -n '/^53 4f 54 54 4f 53 57 31/,/^```/p' src/FORMAT.md | sed 's/#.*//; /^```/d' | tr -d ' \n' | sed 's/../\\x&/g' >"$tmp/hex"
    # shellcheck disable=SC2059 # the bytes are the format
    printf "$(cat "$tmp/hex")" >"$tmp/example"
    sotto_switch --off --number 2 --device-class kiosk --out "$tmp/off" && cmp "$tmp/example" "$tmp/off"
}
check "sotto-pack writes the switch that FORMAT.md shows" example
refuse "a switch says what it does" 2 'say --off or --on' sotto_switch --number 2 --out "$tmp/x"
refuse "numbers start at 1" 2 'number' sotto_switch --on --number 0 --out "$tmp/x"
signed() {
    sotto_switch --on --number 3 --out "$tmp/on" && sotto_switch --on --number 1 --out "$tmp/old" &&
        sotto_switch --off --number 9 --device-class other --out "$tmp/other" && cp "$tmp/off" "$tmp/forged" &&
        quiet "$O/sotto-pack" sign --key "$tmp/privacy.key" "$tmp/off" "$tmp/on" "$tmp/old" "$tmp/other" &&
        quiet "$O/sotto-pack" sign --key "$tmp/merchandising.key" "$tmp/forged"
}
check "switches are signed" signed
refuse "a signed switch verifies" 0 'switch 2, off' "$O/sotto-pack" verify --key "$tmp/privacy.pub" "$tmp/off"
send() { rpc "$d/operator.sock" switch.remote "{\"file\": \"$1\"}"; }
check "a kiosk starts" start_daemon "$d" --class kiosk
check "it is on" case_of off "$d"
refuse "a switch by another key is refused" 1 'SOTTO_E_SIGNATURE' send "$tmp/forged"
refuse "so is one for others" 1 'SOTTO_E_MISMATCH' send "$tmp/other"
check "it is still on" case_of off "$d"
check "the signed one is taken" send "$tmp/off"
check "it is off" case_of off "$d" remote
refuse "an older one is refused" 1 'SOTTO_E_ROLLBACK' send "$tmp/old"
local_off() { rpc "$d/operator.sock" switch.set '{"off": true}'; }
check "it is switched off here too" local_off
again() { stopped && start_daemon "$d" --class kiosk; }
check "it restarts" again
check "both hold" case_of off "$d" local remote
check "the newer one turns it on" send "$tmp/on"
check "what was said here stands" case_of off "$d" local
finish
