#!/usr/bin/env bash
# Builds Mbed TLS for the backend in ports/mbedtls. usage: scripts/mbedtls.sh [TARGET [CONFIG]]
# TARGET is host (the default) or a triple of scripts/firmware.sh; CONFIG a header in ports/mbedtls (config-full.h).
# Writes, with DIR = target/mbedtls/TARGET[-CONFIG without its prefix and suffix][-VARIANT]:
#   DIR/libmbedtls.a   everything, crypto included
#   DIR/cflags         one line: what a C compiler needs to see the headers in this configuration
# Silent and quick if nothing has changed. Environment:
#   MBEDTLS           a source tree to use instead of the one in tools/mbedtls/Cargo.lock: another 3.6.x, or 4.x
#   MBEDTLS_VARIANT   a suffix for DIR, and MBEDTLS_CFLAGS more compiler flags: sanitizers, coverage
#   CC, AR            the host's compiler and archiver
set -euo pipefail
cd "$(dirname "$0")/.."
target=${1:-host}
config=${2:-config-full.h}
short=${config#config-}
short=${short%.h}
directory=$PWD/target/mbedtls/$target
[ "$short" = full ] || directory=$directory-$short
[ -z "${MBEDTLS_VARIANT:-}" ] || directory=$directory-$MBEDTLS_VARIANT
[ -f "ports/mbedtls/$config" ] || { echo "mbedtls: no ports/mbedtls/$config" >&2; exit 2; }

cc=arm-none-eabi-gcc
ar=arm-none-eabi-ar
flags="-std=c99 -Os -mthumb -ffunction-sections -fdata-sections"
case $target in
host) cc=${CC:-cc} ar=${AR:-ar} flags="-std=c99 -O2 -g -fPIC" ;;
thumbv6m-none-eabi) flags="$flags -mcpu=cortex-m0plus" ;;
thumbv7m-none-eabi) flags="$flags -mcpu=cortex-m3" ;;
thumbv7em-none-eabi) flags="$flags -mcpu=cortex-m4 -mfloat-abi=soft" ;;
thumbv7em-none-eabihf) flags="$flags -mcpu=cortex-m4 -mfloat-abi=hard -mfpu=fpv4-sp-d16" ;;
thumbv8m.main-none-eabi) flags="$flags -mcpu=cortex-m33 -mfloat-abi=soft" ;;
thumbv8m.main-none-eabihf) flags="$flags -mcpu=cortex-m33 -mfloat-abi=hard -mfpu=fpv5-sp-d16" ;;
*) echo "mbedtls: unknown target $target" >&2; exit 2 ;;
esac
flags="$flags ${MBEDTLS_CFLAGS:-}"

# One at a time: make -j and the tests may ask for the same archive.
mkdir -p target/mbedtls
if command -v flock >/dev/null; then
    exec 9>target/mbedtls/lock
    flock 9
fi

# Where the sources are. cargo is asked only if the path found last time is gone or the lock file is newer.
tree=${MBEDTLS:-}
if [ -z "$tree" ]; then
    known=target/mbedtls/tree
    if [ ! -e "$known" ] || [ tools/mbedtls/Cargo.lock -nt "$known" ] || [ ! -d "$(cat "$known")" ]; then
        manifest=$(cargo metadata --quiet --locked --format-version 1 --manifest-path tools/mbedtls/Cargo.toml \
            --filter-platform x86_64-unknown-linux-gnu |
            grep -o '"manifest_path":"[^"]*/mbedtls-rs-sys-[^"/]*/Cargo.toml"' | sort -u | cut -d '"' -f 4)
        [ -d "${manifest%/*}/mbedtls/library" ] || { echo "mbedtls: no sources beside $manifest" >&2; exit 1; }
        echo "${manifest%/*}/mbedtls" >"$known.new"
        mv "$known.new" "$known"
    fi
    tree=$(cat "$known")
fi
tree=$(cd "$tree" && pwd)

# 3.6 keeps the cryptography in library/; 4.x has it in a tree of its own with several folders of sources, some of them
# generated (a release has them), and with a configuration of its own. Written after its migration guide, not tried.
major=3
sources=("$tree/library")
public=("$tree/include")
private=("$tree/library")
if [ -d "$tree/tf-psa-crypto" ]; then
    crypto=$tree/tf-psa-crypto
    major=4
    [ "$short" = full ] || { echo "mbedtls: with Mbed TLS 4 there is config-full.h only" >&2; exit 2; }
    for folder in core dispatch drivers/builtin/src utilities platform extras; do
        [ ! -d "$crypto/$folder" ] || { sources+=("$crypto/$folder"); private+=("$crypto/$folder"); }
    done
    for folder in include drivers/builtin/include; do
        [ ! -d "$crypto/$folder" ] || public+=("$crypto/$folder")
    done
fi

state=$({
    echo "$cc $ar $flags $tree $config"
    "$cc" --version | head -n 1
    cat scripts/mbedtls.sh ports/mbedtls/config-*.h
    find "${sources[@]}" "${public[@]}" -type f -name '*.[ch]' -printf '%p %s %T@\n' | sort
} | sha256sum)
if [ -e "$directory/libmbedtls.a" ] && [ "$state" = "$(cat "$directory/stamp" 2>/dev/null)" ]; then exit 0; fi

# The configuration goes where build_info.h looks for it by itself: no macro with quotes in it, which every shell,
# make and cargo in between would have to hand on unharmed.
new=$directory.new
rm -rf "$new"
mkdir -p "$new/objects" "$new/include/mbedtls"
{
    [ "$major" = 3 ] || echo "#define WHIMBREL_MBEDTLS_4"
    echo "#include \"$PWD/ports/mbedtls/$config\""
} >"$new/include/mbedtls/mbedtls_config.h"

cflags="-I$directory/include"
for folder in "${public[@]}"; do cflags="$cflags -isystem$folder"; done
printf '%s\n' "$cflags" >"$new/cflags"

inside=
for folder in "${private[@]}"; do inside="$inside -I$folder"; done
# Our own include folder comes first, then the tree's as -I and not -isystem: that also works where CPATH is set.
for folder in "${public[@]}"; do inside="$inside -I$folder"; done
find "${sources[@]}" -maxdepth 1 -name '*.c' -print0 |
    CC=$cc FLAGS="$flags -I$new/include $inside" OBJECTS=$new/objects xargs -0 -n 12 -P 2 bash -euc '
        for source; do
            name=${source%/*}
            $CC $FLAGS -c "$source" -o "$OBJECTS/${name##*/}-$(basename "$source" .c).o"
        done' compile
(cd "$new/objects" && "$ar" crs ../libmbedtls.a ./*.o)
rm -r "$new/objects"
echo "$state" >"$new/stamp"
rm -rf "$directory"
mv "$new" "$directory"
