#!/usr/bin/env bash
# Runs make targets two at a time (STAGES_JOBS), all of them even if one fails. What a stage prints comes when it has ended; in the
# end, how long each took and which failed. What several stages need must be made before, or two would make it at once.
# usage: scripts/stages.sh TARGET…
set -uo pipefail
cd "$(dirname "$0")/.."
logs=target/stages
mkdir -p "$logs"
report=''
passed=0
declare -A name=() start=()

# Waits for one stage to end, and shows what it printed.
one_ended() {
    local pid stage verdict=FAILED
    if wait -n -p pid "${!name[@]}"; then
        verdict=passed
        passed=$((passed + 1))
    fi
    stage=${name[$pid]}
    echo "=== $stage"
    cat "$logs/$stage.log"
    report+=$(printf '%-16s %5d s  %s' "$stage" $((SECONDS - ${start[$pid]})) $verdict)$'\n'
    unset "name[$pid]"
}

for stage in "$@"; do
    while [ ${#name[@]} -ge "${STAGES_JOBS:-2}" ]; do one_ended; done
    make --no-print-directory "$stage" >"$logs/$stage.log" 2>&1 &
    name[$!]=$stage
    start[$!]=$SECONDS
done
while [ ${#name[@]} -gt 0 ]; do one_ended; done
printf '=== stages\n%s%-16s %5d s\n' "$report" total $SECONDS
echo "stages: $passed passed, $(($# - passed)) failed"
[ "$passed" -eq $# ]
