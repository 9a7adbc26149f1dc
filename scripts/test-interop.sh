#!/usr/bin/env bash
# Runs the Python tests: the ctypes bench and the servers that none of us wrote. unittest prints what was skipped.
set -euo pipefail
cd "$(dirname "$0")/.."
for directory in tests/interop tests/bench; do
    if [ -d "$directory" ]; then
        echo "interop: $directory"
        python3 -m unittest discover --verbose --start-directory "$directory"
    else
        echo "interop: 1 SKIPPED: no $directory"
    fi
done
