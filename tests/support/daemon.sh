# shellcheck shell=bash
# shellcheck disable=SC2154 # tmp is tap.sh's
# daemon: what the tests of sottod, sotto-web and sotto-upload share. Source it after tap.sh. Makes
# signed packs and a configuration in $tmp, starts and stops daemons by their process id.

# The system's own where there is one: other users can run it too.
python=$(PATH=/usr/bin:$PATH command -v python3)
pids=()
stop_all() {
    local pid
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null; done
    rm -rf "$tmp"
}
trap stop_all EXIT

quiet() { "$@" >>"$tmp/steps" 2>&1 || { cat "$tmp/steps"; return 1; }; }
# Packs of a small town; the banner may go after 500 ms.
make_packs() (
    cd "$tmp" || return 1
    sed -e 's/^min-display = .*/min-display = 500ms/' "$OLDPWD/firmware-config/policies/demo.ini" >demo.ini
    cp -R "$OLDPWD/firmware-config/policies/texts" .
    quiet "$O/sotto-sim" generate --seed 5 --days 30 --items 100 --out town.csv &&
        quiet "$O/sotto-pack" keygen --no-password --out merchandising &&
        quiet "$O/sotto-pack" keygen --no-password --out privacy &&
        quiet "$O/sotto-pack" train --no-measure --out model.pack town.csv &&
        quiet "$O/sotto-pack" policy --model model.pack --out policy.pack demo.ini &&
        quiet "$O/sotto-pack" sign --key merchandising.key model.pack &&
        quiet "$O/sotto-pack" sign --key privacy.key policy.pack
)
# make_config FOLDER: run and data folders, and a configuration that uses them.
make_config() {
    mkdir -p "$1/data" "$1/outbox" && chmod 700 "$1/data" && chmod 755 "$1" "$tmp" || return 1
    cat >"$1/sotto.conf" <<END
[device]
keys = $1/data/keys
vault = $1/data/vault.db
model = $tmp/model.pack
model-key = $tmp/merchandising.pub
policy = $tmp/policy.pack
policy-key = $tmp/privacy.pub
allow-unlocked = yes

[sockets]
ui-socket = $1/ui.sock
operator-socket = $1/operator.sock
subject-socket = $1/subject.sock

[reports]
outbox = $1/outbox
END
}
# wait_for SECONDS COMMAND…: until it succeeds.
wait_for() {
    local until=$((SECONDS + $1))
    shift
    while ! "$@" 2>/dev/null; do
        [ "$SECONDS" -lt "$until" ] || return 1
        sleep 0.05
    done
}
# start_daemon FOLDER [OPTION…]: its pid is in $pid.
start_daemon() {
    local folder=$1
    shift
    "$O/sottod" --config "$folder/sotto.conf" "$@" >"$folder/log" 2>&1 &
    pid=$!
    pids+=("$pid")
    # The name alone may be that of one that was killed.
    wait_for 20 answers "$folder/subject.sock" || { cat "$folder/log"; return 1; }
}
answers() { rpc "$1" budget >/dev/null; }
# ends PID: how it ended.
ends() { wait "$1"; }
rpc() { "$python" tests/support/rpc.py "$@"; }
