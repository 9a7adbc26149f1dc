#!/usr/bin/env bash
# Runs every C example under valgrind against a server of its own (tests/c/examples.py, which has a check for each;
# the demo's is lab-server). `make examples` has compiled them with warnings as errors. An example without a check fails.
set -euo pipefail
cd "$(dirname "$0")/.."
export VALGRIND="valgrind --quiet --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=all"
passed=0
failed=0
for source in examples-c/*.c; do
    name=$(basename "$source" .c)
    if timeout 120 python3 tests/c/examples.py "$name" "target/examples-c/$name"; then
        passed=$((passed + 1))
    else
        echo "examples: $name: failed" >&2
        failed=$((failed + 1))
    fi
done
echo "examples: $passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
