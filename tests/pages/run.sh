#!/bin/bash
# pages: the sample pages in headless Chromium, against the real daemons: banner, receipt, slate, why,
# not for me, a person, turn off, a visit that ends, a daemon that starts anew; what an ad, a machine's
# and the staff's items say of themselves; what is covered or hidden gives no receipt; axe-core looks
# for barriers.
#
#     O=build tests/pages/run.sh [PICTURES]      PICTURES: a folder for the screenshots
#
# Needs Debian's chromium, and npm for playwright-core and axe-core, which stay in a temporary folder.
# shellcheck disable=SC2317 # check calls the functions
# shellcheck source=tests/support/tap.sh
. "$(dirname "$0")/../support/tap.sh"
# shellcheck source=tests/support/daemon.sh
. tests/support/daemon.sh
pictures=${1:-$tmp/pictures}
mkdir -p "$pictures"

in_ten_kilobytes() { [ "$(stat -c %s platform/web/sotto.js)" -le 10240 ]; }
check "the banner element has at most 10 KB" in_ten_kilobytes

tools() { (mkdir "$tmp/npm" && cd "$tmp/npm" && npm init -y && npm install --no-audit --no-fund playwright-core@1.64.1 axe-core@4.14.1) >"$tmp/steps" 2>&1 || { tail -n 5 "$tmp/steps"; return 1; }; }
check "playwright-core and axe-core install" tools
check "packs are made and signed" make_packs

# A policy under which a visit is over after ten seconds.
make_idle() (
    cd "$tmp" && sed 's/^idle = .*/idle = 10s/' demo.ini >idle.ini &&
        quiet "$O/sotto-pack" policy --model model.pack --out idle.pack idle.ini &&
        quiet "$O/sotto-pack" sign --key privacy.key idle.pack
)
check "a policy with short visits is made" make_idle

# The three items that sell best: one is paid for, a machine made one, and the staff likes one.
make_labels() (
    cd "$tmp" && {
        echo 'item,title,sponsor,synthetic,staff'
        tail -n +2 town.csv | cut -d, -f3 | sort | uniq -c | sort -rn | awk 'NR == 1 {print $2 ",Beans,Acme Foods,no,no"}
            NR == 2 {print $2 ",Poem,,yes,no"} NR == 3 {print $2 ",Bread,,no,yes"}'
    } >labels.csv &&
        quiet "$O/sotto-pack" train --no-measure --out labels-model.pack --catalogue labels.csv \
            --catalogue-map item=item,title=title,sponsor=sponsor,synthetic=synthetic,staff=staff town.csv &&
        quiet "$O/sotto-pack" policy --model labels-model.pack --out labels.pack demo.ini &&
        quiet "$O/sotto-pack" sign --key merchandising.key labels-model.pack && quiet "$O/sotto-pack" sign --key privacy.key labels.pack
)
check "a catalogue with an ad is made" make_labels

# serve NAME LOCALE [POLICY [MODEL]]: a daemon and its door; the door's address with its token in $url.
serve() {
    local d=$tmp/$1 port=$((20000 + RANDOM % 20000)) try
    make_config "$d" && sed -i "s/^\[device\]/&\nlocale = $2/; s|/policy.pack|/${3:-policy}.pack|; s|/model.pack|/${4:-model}.pack|" "$d/sotto.conf" &&
        start_daemon "$d" || return 1
    for try in 1 2 3 4 5; do
        port=$((port + try))
        "$O/sotto-web" --port "$port" --ui-socket "$d/ui.sock" --pages platform/web --token-file "$d/token" >"$d/web.log" 2>&1 &
        pids+=($!)
        if wait_for 5 test -s "$d/token"; then
            url="http://127.0.0.1:$port/kiosk.html#token=$(cat "$d/token")"
            return 0
        fi
    done
    cat "$d/web.log"
    return 1
}
check "a kiosk serves its page in English" serve en en
english=$url
check "another one in Arabic" serve ar ar
arabic=${url/kiosk.html/kiosk.html?lang=ar}
check "and one whose visits are short" serve idle en idle
idle=$url
check "and one that sells places" serve labels en labels labels-model
labels=$url
# The last daemon is started anew under its page.
sottod=$pid

drive() {
    HOME=$tmp SOTTOD="$O/sottod" SOTTOD_PID=$sottod SOTTOD_CONFIG=$tmp/labels/sotto.conf timeout 300 \
        node tests/pages/drive.mjs "$tmp/npm" "$pictures" "$english" "$arabic" "$idle" "$labels"
}
drive
case $? in
0) ;;
1) tap_failures=$((tap_failures + 1)) ;;
*) check "the drive came to its end" false ;;
esac
finish
