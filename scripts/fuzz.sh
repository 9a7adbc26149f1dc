#!/usr/bin/env bash
# Builds every fuzz target of fuzz/Cargo.toml with coverage and the address sanitizer, and runs each, two at a time.
# Stops at the first finding and says how to reproduce it. usage: [FUZZ_SECONDS=600] [FUZZ_SEED=n] scripts/fuzz.sh [target…]
# Without FUZZ_SEED, each run takes another way; `make fuzz-smoke` always takes the same, so that what it says is of the change.
# The DTLS targets have C in them, built the same way by fuzz/build.rs, which needs clang.
# RUSTC_BOOTSTRAP lets stable rustc take the flags that cargo-fuzz would give to a nightly one.
# Extra cargo options (features of the self-test) come in FUZZ_CARGO.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${FUZZ_SECONDS:-600}
host=$(rustc -vV | sed -n 's/^host: //p')
bin=target/fuzz/$host/release

# Every [[bin]] but the one that needs a feature, which is the self-test's.
mapfile -t targets < <(awk -v RS= -F'"' '/^\[\[bin\]\]/ && !/required-features/ { print $2 }' fuzz/Cargo.toml)
if [ $# -gt 0 ]; then targets=("$@"); fi
[ ${#targets[@]} -gt 0 ] || { echo "fuzz: no [[bin]] in fuzz/Cargo.toml" >&2; exit 1; }

flags="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares -Zsanitizer=address -Ccodegen-units=1"
# shellcheck disable=SC2086 # FUZZ_CARGO is a list of words
RUSTC_BOOTSTRAP=1 RUSTFLAGS=$flags cargo build --quiet --release --manifest-path fuzz/Cargo.toml \
    --target "$host" --target-dir target/fuzz --bins ${FUZZ_CARGO:-}

# Runs one target. New inputs go to target/fuzz, the committed seeds are only read.
fuzz_one() {
    local target=$1 work=target/fuzz/work/$1
    local seeds=fuzz/seeds/$target
    [ -n "$(ls -A "$seeds" 2>/dev/null)" ] || { echo "fuzz: $target: no seed in $seeds" >&2; return 1; }
    mkdir -p "$work/corpus" "$work/findings"
    local dictionary=()
    if [ -e "fuzz/dictionaries/$target" ]; then dictionary=("-dict=fuzz/dictionaries/$target"); fi
    "$bin/$target" "${dictionary[@]}" -max_total_time="$seconds" -seed="${FUZZ_SEED:-0}" -timeout=10 -rss_limit_mb=1024 \
        -print_final_stats=1 -close_fd_mask=1 -artifact_prefix="$work/findings/" "$work/corpus" "$seeds" 2>"$work/log" &
    local run=$!
    trap 'kill "$run" 2>/dev/null' TERM # when the other one failed
    if wait "$run"; then
        echo "fuzz: $target: passed, $(sed -n 's/^stat::number_of_executed_units: *//p' "$work/log") runs"
        return 0
    fi
    {
        grep -v -E '^(#|INFO|stat::)' "$work/log" | head -n 60
        echo "fuzz: $target: FAILED; reproduce: $bin/$target \$(ls -t $work/findings/* | head -n 1)   (log: $work/log)"
    } >&2
    return 1
}

# Ends a run; if it failed, the other one too.
one_ended() {
    wait -n && return
    mapfile -t others < <(jobs -p)
    [ ${#others[@]} -eq 0 ] || kill "${others[@]}" 2>/dev/null || true
    exit 1
}

running=0
for target in "${targets[@]}"; do
    if [ "$running" -eq 2 ]; then
        one_ended
        running=1
    fi
    fuzz_one "$target" &
    running=$((running + 1))
done
while [ "$running" -gt 0 ]; do
    one_ended
    running=$((running - 1))
done
echo "fuzz: ${#targets[@]} passed, 0 failed, $seconds s each"
