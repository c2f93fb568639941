#!/bin/bash
# audit: what simulated kiosks log is verified by `sotto audit` with the first key alone, and what was altered is not.
# seconds: 120
# shellcheck disable=SC2317 # check calls the functions
# shellcheck source=tests/support/tap.sh
. "$(dirname "$0")/../support/tap.sh"

pack=$O/sotto-pack sim=$O/sotto-sim sotto=$O/sotto
ini=$PWD/firmware-config/policies/demo.ini

world() {
    "$sim" generate --seed 3 --days 30 --items 80 --out "$tmp/town.csv" && "$pack" keygen --no-password --out "$tmp/key" &&
        "$pack" train --no-measure --out "$tmp/model.pack" "$tmp/town.csv" &&
        "$pack" policy --model "$tmp/model.pack" --out "$tmp/policy.pack" "$ini" &&
        "$pack" sign --key "$tmp/key.key" "$tmp/model.pack" "$tmp/policy.pack" &&
        "$sim" run --model "$tmp/model.pack" --model-key "$tmp/key.pub" --policy "$tmp/policy.pack" \
            --policy-key "$tmp/key.pub" --kiosks 2 --days 6 --seed 3 --items 80 --out "$tmp/run"
}
check "two kiosks run for six days" world
log=$tmp/run/audit/kiosk-01.audit
key=$(sed -n 's/ kiosk-01$//p' "$tmp/run/audit/keys.txt")
other=$(sed -n 's/ kiosk-02$//p' "$tmp/run/audit/keys.txt")

# total KEY: a total of the log.
total() { "$sotto" audit verify --json --key "$key" "$log" | sed -n "s/.*\"$1\": *\([0-9]*\).*/\1/p"; }
as_it_was() {
    [ "$(total starts)" = 6 ] && [ "$(total reports)" = "$(find "$tmp/run/reports" -name "$(device)*" | wc -l)" ] && [ "$(total consents)" -gt 0 ]
}
# Reports are named by the first 8 bytes of the hash of the device's report key.
device() {
    # shellcheck disable=SC2059 # the bytes are the format
    printf "$(sed -n 's/ kiosk-01$//p' "$tmp/run/enrolled.txt" | sed 's/../\\x&/g')" | b2sum -l 256 | cut -c1-16
}
refuse "an untouched log is authentic" 0 'kiosk-01\.audit: authentic' "$sotto" audit verify --key "$key" "$log"
check "it tells the starts and the reports that there were" as_it_was
refuse "and what is not proven" 0 'not proven: that nothing was cut off' "$sotto" audit verify --key "$key" "$log"
refuse "every entry is listed" 0 'report: metric 1, window [0-9]+, epsilon 1\.000000' "$sotto" audit verify --entries --key "$key" "$log"
head=$("$sotto" audit verify --json --key "$key" "$log" | sed -n 's/.*"head": *"\([0-9a-f]*\)".*/\1/p')
refuse "what it ends with is seen again" 0 'goes on from the one that was seen' "$sotto" audit verify --seen "$head" --key "$key" "$log"
refuse "what another ends with is not" 4 'WARNING' "$sotto" audit verify --seen "$(printf '0%.0s' {1..32})" --key "$key" "$log"
refuse "another device's key does not fit" 4 "not this device's" "$sotto" audit verify --key "$other" "$log"
altered() { cp "$log" "$tmp/altered.audit" && printf '\377' | dd of="$tmp/altered.audit" bs=1 seek=300 conv=notrunc; }
check "a byte is altered" altered
refuse "that is noticed" 4 'audit log, byte [0-9]+' "$sotto" audit verify --key "$key" "$tmp/altered.audit"
refuse "something else is no log" 4 'no audit log' "$sotto" audit verify --key "$key" "$tmp/town.csv"
refuse "a key of the wrong length is refused" 2 '64 hexadecimal' "$sotto" audit verify --key abc "$log"
refuse "a log that is not there is named" 1 'gone\.audit' "$sotto" audit verify --key "$key" "$tmp/gone.audit"
no_names() { ! grep -qa -f <(tail -n +2 "$tmp/town.csv" | cut -d, -f3 | sort -u | head -80) "$log"; }
check "no item is named in it" no_names
finish
