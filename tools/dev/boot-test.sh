#!/bin/bash
# boot-test: a machine that boots: Debian's arm64 kernel and BusyBox in QEMU (virt, Cortex-A53, 128 MiB) with sottod
# and its packs in the initramfs and an ext4 disk for its state. Prints the time from the daemon's start to its
# first slate and its memory; then cuts the power CUTS times at random moments while events are sent to it, and
# after each cut looks that what it acknowledged is there, that no count exceeds what was tried, that earlier
# people are whole, and that `sotto audit verify` accepts the log and that it goes on from the one before.
#
#     O=build [CUTS=50] [SEED=n] tools/dev/boot-test.sh        (`make boot-test` builds the host's tools first)
#
# sottod is `make static`'s; tests/boot/machine.c starts it and speaks to its sockets. QEMU is killed, so what its disk had taken is
# there: this models a disk without a volatile cache. Lines ok, not ok, skip; ends 1 when something is not ok.
# shellcheck disable=SC2317 # check calls the functions
set -u
export LC_ALL=C
cd "$(dirname "$0")/../.." || exit 1
O=$(cd "${O:-build}" && pwd) || exit 1
CUTS=${CUTS:-50}
SEED=${SEED:-$RANDOM}
RANDOM=$SEED
triplet=aarch64-linux-gnu
kept=$O/boot # what was downloaded and built; the rest is made anew
work=$(mktemp -d) || exit 1
machine=
trap '[ -z "$machine" ] || kill -9 "$machine" 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
mkdir -p "$kept"
unset MAKEFLAGS MFLAGS MAKELEVEL

give_up() {
    echo "not ok - $*"
    [ ! -s "$work/log" ] || tail -n 25 "$work/log" | sed 's/^/#   /'
    exit 1
}
for program in qemu-system-aarch64 "$triplet-gcc" depmod modprobe cpio mkfs.ext4; do
    PATH=$PATH:/sbin:/usr/sbin command -v "$program" >/dev/null || {
        echo "skip - the boot test: $program is not installed (tools/dev/setup.sh boot)"
        exit 0
    }
done
PATH=$PATH:/sbin:/usr/sbin
for tool in sotto sotto-sim sotto-pack; do [ -x "$O/$tool" ] || give_up "$O/$tool is missing: run make first"; done

