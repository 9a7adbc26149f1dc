#!/usr/bin/env bash
# Runs the C examples under valgrind. An example examples-c/NAME.c is run by examples-c/NAME.test, a bash script that
# gets the program's path as $1 and the words to put before it as $VALGRIND; its exit status is the verdict.
# An example without such a script is only compiled, and counted as that.
set -euo pipefail
cd "$(dirname "$0")/.."
export VALGRIND="valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=all"
passed=0
failed=0
compiled=0
for source in examples-c/*.c; do
    [ -e "$source" ] || continue
    name=$(basename "$source" .c)
    if [ ! -e "examples-c/$name.test" ]; then
        echo "examples: $name: NOT RUN, no examples-c/$name.test"
        compiled=$((compiled + 1))
    elif timeout 120 bash "examples-c/$name.test" "target/examples-c/$name"; then
        passed=$((passed + 1))
    else
        echo "examples: $name: failed" >&2
        failed=$((failed + 1))
    fi
done
echo "examples: $passed passed, $failed failed, $compiled only compiled"
[ "$failed" -eq 0 ]
