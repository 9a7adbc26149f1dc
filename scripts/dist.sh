#!/usr/bin/env bash
# Makes target/dist/whimbrel-VERSION-CPU.tar.gz: header, static library, sources of ports, examples, pages, licences, and a
# Makefile that builds the examples with nothing but a C compiler. The same input gives the same bytes.
# usage: scripts/dist.sh CPU [DIRECTORY]   CPU: x86_64 aarch64 thumbv6m thumbv7em thumbv7emhf thumbv8m.main
set -euo pipefail
cd "$(dirname "$0")/.."
cpu=$1
out=${2:-target/dist}
version=$(sed -n '/^version = /{s/.*"\(.*\)"/\1/p;q}' Cargo.toml)
name=whimbrel-$version-$cpu
make=sdk/archive/bare.mk
flags='' board='' memory=''
builds="an image that runs in QEMU"
links=" and your C library (\`memcpy\`, \`memmove\`, \`memset\`, \`memcmp\`, \`strlen\`)"
ciphers="The library has \`whimbrel_crypto_software\`. A program that does not name it has no way to panic, and does not pay for it."
case $cpu in
    x86_64) target='' make=sdk/archive/linux.mk fits="For Linux with glibc." ;;
    aarch64)
        target=aarch64-unknown-none make=sdk/archive/linux.mk
        fits="For Linux, in any C library, and without an operating system: it is compiled for neither, position independent."
        ;;
    thumbv6m) target=thumbv6m-none-eabi flags="-mcpu=cortex-m0 -mthumb" board=microbit memory=microbit.ld
        fits="For Cortex-M0, M0+ and M1." ;;
    thumbv7em) target=thumbv7em-none-eabi flags="-mcpu=cortex-m4 -mthumb -mfloat-abi=soft" board=mps2-an386 memory=mps2.ld
        fits="For Cortex-M4 and M7, floats by software or in firmware with the ABI \`soft\` or \`softfp\`." ;;
    thumbv7emhf) target=thumbv7em-none-eabihf flags="-mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16"
        board=mps2-an386 memory=mps2.ld fits="For Cortex-M4F and M7F, with floats passed in registers (\`-mfloat-abi=hard\`)." ;;
    thumbv8m.main) target=thumbv8m.main-none-eabi flags="-mcpu=cortex-m33 -mthumb -mfloat-abi=soft" board=mps2-an505 memory=an505.ld
        fits="For Cortex-M33 and M35P, floats by software or in firmware with the ABI \`soft\` or \`softfp\`." ;;
    *) echo "dist: no CPU $cpu" >&2; exit 2 ;;
esac
if [ "$make" = sdk/archive/linux.mk ]; then
    builds="those that need no other library; its head says how the others are built"
    ciphers="The library has \`whimbrel_crypto_software\`."
    links=" and \`-lpthread -ldl -lm\`"
fi

if [ -n "$target" ]; then
    DIST=1 scripts/firmware.sh "$target" z
    archive=target/firmware-dist/$target/release/libwhimbrel.a
else
    CARGO_ENCODED_RUSTFLAGS=$(scripts/rust-flags.sh host) \
        cargo rustc --quiet --lib --release --crate-type staticlib --target-dir target/dist/host
    archive=target/dist/host/release/libwhimbrel.a
fi

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
to=$stage/$name
scripts/sdk-tree.sh "$to"
install -D -m 644 include/whimbrel.h "$to/include/whimbrel.h"
install -D -m 644 "$archive" "$to/lib/libwhimbrel.a"
# the debug information of Rust's standard library is of no use to anybody
[ -n "$target" ] || strip --strip-debug --enable-deterministic-archives "$to/lib/libwhimbrel.a"
sed -e "s|@FLAGS@|$flags|" -e "s|@BOARD@|$board|" -e "s|@MEMORY@|$memory|" "$make" >"$to/Makefile"
sed -e "s|@VERSION@|$version|" -e "s|@CPU@|$cpu|" -e "s|@FITS@|$fits|" -e "s|@BUILDS@|$builds|" -e "s|@LINKS@|$links|" \
    -e "s|@CIPHERS@|$ciphers|" sdk/archive/README.md.in >"$to/README.md"

# what the library is made of, apart from ours
cargo tree --quiet --package whimbrel --edges normal --prefix none --format '{p}' | sed 's/ (.*//' | sort -u |
    while read -r crate number; do
        [ "$crate" != whimbrel ] || continue
        for licence in "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*/"$crate-${number#v}"/LICENSE*; do
            install -D -m 644 "$licence" "$to/licenses/$crate/$(basename "$licence")"
        done
    done

mkdir -p "$out"
epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 315532800)}
tar --create --directory "$stage" --sort=name --format=ustar --owner=0 --group=0 --numeric-owner --mtime="@$epoch" \
    --mode='u=rwX,go=rX' "$name" | gzip -9 --no-name >"$stage/archive"
mv "$stage/archive" "$out/$name.tar.gz"
echo "dist: $out/$name.tar.gz: $(stat -c %s "$out/$name.tar.gz") bytes"