# ---- What goes into the machine ------------------------------------------------------------
sysroot=$kept/sysroot
tools/dev/sysroot.sh arm64 "$sysroot" >"$work/log" 2>&1 || give_up "arm64's libraries can be had"
tools/dev/sysroot.sh arm64 "$kept/kernel" linux-image-arm64 busybox-static >"$work/log" 2>&1 || give_up "a kernel for arm64 can be had"
kernel=$(find "$kept/kernel/boot" -name 'vmlinuz-*')
release=${kernel##*/vmlinuz-}

libraries=$sysroot/usr/lib/$triplet
cross() {
    PKG_CONFIG_SYSROOT_DIR=$sysroot PKG_CONFIG_LIBDIR=$libraries/pkgconfig PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1 PKG_CONFIG_ALLOW_SYSTEM_LIBS=1 \
        make -s SETUP=0 -j"$(nproc)" O="$kept/arm64" CROSS_COMPILE="$triplet-" OPT=-Os "$@"
}
cross static >"$work/log" 2>&1 || give_up "sottod is built for arm64, static and within its budget"
tail -n 1 "$work/log"
"$triplet-gcc" -std=c11 -D_GNU_SOURCE -O2 -Wall -Wextra -Werror -static -s tests/boot/machine.c -o "$work/machine" >"$work/log" 2>&1 ||
    give_up "the program that speaks to it is built"
echo "kernel $release"

packs=$work/image/packs
mkdir -p "$work/image"/{bin,dev,proc,sys,data,modules,run,tmp} "$packs"
packs() {
    sed 's/^min-display = .*/min-display = 500ms/' firmware-config/policies/demo.ini >"$work/demo.ini" && cp -R firmware-config/policies/texts "$work/" &&
        "$O/sotto-sim" generate --seed 1 --days 20 --out "$work/town.csv" &&
        "$O/sotto-pack" train --out "$packs/model.pack" --device-class kiosk "$work/town.csv" &&
        "$O/sotto-pack" keygen --no-password --out "$work/model" && "$O/sotto-pack" keygen --no-password --out "$work/policy" &&
        "$O/sotto-pack" sign --key "$work/model.key" "$packs/model.pack" &&
        "$O/sotto-pack" policy --out "$packs/policy.pack" --model "$packs/model.pack" --device-class kiosk "$work/demo.ini" &&
        "$O/sotto-pack" sign --key "$work/policy.key" "$packs/policy.pack" && cp "$work/model.pub" "$work/policy.pub" "$packs/"
}
packs >"$work/log" 2>&1 || give_up "packs are made and signed"
cp "$kept/kernel/bin/busybox" "$work/machine" "$work/image/bin/" && cp "$kept/arm64/static/sottod-static" "$work/image/bin/sottod"

# Modules in the order they need each other.
[ -f "$kept/kernel/lib/modules/$release/modules.dep" ] || depmod -b "$kept/kernel" "$release" || give_up "depmod reads the kernel's modules"
for name in virtio_pci virtio_blk crc32c_generic ext4; do
    modprobe -d "$kept/kernel" -S "$release" --show-depends "$name" 2>/dev/null | sed -n 's/^insmod \([^ ]*\).*/\1/p'
done | awk '!seen[$0]++' | while read -r file; do
    cp "$file" "$work/image/modules/" && basename "$file" >>"$work/image/modules/order"
done
cat >"$work/image/init" <<'END'
#!/bin/busybox sh
busybox mount -t devtmpfs none /dev; busybox mount -t proc none /proc; busybox mount -t sysfs none /sys
while read -r module; do busybox insmod "/modules/$module"; done </modules/order
busybox mount -t ext4 /dev/vda /data || echo "fail mount"
for word in $(busybox cat /proc/cmdline); do case $word in do=*) what=${word#do=};; names=*) names=${word#names=};; name=*) name=${word#name=};; esac; done
echo "booted $(busybox cut -d' ' -f1 /proc/uptime)"
case $what in
slate) machine slate /packs /data; machine slate /packs /data;;
check) machine check /packs /data /dev/vdb $(echo "$names" | busybox tr , ' ');;
esac
case $what in live | check) [ -z "$name" ] || machine live /packs /data "$name";; esac
busybox sync; busybox umount /data; busybox poweroff -f
END
chmod +x "$work/image/init" && ln -s busybox "$work/image/bin/sh"
sed -i 's|^#!/bin/busybox sh|#!/bin/busybox sh\nexport PATH=/bin|' "$work/image/init"
(cd "$work/image" && find . | cpio -o -H newc --quiet | gzip -1) >"$work/initramfs" || give_up "an initramfs is made"
{ truncate -s 64M "$work/disk" && mkfs.ext4 -q -F "$work/disk" && truncate -s 4M "$work/audit"; } || give_up "a disk is made"

# start WORDS: the machine, its console in $work/console; with OPTIONS for QEMU.
options=()
start() {
    : >"$work/console"
    qemu-system-aarch64 "${options[@]}" -M virt -cpu cortex-a53 -m 128 -smp 1 -nographic -nodefaults -no-reboot -serial file:"$work/console" \
        -drive file="$work/disk",format=raw,if=none,id=d,cache=writethrough -device virtio-blk-pci,drive=d \
        -drive file="$work/audit",format=raw,if=none,id=a,cache=writethrough -device virtio-blk-pci,drive=a \
        -kernel "$kernel" -initrd "$work/initramfs" -append "console=ttyAMA0 quiet panic=-1 $*" >"$work/log" 2>&1 </dev/null &
    machine=$!
}
said() { tr -d '\r' <"$work/console" | grep -aE "$1"; }
# Waits until the console says so, or the machine is gone, or it takes far too long.
until_said() {
    local tries=0
    while ! said "$1" >/dev/null; do
        kill -0 "$machine" 2>/dev/null || return 1
        [ $((tries += 1)) -lt 3000 ] || return 1
        sleep 0.1
    done
}
cut_power() {
    kill -9 "$machine" 2>/dev/null
    wait "$machine" 2>/dev/null
    machine=
}
trouble() {
    cp "$work/console" "$work/log"
    give_up "$* (SEED=$SEED CUTS=$CUTS)"
}

