#!/bin/bash
# instructions: how many instructions one scoring with each kernel and one request, present, open take
# (100 neighbours, history 50, top 20): on this machine counted by callgrind, for arm64 and armhf by a
# plugin of QEMU's user mode (qemu/count.c). Unlike times they are the same from run to run.
#
#     O=build CC=cc tests/bench/instructions.sh        (`make bench-count` builds bench_slate first)
#
# What lacks its tools is said and left out. Ends 0, or 1 when something that could be counted was not.
# shellcheck disable=SC2317 # counts calls the counters
set -u
export LC_ALL=C
cd "$(dirname "$0")/../.." || exit 1
O=${O:-build}
CC=${CC:-cc}
mkdir -p "$O/bench" && bench=$(cd "$O/bench" && pwd) || exit 1
failed=0

has() {
    local program
    for program; do command -v "$program" >/dev/null || return 1; done
}
# row LABEL WHAT COUNT
row() {
    if [ -n "$3" ]; then
        printf '%-8s %-32s %9s\n' "$1" "$2" "$3"
    else
        printf '%-8s %-32s %9s\n' "$1" "$2" 'failed'
        failed=1
    fi
}
# counts LABEL COUNTER KERNEL…: COUNTER prints the number for what it is given, at so many items.
counts() {
    local label=$1 counter=$2 items kernel
    shift 2
    for items in 3000 41000; do
        for kernel; do row "$label" "$items items, scoring, $kernel" "$("$counter" "$kernel" "$items")"; done
        row "$label" "$items items, the call" "$("$counter" call "$items")"
    done
}

printf '%-8s %-32s %9s\n' '' '' instructions
if has valgrind; then
    by_callgrind() {
        valgrind --tool=callgrind --collect-atstart=no --toggle-collect=bench_counted \
            --callgrind-out-file=/dev/null "$bench/bench_slate" count "$1" "$2" 2>&1 | sed -n 's/.*Collected : *//p'
    }
    kernels=(plain)
    grep -qw avx2 /proc/cpuinfo && kernels+=(avx2)
    counts "$(uname -m)" by_callgrind "${kernels[@]}"
else
    echo "$(uname -m): valgrind is not installed (tools/dev/setup.sh bench)"
fi

"$CC" -shared -fPIC -O2 -o "$bench/count.so" tests/bench/qemu/count.c || exit 1
for triple in arm64:aarch64:aarch64-linux-gnu armhf:arm:arm-linux-gnueabihf; do
    IFS=: read -r name processor triplet <<<"$triple"
    if ! has "$triplet-gcc" "qemu-$processor"; then
        echo "$name: $triplet-gcc or qemu-$processor is not installed (tools/dev/setup.sh bench)"
        continue
    fi
    if ! "qemu-$processor" --help | grep -q -- -plugin; then
        echo "$name: this qemu-$processor was built without plugins"
        continue
    fi
    sysroot=$bench/sysroot-$name
    libraries=$sysroot/usr/lib/$triplet
    if ! tools/dev/sysroot.sh "$name" "$sysroot" >"$bench/log" 2>&1; then
        echo "$name: its libraries could not be downloaded"
        continue
    fi
    if ! PKG_CONFIG_SYSROOT_DIR=$sysroot PKG_CONFIG_LIBDIR=$libraries/pkgconfig:$libraries/openblas-pthread/pkgconfig \
        PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1 PKG_CONFIG_ALLOW_SYSTEM_LIBS=1 \
        env -u CC -u AR -u MAKEFLAGS -u MAKEOVERRIDES make --no-print-directory SETUP=0 \
        O="$bench/$name" CROSS_COMPILE="$triplet-" LDFLAGS="-Wl,-rpath-link=$libraries" \
        "$bench/$name/bench/bench_slate" >"$bench/log" 2>&1; then
        tail -n 20 "$bench/log" >&2
        failed=1
        continue
    fi
    by_qemu() {
        "qemu-$processor" -L "/usr/$triplet" -E LD_LIBRARY_PATH="$libraries:$libraries/openblas-pthread" \
            -plugin "$bench/count.so" "$bench/$name/bench/bench_slate" count "$1" "$2" 2>&1 |
            sed -n 's/ instructions$//p'
    }
    counts "$name" by_qemu plain neon
done
exit "$failed"
