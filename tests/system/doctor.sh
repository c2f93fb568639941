#!/bin/bash
# doctor: `sotto doctor` says what is wrong with a device. A healthy one first, then one fault after
# the other: the right line, the right exit code, and nothing else amiss.
# seconds: 120
# shellcheck disable=SC2317 # check calls the functions
# shellcheck source=tests/support/tap.sh
. "$(dirname "$0")/../support/tap.sh"
# shellcheck source=tests/support/daemon.sh
. tests/support/daemon.sh

d=$tmp/d
config=$d/sotto.conf
doctor() { "$O/sotto" doctor --config "$config" --chromium "$tmp/managed" "$@"; }
# finds STATUS NAME PATTERN [COMMAND…]: this exit code, and of the checks that are not ok only NAME, with
# this sentence.
finds() {
    local wanted=$1 name=$2 pattern=$3 status
    shift 3
    [ $# -gt 0 ] || set -- doctor
    "$@" >"$tmp/found"
    status=$?
    cat "$tmp/found"
    echo "ended with $status, wanted $wanted: $name: $pattern"
    [ "$status" -eq "$wanted" ] && [ "$(grep -vc '^ok' "$tmp/found")" -eq 1 ] &&
        grep -E "^(warn|fail)  $name " "$tmp/found" | grep -E -- "$pattern" | grep -q -- ' -> .'
}
# also_finds: the same, but others may be amiss too.
also_finds() {
    local wanted=$1 name=$2 pattern=$3
    shift 3
    "$@" >"$tmp/found"
    local status=$?
    cat "$tmp/found"
    [ "$status" -eq "$wanted" ] && grep -E "^(warn|fail)  $name " "$tmp/found" | grep -qE -- "$pattern"
}
healthy() { doctor >"$tmp/found" && cat "$tmp/found" && ! grep -v '^ok' "$tmp/found"; }
ulimit -l unlimited 2>/dev/null || ulimit -l "$(ulimit -H -l)"

check "packs are made and signed" make_packs
mkdir "$tmp/managed"
starts() { make_config "$d" && start_daemon "$d"; }
check "a device starts" starts
check "a healthy device is well, and the code is 0" healthy
as_json() {
    doctor --json >"$tmp/json" && "$python" - "$tmp/json" <<'END'
import json, sys
told = json.load(open(sys.argv[1]))
assert set(told) == {"exit", "asked", "checks"} and told["exit"] == 0 and told["asked"] == "sottod", told
names = [c["name"] for c in told["checks"]]
assert names == "settings keys clock storage policy model sockets budget outbox memory random web chromium".split(), names
for c in told["checks"]:
    assert set(c) == {"name", "state", "what", "advice"} and c["state"] == "ok" and c["what"], c
END
}
check "as JSON it has the keys that are documented" as_json
check "it names who answers for the policy" grep -q 'answered for by Sam Example' "$tmp/found"

# Keys and settings.
key=$d/data/keys/device.key
chmod 644 "$key"
check "a key that others may read: 4" finds 4 keys 'device.key may be read by others \(mode 0644\)'
chmod 600 "$key" && chmod 750 "$d/data/keys"
check "a folder of keys that others may enter: 4" finds 4 keys 'has mode 0750'
chmod 700 "$d/data/keys"
check "and mended it is well" healthy
unknown_key() { sed 's/^keys =/keyz =/' "$config" >"$d/bad.conf" && config=$d/bad.conf doctor; }
check "a configuration that sottod would not take: 4, and the line" also_finds 4 settings 'bad.conf:2: \[device\] has no key "keyz"' unknown_key
check "a configuration that is not there: 5" also_finds 5 settings 'No such file' doctor --config "$d/none.conf"
refuse "a word too many is refused" 2 'too many' doctor now

# Packs.
expired() (
    cd "$tmp" && mkdir -p old && quiet "$O/sotto-pack" train --no-measure --created 2026-01-01 --not-after 2026-01-31 --out old/model.pack town.csv &&
        quiet "$O/sotto-pack" sign --key merchandising.key old/model.pack
)
check "a model is made that ended long ago" expired
check "an expired model: 4, and since when" finds 4 model 'expired on 2026-0[12]' doctor --model "$tmp/old/model.pack"
unsigned() { mkdir -p "$tmp/unsigned" && cp "$tmp/policy.pack" "$tmp/unsigned"; }
check "a policy lies without its signature" unsigned
check "an unsigned policy: 4, and what that means" finds 4 policy 'strict rules are in force: .*minisig' doctor --policy "$tmp/unsigned/policy.pack"
check "a policy of another's key: 4" finds 4 policy 'strict rules' doctor --policy-key "$tmp/merchandising.pub"
soon() (
    cd "$tmp" && mkdir -p soon && quiet "$O/sotto-pack" train --no-measure --not-after "$(date -d '+9 days' +%F)" --out soon/model.pack town.csv &&
        quiet "$O/sotto-pack" sign --key merchandising.key soon/model.pack
)
check "a model is made that ends soon" soon
check "a model that ends within the month: a warning, 1" finds 1 model 'expires on 20' doctor --model "$tmp/soon/model.pack"

# Clock and storage: a fake of each, for the doctor alone.
shim() { "$CC" -shared -fPIC -D_GNU_SOURCE -Wall -Wextra -Werror -o "$tmp/shim.so" tests/system/doctor/shim.c -ldl; }
faked() { env ASAN_OPTIONS=verify_asan_link_order=0 LD_PRELOAD="$tmp/shim.so" "$@"; }
in_1970() { faked FAKE_WALL_S=86500 "$O/sotto" doctor --config "$config"; }
behind() { faked FAKE_WALL_S=1736000000 "$O/sotto" doctor --config "$config"; }
full() { faked FAKE_SPACE=full "$O/sotto" doctor --config "$config"; }
read_only() { faked FAKE_SPACE=read-only "$O/sotto" doctor --config "$config"; }
check "a fake clock and file system are built" shim
check "a clock at 1970: 5" finds 5 clock 'it says 1970-01-02: it was never set' in_1970
check "a clock before the packs were signed: a warning, 1" finds 1 clock 'it says 2025-01-04, but a pack was signed on 20' behind
check "a full folder: 5" finds 5 storage 'is full: [0-9]+ KiB free' full
check "a read-only folder: 5" finds 5 storage 'is read-only' read_only

# Outbox and sockets.
old_report() { : >"$d/outbox/0000000001.report" && touch -d '5 days ago' "$d/outbox/0000000001.report"; }
check "a report is left lying" old_report
check "reports that nobody takes: a warning, 1" finds 1 outbox '1 reports wait, the oldest for 5 days'
rm "$d/outbox/0000000001.report"
chmod 777 "$d/outbox"
check "an outbox that anybody may fill: 4" finds 4 outbox 'mode 0777'
chmod 755 "$d/outbox"
chmod 666 "$d/operator.sock"
check "a socket that everybody may try: 4" finds 4 sockets 'operator.sock has mode 0666'
chmod 660 "$d/operator.sock"

# The web front end.
token=$d/token
web() { printf '[web]\ntoken-file = %s\n%s\n' "$token" "$1" >"$d/web.conf"; }
web ''
check "a web front end that does not run: 5" finds 5 web 'sotto-web does not run'
: >"$token" && chmod 644 "$token"
check "a token that others may read: 4" finds 4 web 'token has mode 0644'
chmod 640 "$token"
check "a token with its mode is well" healthy
web 'origins = https://kiosk.example'
check "a page from elsewhere without a policy: a warning, 1" finds 1 chromium 'no managed policy lets https://kiosk.example'
echo '{' >"$tmp/managed/sotto.json"
check "a policy that is no JSON: a warning, 1" finds 1 chromium 'is no JSON'
cp firmware-config/chromium/sotto.json "$tmp/managed"
check "with the one of firmware-config it is well" healthy
policy_is_valid() {
    "$python" - firmware-config/chromium/sotto.json <<'END'
import json, re, sys
def once(pairs):
    assert len(pairs) == len(dict(pairs)), "a key is given twice"
    return dict(pairs)
policy = json.load(open(sys.argv[1]), object_pairs_hook=once)
assert set(policy) == {"LocalNetworkAccessAllowedForUrls", "LoopbackNetworkAllowedForUrls"}, policy
for origins in policy.values():
    assert origins and all(re.fullmatch(r"https://[a-z0-9.-]+(:\d+)?", o) for o in origins), origins
END
}
check "that policy names known keys, and origins only" policy_is_valid
rm "$d/web.conf"

# Without sottod.
killed() { kill -9 "$pid"; wait "$pid"; [ -S "$d/ui.sock" ]; }
check "sottod dies and leaves its sockets" killed
check "a dead daemon and its stale socket: 5, and the rest from the vault" finds 5 sockets 'left .*ui.sock behind, and nobody answers'
asks_the_vault() { doctor --json | grep -q '"asked": "vault"' && [ "$(stat -c %u%a "$key")" = "$(stat -c %u "$d/data")600" ]; }
check "the vault was asked, and the key is as it was" asks_the_vault
rm "$d"/*.sock
check "no daemon and no socket: 5" finds 5 sockets 'sottod does not run: there is no'
rm -rf "$d/data/keys"
check "keys that are gone while the vault is there: 4" also_finds 4 keys 'keys is gone, but there is a vault' doctor
nothing_made() { [ ! -e "$d/data/keys" ]; }
check "and no new ones are made" nothing_made
finish
