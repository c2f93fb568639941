#!/bin/bash
# musl: the library is not bound to one libc. Every file of it compiles with musl-gcc without a warning, and
# the rooms that need no library are linked with musl and with the host's libc and say the same.
#
#     tools/dev/musl.sh        (MUSL_CC=musl-gcc, CC=cc; Debian: musl-tools)
#
# The whole is not linked: Debian's libsodium.a and libsqlite3.a are made for glibc. Ends 0 when all is well, 1
# when something is not, 2 when the compiler is missing.
set -u
export LC_ALL=C
cd "$(dirname "$0")/../.." || exit 2
MUSL_CC=${MUSL_CC:-musl-gcc}
CC=${CC:-cc}
command -v "$MUSL_CC" >/dev/null || {
    echo "musl: $MUSL_CC is not installed: run tools/dev/setup.sh package" >&2
    exit 2
}
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT

# The two libraries' headers, without the host's libc beside them.
mkdir -p "$work/include"
for library in libsodium sqlite3; do
    folder=$(pkg-config --variable=includedir "$library") || exit 2
    for header in "$folder"/sodium "$folder"/sodium.h "$folder"/sqlite3.h; do ln -sfn "$header" "$work/include/${header##*/}"; done
done
flags=(-std=c11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64 -Iinclude -Isrc -I. -fvisibility=hidden -fPIC -O2
    -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -fstack-protector-strong)

count=0
for source in src/*.c src/*/*.c platform/linux/*.c; do
    "$MUSL_CC" "${flags[@]}" -I"$work/include" -c "$source" -o "$work/object.o" || exit 1
    count=$((count + 1))
done
echo "musl: $count files compile"

pure=(tests/musl/pure.c src/base/base.c src/base/cbor.c src/dp/sample*.c src/dp/mechanism*.c src/dp/compose.c src/dp/table.c)
"$MUSL_CC" "${flags[@]}" -static "${pure[@]}" -o "$work/with-musl" && "$CC" "${flags[@]}" "${pure[@]}" -o "$work/with-libc" || exit 1
said=$("$work/with-musl") && host=$("$work/with-libc") || exit 1
echo "musl: ${#pure[@]} of them linked, $(stat -c %s "$work/with-musl") bytes: $said"
if [ "$said" != "$host" ]; then
    echo "musl: the host's libc says $host" >&2
    exit 1
fi
