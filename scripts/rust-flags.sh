#!/usr/bin/env bash
# Prints the compiler's flags for archives that leave this machine, in the form of CARGO_ENCODED_RUSTFLAGS: no directory of
# this machine shows in them, and what can be linked into a Linux program can be loaded anywhere in memory.
# usage: RUSTC=rustc scripts/rust-flags.sh TARGET
set -euo pipefail
cd "$(dirname "$0")/.."
sysroot=$("${RUSTC:-rustc}" --print sysroot)
flags=(
    "--remap-path-prefix=$PWD=whimbrel"
    "--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}/registry/src=crates"
    "--remap-path-prefix=$sysroot/lib/rustlib/src/rust=rust"
)
if [ "$1" = aarch64-unknown-none ]; then flags+=(-C relocation-model=pic); fi
separator=$'\x1f'
printf '%s' "${flags[0]}"
printf "$separator%s" "${flags[@]:1}"
