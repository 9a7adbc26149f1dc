#!/usr/bin/env bash
# Builds the archive for one CPU. usage: scripts/firmware.sh TARGET [OPT [CRATE [CARGO-OPTION…]]]
# OPT is z or s (CRATE is for the tooling's own tests). RUSTC_BOOTSTRAP lets a stable compiler build core from source.
# Archives for z lie in target/firmware/TARGET/release, those for s in target/firmware-s. With CHECKED=1 our own code
# panics on arithmetic overflow; that archive (firmware-checked) is not shipped, it shows that none is possible. With DIST=1
# the archive (firmware-dist) is for those who have no cargo: whimbrel_crypto_software is in it, no path of this machine is.
set -euo pipefail
cd "$(dirname "$0")/.."
target=$1
opt=${2:-z}
crate=${3:-.}
shift $(($# < 3 ? $# : 3))
directory=$PWD/target/firmware
[ "$crate" = . ] || directory=$PWD/target/$(basename "$crate")/firmware
[ "$opt" = z ] || directory=$directory-$opt
if [ "${CHECKED:-0}" = 1 ]; then
    directory=$directory-checked
    set -- --config profile.release.package.whimbrel.overflow-checks=true "$@"
fi
if [ "${DIST:-0}" = 1 ]; then
    directory=$directory-dist
    set -- --features crypto "$@"
    CARGO_ENCODED_RUSTFLAGS=$(RUSTC=${FIRMWARE_RUSTC:-/usr/bin/rustc} scripts/rust-flags.sh "$target")
    export CARGO_ENCODED_RUSTFLAGS
fi

# panic=abort and not immediate-abort: a panic must stay visible to scripts/symbols.py.
cd "$crate"
RUSTC=${FIRMWARE_RUSTC:-/usr/bin/rustc} RUSTC_BOOTSTRAP=1 CARGO_PROFILE_RELEASE_OPT_LEVEL=$opt \
    cargo rustc --quiet --lib --release --crate-type staticlib --no-default-features \
    -Z build-std=core --target "$target" --target-dir "$directory/build/$target" "$@"

# Each CPU has a build directory of its own, so that two can be built at a time. The archive is put in place whole.
mkdir -p "$directory/$target/release"
archive=$directory/$target/release/libwhimbrel.a
built=$directory/build/$target/$target/release/libwhimbrel.a
if ! cmp -s "$built" "$archive"; then
    cp -p "$built" "$archive.$$"
    mv "$archive.$$" "$archive"
fi
