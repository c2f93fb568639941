#!/bin/bash
# load: the load of `make bench-daemon`, as short as a test can afford.
# seconds: 180
# shellcheck disable=SC2317 # check calls the functions
# shellcheck source=tests/support/tap.sh
. "$(dirname "$0")/../support/tap.sh"

loaded() { tests/bench/daemon/run.sh 3 "$1"; }
check "400 clients for three seconds: what was acknowledged survives a kill, in 12 MB" loaded 400
finish
