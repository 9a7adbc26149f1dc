#!/usr/bin/env bash
# Runs make targets one after the other, all of them even if one fails, and tells how long each took and which failed.
# usage: scripts/stages.sh TARGET…
set -uo pipefail
cd "$(dirname "$0")/.."
report=''
failed=0
for stage in "$@"; do
    echo "=== $stage"
    start=$SECONDS
    if make --no-print-directory "$stage"; then verdict=passed; else verdict=FAILED; failed=$((failed + 1)); fi
    report+=$(printf '%-16s %5d s  %s' "$stage" $((SECONDS - start)) "$verdict")$'\n'
done
printf '=== stages\n%s%-16s %5d s\n' "$report" total $SECONDS
echo "stages: $(($# - failed)) passed, $failed failed"
[ "$failed" -eq 0 ]
