#!/usr/bin/env bash
# Runs the tests that are in Python: a server that none of us wrote (tests/interop), and the client in-process through
# ctypes (tests/bench). What is absent or skipped is said and counted.
set -euo pipefail
cd "$(dirname "$0")/.."
failed=0
if [ -d tests/interop ]; then
    tests/interop/leshan/fetch.sh
    tests/interop/build.sh
    python3 tests/interop/run.py || failed=1
else
    echo "interop: 1 SKIPPED: no tests/interop"
fi
if [ -d tests/bench ]; then
    python3 -m unittest discover --verbose --start-directory tests/bench || failed=1
else
    echo "interop: 1 SKIPPED: no tests/bench"
fi
exit $failed
