#!/bin/bash
# noise: what the noise rests on can be made anew. The table comes out of its generator as committed,
# and the published vectors out of a program that shares no code with the library.
# shellcheck disable=SC2317 # check calls the functions
# shellcheck source=tests/support/tap.sh
. "$(dirname "$0")/../support/tap.sh"

if ! command -v python3 >/dev/null; then
    skip "the tables and the vectors: python3 is not installed"
    finish
fi

same() { "$1" >"$tmp/made" && cmp "$tmp/made" "$2"; }
check "src/dp/table.c is what tools/dev/noise_tables.py writes" same tools/dev/noise_tables.py src/dp/table.c
check "tests/vectors/noise.txt is what tests/vectors/reference.py draws" same tests/vectors/reference.py tests/vectors/noise.txt

# Both would pass if the comparison could not fail.
sed 's/0x3ffff/0x3fffe/' src/dp/table.c >"$tmp/table.c"
refuse "another table is seen" 1 'differ' same tools/dev/noise_tables.py "$tmp/table.c"
finish
