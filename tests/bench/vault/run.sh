#!/bin/bash
# run: the vault beside SQLite and SQLCipher, the same load on each, one process each, in one table.
#
#     O=build CC=cc tests/bench/vault/run.sh        (`make bench` builds Sotto's side first)
#
# Debian's SQLCipher 3.4.1 comes from libsqlcipher-dev, 4.5.5 from npm's package
# @commapp/sqlcipher-amalgamation, which is fetched into a temporary folder, built there for this run
# alone and removed. A peer that cannot be had is said and left out. As root the files lie on an ext4 of
# their own on a loop device, so that the bytes at the block device are counted too; else in $TMPDIR.
set -eu
export LC_ALL=C
cd "$(dirname "$0")/../../.."
O=${O:-build}
CC=${CC:-cc}
work=$(mktemp -d)
device=
cleanup() {
    mountpoint -q "$work/disk" && umount "$work/disk"
    [ -z "$device" ] || losetup -d "/dev/$device" || true
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

mkdir "$work/disk"
if [ "$(id -u)" -eq 0 ] && truncate -s 400M "$work/image" && mkfs.ext4 -q "$work/image" 2>/dev/null &&
    device=$(losetup --show -f "$work/image" 2>/dev/null); then
    device=${device#/dev/}
    mount "/dev/$device" "$work/disk" || { losetup -d "/dev/$device" && device=; }
else
    device=
fi

# peer NAME PROGRAM FLAGS…: builds PROGRAM.
peer() {
    local name=$1 program=$2
    shift 2
    "$CC" -std=c11 -D_GNU_SOURCE -O2 -Wall -Wextra -I. "-DPEER_NAME=\"$name\"" -o "$work/$program" \
        tests/bench/vault/peer.c tests/bench/vault/load.c platform/sim/fault_vfs.c "$@"
}
# row PROGRAM [NAME=VALUE…]: measures it on an empty folder.
row() {
    local program=$1
    shift
    mkdir "$work/disk/row"
    env "$@" "$program" "$work/disk/row" ${device:+"$device"}
    rm -rf "$work/disk/row"
}

echo
echo "100000 events of 20 people, batches of 32, synchronous=FULL; then 5000 events read$([ -n "$device" ] || echo '; not root: no block device of its own')"
printf '  %-36s %8s %7s %8s %8s %7s %8s %7s\n' '' events/s 'CPU us' 'VFS B' 'device B' 'file MB' 'read ms' 'RSS MB' \
    '' '' '/event' '/event' '/event' '' '' peak
row "$O/bench/vault"

version=$(pkg-config --modversion sqlite3)
peer "SQLite $version" sqlite -lsqlite3
row "$work/sqlite"
row "$work/sqlite" PEER_PAGE=1024

if [ -e /usr/include/sqlcipher/sqlite3.h ]; then
    peer "SQLCipher 3.4.1" sqlcipher3 -DSQLITE_HAS_CODEC -I/usr/include/sqlcipher -lsqlcipher
    row "$work/sqlcipher3"
else
    echo "  SQLCipher 3.4.1: libsqlcipher-dev is not installed (tools/dev/setup.sh bench)"
fi

fetch() {
    command -v npm >/dev/null && pkg-config --exists libcrypto &&
        (cd "$work" && npm pack --silent @commapp/sqlcipher-amalgamation@4.5.5 && tar xzf ./*.tgz) >/dev/null 2>&1
}
if fetch; then
    # Its own defaults otherwise, as an application would build it.
    "$CC" -O2 -DSQLITE_HAS_CODEC -DSQLITE_TEMP_STORE=2 -DSQLCIPHER_CRYPTO_OPENSSL -DHAVE_FDATASYNC -DNDEBUG -w \
        -c -o "$work/sqlcipher4.o" "$work/package/src/sqlite3.c"
    peer "SQLCipher 4.5.5" sqlcipher4 -DSQLITE_HAS_CODEC -I"$work/package/src" "$work/sqlcipher4.o" -lcrypto -lm -lpthread -ldl
    row "$work/sqlcipher4"
    row "$work/sqlcipher4" PEER_PAGE=1024
    row "$work/sqlcipher4" PEER_PAGE=1024 PEER_FIELDS=3
else
    echo "  SQLCipher 4.5.5: needs npm, its registry and libssl-dev (tools/dev/setup.sh bench)"
fi