# ---- The first slate -----------------------------------------------------------------------
# The processor's time is counted in instructions, 2 ns each, so that it is the same however busy the host is;
# waiting for the disk takes the host's time.
options=(-icount shift=1)
start do=slate
options=()
wait "$machine"
machine=
mapfile -t slates < <(said '^slate' | cut -d' ' -f2)
mapfile -t cpu < <(said '^slate' | cut -d' ' -f3)
mapfile -t kib < <(said '^memory' | cut -d' ' -f2)
[ "${#slates[@]}" -eq 2 ] || trouble "a machine boots and shows a slate"
echo "from sottod's start to its first slate on the screen, at 500 million instructions a second, in ms of the clock and of the processor:"
echo "    on a new disk $((slates[0] / 1000)) and $((cpu[0] / 1000)), after that $((slates[1] / 1000)) and $((cpu[1] / 1000)); sottod takes at most ${kib[1]} KiB, a profile's visit included"
echo "ok - a machine boots and shows a slate"
if [ "${cpu[1]}" -le 300000 ]; then echo "ok - the first slate takes at most 300 ms of the processor"; else echo "not ok - the first slate takes at most 300 ms of the processor" && failed=1; fi
if [ "${kib[1]}" -le 12288 ]; then echo "ok - it takes at most 12 MiB"; else echo "not ok - it takes at most 12 MiB" && failed=1; fi

# ---- Power cuts ----------------------------------------------------------------------------
# Of the profiles p1, p2, …: what was acknowledged, and what a check found since then.
declare -A least most
acked=0 log_bytes=0 heads=()
# judge NAME…: what the check said, against what we know.
judge() {
    local name n key bytes
    for name; do
        n=$(said "^has $name " | cut -d' ' -f3)
        [ -n "$n" ] || trouble "$name is counted"
        [ "$n" -ge "${least[$name]}" ] || trouble "$name has $n events, and ${least[$name]} were acknowledged"
        [ "$n" -le "${most[$name]}" ] || trouble "$name has $n events, and ${most[$name]} were ever tried"
        least[$name]=$n most[$name]=$n # from now on exactly this many
    done
    key=$(said '^key' | cut -d' ' -f2) bytes=$(said '^log' | cut -d' ' -f2)
    head -c "$bytes" "$work/audit" >"$work/audit.log"
    "$O/sotto" audit verify --json --key "$key" ${heads[0]+--seen "${heads[-1]}"} "$work/audit.log" >"$work/verdict" 2>&1 || {
        cp "$work/verdict" "$work/log"
        [ "${#heads[@]}" -eq 0 ] || echo "seen before: ${heads[-1]}" >>"$work/log"
        give_up "sotto audit verify accepts the log after $name"
    }
    [ "${first_key:=$key}" = "$key" ] || trouble "the first audit key is the same"
    heads+=("$(sed -n 's/.*"head": *"\([0-9a-f]*\)".*/\1/p' "$work/verdict")")
    log_bytes=$bytes
}
began=$SECONDS
for ((cut = 1; cut <= CUTS; cut++)); do
    name=p$cut names=
    # The one whose writing was cut, and one of those before.
    if [ "$cut" -gt 1 ]; then
        names=p$((cut - 1))
        [ "$cut" -le 2 ] || names=$names,p$((1 + RANDOM % (cut - 2)))
    fi
    start "do=$([ -n "$names" ] && echo check || echo live) names=$names name=$name"
    if [ -n "$names" ]; then
        until_said '^checked$' || trouble "cut $((cut - 1)): the vault opens and is whole"
        # shellcheck disable=SC2046 # names
        judge $(tr , ' ' <<<"$names")
    fi
    until_said "^ack $name " || trouble "cut $cut: events are acknowledged"
    sleep "$(printf '0.%03d' $((RANDOM % 1000)))"
    cut_power
    ! said '^fail' || trouble "cut $cut: nothing fails before the power does"
    least[$name]=$(said "^ack $name [0-9]+$" | tail -n 1 | cut -d' ' -f3)
    most[$name]=$(said "^try $name [0-9]+$" | tail -n 1 | cut -d' ' -f3)
    acked=$((acked + least[$name]))
    [ ! -t 1 ] || printf '  cut %d of %d\r' "$cut" "$CUTS"
done
# All of them once more.
mapfile -t names < <(seq -f 'p%.0f' 1 "$CUTS")
start "do=check names=$(IFS=, && echo "${names[*]}") name="
until_said '^checked$' || trouble "after all cuts: the vault opens and is whole"
judge "${names[@]}"
wait "$machine"
machine=
e2fsck -fn "$work/disk" >"$work/log" 2>&1 || give_up "the file system is whole"
echo "ok - $CUTS power cuts: all $acked events that were acknowledged are there, none that was never tried"
echo "ok - sotto audit verify accepts the log after each, as the continuation of the one before ($log_bytes bytes in the end)"
echo "$((SECONDS - began)) seconds, SEED=$SEED"
exit "${failed:-0}"
