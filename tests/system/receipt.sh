#!/bin/bash
# receipt: `sotto receipt verify` believes the receipt that FORMAT.md shows, and nothing that differs from it.
# shellcheck disable=SC2317 # check calls the functions
# shellcheck source=tests/support/tap.sh
. "$(dirname "$0")/../support/tap.sh"

sotto=$O/sotto
key=ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c
example() {
    sed -n '/^53 4f 54 54 4f 52 43 54/,/^```/p' src/FORMAT.md | sed 's/#.*//; /^```/d' | tr -d '\n' | tr -s ' ' |
        sed 's/ *\([0-9a-f][0-9a-f]\)/\\x\1/g' >"$tmp/hex"
    # shellcheck disable=SC2059 # the bytes are the format
    printf "$(cat "$tmp/hex")" >"$tmp/a.receipt"
    [ "$(stat -c %s "$tmp/a.receipt")" = 184 ]
}
check "the example is written to a file" example
refuse "it is authentic" 0 'authentic, receipt 3' "$sotto" receipt verify --key $key "$tmp/a.receipt"
refuse "it tells what was destroyed" 0 'kept to personalise, of 1 profiles: 9 records \(consent was taken back\)' "$sotto" receipt verify --key $key "$tmp/a.receipt"
refuse "and how" 0 'destroyed physically' "$sotto" receipt verify --key $key "$tmp/a.receipt"
refuse "also as JSON" 0 '"assurance": *"physical"' "$sotto" receipt verify --json --key $key "$tmp/a.receipt"
refuse "another device's key does not fit" 4 "another device's" "$sotto" receipt verify --key "00${key:2}" "$tmp/a.receipt"
altered() { cp "$tmp/a.receipt" "$tmp/b.receipt" && printf '\010' | dd of="$tmp/b.receipt" bs=1 seek=20 conv=notrunc; }
check "a count is altered" altered
refuse "that is noticed" 4 'altered' "$sotto" receipt verify --key $key "$tmp/b.receipt"
longer() { cp "$tmp/a.receipt" "$tmp/b.receipt" && printf x >>"$tmp/b.receipt"; }
check "a byte is added" longer
refuse "a longer file is no receipt" 4 'no receipt' "$sotto" receipt verify --key $key "$tmp/b.receipt"
refuse "a key of the wrong length is refused" 2 '64 hexadecimal' "$sotto" receipt verify --key abc "$tmp/a.receipt"
refuse "a receipt that is not there is named" 1 'gone\.receipt' "$sotto" receipt verify --key $key "$tmp/gone.receipt"
finish
