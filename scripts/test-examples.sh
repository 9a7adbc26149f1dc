#!/usr/bin/env bash
# Runs what is in C. Every example under valgrind against a server of its own (tests/c/examples.py has a check for each;
# the demo's server is lab-server), and an example without a check fails. Every test of tests/c under valgrind, and once
# more with sanitizers. make has compiled all of it with warnings as errors.
set -euo pipefail
cd "$(dirname "$0")/.."
export VALGRIND="valgrind --quiet --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=all --suppressions=$PWD/tests/c/valgrind.supp"
passed=0
failed=0

# run NAME COMMAND…: what takes longer than two minutes hangs
run() {
    local name=$1
    shift
    if timeout 120 "$@"; then
        passed=$((passed + 1))
    else
        echo "$name: failed" >&2
        failed=$((failed + 1))
    fi
}

for source in examples-c/*.c; do
    # that one takes a reader: tests/uicc/test_example.py
    [ "$source" != examples-c/card_pcsc.c ] || continue
    name=$(basename "$source" .c)
    run "examples-c/$name" python3 tests/c/examples.py "$name" "target/examples-c/$name"
done
for source in tests/c/*.c; do
    name=$(basename "$source" .c)
    # shellcheck disable=SC2086 # words to be split
    run "tests/c/$name" $VALGRIND "target/tests-c/$name"
    run "tests/c/$name with sanitizers" "target/tests-c/$name.sanitized"
done
run "tests/c/threads under helgrind" valgrind --quiet --tool=helgrind --error-exitcode=9 target/tests-c/threads
echo "C: $passed runs passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
