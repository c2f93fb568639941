#!/bin/bash
# size: what libsotto costs on a device, object by object and room by room, and whether that is within budget.
#
#     O=build/size [CC=…] [CROSS_COMPILE=…] tools/dev/size.sh        (`make size` builds at -Os first)
#     O=build/static [CC=…] tools/dev/size.sh static                 (`make static`: sottod in one file)
#
# tools/dev/size-budget holds one line per machine: its name (gcc -dumpmachine up to the first dash), the
# most bytes of text and read-only data in libsotto.a, of the stripped libsotto.so, and of the stripped
# static sottod. A machine without a line is measured and not judged. Ends 1 when a bound is passed.
set -eu
export LC_ALL=C
cd "$(dirname "$0")/../.."
O=${O:-build/size}
CC=${CC:-cc}
machine=$($CC -dumpmachine | cut -d- -f1)
if [ "${1:-}" = static ]; then
    bytes=$(stat -c %s "$O/sottod-static")
    most=$(awk -v machine="$machine" '$1 == machine {print $4}' tools/dev/size-budget)
    echo "sottod, static, stripped $bytes bytes ($machine; budget ${most:-none})"
    [ "$bytes" -le "${most:-$bytes}" ] && exit 0
    echo "size: sottod outgrew its budget" >&2
    exit 1
fi
size=$($CC -print-prog-name=size)
strip=$($CC -print-prog-name=strip)
stripped=$(mktemp)
trap 'rm -f "$stripped"' EXIT

$size "$O/libsotto.a" | awk -v machine="$machine" '
    NR == 1 { printf "%-24s %9s %9s %9s   (%s, bytes)\n", "object", "text", "data", "bss", machine; next }
    { printf "%-24s %9d %9d %9d\n", $6, $1, $2, $3; text += $1; data += $2; bss += $3 }
    END { printf "%-24s %9d %9d %9d\n", "libsotto.a", text, data, bss }'
# An archive knows its members by their names alone, of which there are no two alike.
printf '\n%-24s %9s\n' room text
find src platform/linux -name '*.c' | awk -v archive="$O/libsotto.a" -v size="$size" '
    { room = object = $0; sub(/\/[^\/]*$/, "", room); sub(/.*\//, "", object); sub(/c$/, "o", object); of[object] = room }
    END {
        while (((size " " archive) | getline) > 0) if ($6 in of) text[of[$6]] += $1
        for (room in text) printf "%-24s %9d\n", room, text[room] | "sort"
    }'
text=$($size "$O/libsotto.a" | awk 'NR > 1 {n += $1} END {print n}')
$strip -o "$stripped" "$O"/libsotto.so.*
shared=$(stat -c %s "$stripped")
printf '%-24s %9d bytes\n' 'libsotto.so, stripped' "$shared"

# shellcheck disable=SC2034 # rest takes what follows the numbers
while read -r name text_budget shared_budget rest; do
    [ "$name" = "$machine" ] || continue
    echo "budget                   text $text_budget, stripped $shared_budget"
    if [ "$text" -gt "$text_budget" ] || [ "$shared" -gt "$shared_budget" ]; then
        echo "size: libsotto outgrew its budget: make it smaller, or say in the commit why tools/dev/size-budget grows" >&2
        exit 1
    fi
done <tools/dev/size-budget
