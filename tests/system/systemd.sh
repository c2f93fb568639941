#!/bin/bash
# systemd: the units are well formed and leave their programs no more than they need; users and
# folders come out as the programs expect them; SysV's script starts and stops the same programs.
# shellcheck disable=SC2317 # check calls the functions
# shellcheck source=tests/support/tap.sh
. "$(dirname "$0")/../support/tap.sh"

here=$PWD/firmware-config/systemd
script=$PWD/firmware-config/buildroot/package/sotto/S90sotto
has() { command -v "$1" >/dev/null; }

# The programs need not be installed for their units to be read.
mkdir "$tmp/units" && for unit in "$here"/*.service; do
    sed 's|^\(Exec[A-Za-z]*=\)/usr/bin/[a-z-]*|\1/bin/true|' "$unit" >"$tmp/units/$(basename "$unit")"
done
well_formed() { systemd-analyze verify --man=no "$tmp/units/"*"$1" 2>&1 | tee "$tmp/said" && [ ! -s "$tmp/said" ]; }
# exposed UNIT LIMIT: the exposure is at most LIMIT tenths.
exposed() { systemd-analyze security --offline=true --no-pager --threshold="$2" "$tmp/units/$1"; }
says() { grep -qx -- "$2" "$here/$1"; }
without_network() { says sottod.service 'PrivateNetwork=yes' && says sottod.service 'RestrictAddressFamilies=AF_UNIX'; }
watched() { says sottod.service 'Type=notify' && grep -q '^WatchdogSec=[1-9]' "$here/sottod.service"; }
sees_outbox_only() {
    says sotto-upload.service 'TemporaryFileSystem=/var/lib/sotto:ro,mode=0755' &&
        says sotto-upload.service 'ReadWritePaths=/var/lib/sotto/outbox' &&
        ! grep -E '^(ReadWritePaths|Bind[A-Za-z]*)=' "$here/sotto-upload.service" | grep -v '=/var/lib/sotto/outbox$'
}
# Each unit runs as the user of its program, and that user is made.
users_made() {
    local unit user
    for unit in "$here"/*.service; do
        user=$(sed -n 's/^User=//p' "$unit")
        grep -qE "^u $user " "$here/sysusers.conf" && grep -qx "Group=$user" "$unit" || return 1
        # shellcheck disable=SC2013 # words
        for user in $(sed -n 's/^SupplementaryGroups=//p' "$unit"); do
            grep -qE "^g $user " "$here/sysusers.conf" || return 1
        done
    done
}

if has systemd-analyze; then
    check "the services are well formed" well_formed .service
    check "sottod's exposure is at most 1.0" exposed sottod.service 10
    check "sotto-web's and sotto-upload's are at most 1.5" eval 'exposed sotto-web.service 15 && exposed sotto-upload.service 15'
    sed -i '/^PrivateNetwork/d;/^RestrictAddress/d;/^NoNewPriv/d;/^Capability/d' "$tmp/units/sottod.service"
    refuse "a unit that was opened up would be noticed" 1 'exposure' exposed sottod.service 10
else
    skip "the units are well formed and hardened: systemd-analyze is not installed"
fi
check "sottod has no network, whatever else changes" without_network
check "sottod tells that it is ready, and is watched" watched
check "of the state sotto-upload sees the outbox alone" sees_outbox_only
check "every user and group of a unit is made by sysusers.d" users_made

root=$tmp/root
mkdir -p "$root/etc" "$root/run" "$root/var/lib"
make_users() { systemd-sysusers --root="$root" "$here/sysusers.conf" && cat "$root/etc/group"; }
member() { grep -qE "^$1:[^:]*:[^:]*:(.*,)?$2(,.*)?$" "$root/etc/group"; }
members() { member sotto-ui sotto-web && member sotto-ui sotto && ! member sotto-operator sotto-web && ! member sotto sotto-upload; }
id_of() { awk -F: -v name="$2" '$1 == name {print $3}' "$root/etc/$1"; }
# folder MODE USER GROUP PATH
folder() { [ "$(stat -c '%a %u %g' "$root$4")" = "$1 $(id_of passwd "$2") $(id_of group "$3")" ] || { stat "$root$4" && return 1; }; }
folders() {
    folder 711 sotto sotto /var/lib/sotto && folder 700 sotto sotto /var/lib/sotto/keys &&
        folder 2770 sotto sotto-upload /var/lib/sotto/outbox && folder 750 sotto-web sotto-web /run/sotto-web
}
if [ "$(id -u)" -eq 0 ] && has systemd-sysusers && has systemd-tmpfiles; then
    check "sysusers.d makes the users" make_users
    check "a screen's user reaches the screen's socket only" members
    check "tmpfiles.d makes the folders" systemd-tmpfiles --root="$root" --create "$here/tmpfiles.conf"
    check "each folder belongs to the right user, with the right mode" folders
else
    skip "users and folders: this needs root, systemd-sysusers and systemd-tmpfiles"
fi

# The script against the real start-stop-daemon, with programs that only wait.
# shellcheck disable=SC2016 # the script's own variables
play() {
    local name
    mkdir -p "$tmp/bin" "$tmp/run" "$tmp/state"
    chmod 755 "$tmp"
    for name in sottod sotto-web sotto-upload; do
        printf '#!/bin/sh\nexec sleep 600\n' >"$tmp/bin/$name" && chmod +x "$tmp/bin/$name"
    done
    sed -e "s|^BIN=.*|BIN=$tmp/bin|" -e "s|^STATE=.*|STATE=$tmp/state|" -e 's|/var/run/|@RUN@|g' \
        -e "s| /run/sotto| $tmp/run/sotto|g" -e "s|@RUN@|$tmp/run/|g" -e "s|/etc/sotto/upload.conf|/dev/null|; s|-f /dev/null|-e /dev/null|" -e 's/-c sotto /-c nobody /; s/-c "\$name"/-c nobody/; s/chown "\$2"/true/' "$script" >"$tmp/S90sotto"
    sh "$tmp/S90sotto" start || return 1
    for name in sottod sotto-web sotto-upload; do
        kill -0 "$(cat "$tmp/run/$name.pid")" || return 1
        [ "$(stat -c %U "/proc/$(cat "$tmp/run/$name.pid")")" = nobody ] || return 1
        cat "$tmp/run/$name.pid" >>"$tmp/pids"
    done
    [ "$(readlink "/proc/$(cat "$tmp/run/sottod.pid")/ns/net")" != "$(readlink /proc/self/ns/net)" ] || return 1
    sh "$tmp/S90sotto" stop
}
stopped() {
    local pid
    while read -r pid; do ! kill -0 "$pid" 2>/dev/null || return 1; done <"$tmp/pids"
}
check "SysV's script is plain sh" sh -n "$script"
if [ "$(id -u)" -eq 0 ] && has start-stop-daemon && unshare -n true 2>/dev/null; then
    check "SysV's script starts each program as another user, sottod without the network" play
    check "and stops them all" stopped
else
    skip "SysV's script starts and stops: this needs root, start-stop-daemon and unshare"
fi
finish
