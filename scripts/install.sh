#!/usr/bin/env bash
# Puts the library into a prefix, or takes it out again: libraries, header, pkg-config files, CMake package, sources of
# the ports, examples, pages. What is installed finds itself by its own place, so that the prefix may be moved.
# usage: PREFIX=/usr/local LIBDIR=lib DESTDIR= VERSION=x.y.z SOVERSION=… scripts/install.sh install|uninstall
set -euo pipefail
cd "$(dirname "$0")/.."
: "${PREFIX:?}" "${LIBDIR:?}" "${VERSION:?}" "${SOVERSION:?}"
built=target/release
to=${DESTDIR:-}$PREFIX
lib=$to/$LIBDIR

if [[ $LIBDIR = /* ]]; then
    echo "install: LIBDIR is a directory below PREFIX, such as lib or lib/x86_64-linux-gnu" >&2
    exit 2
fi

# up PATH: the way back from PATH to where it begins, as ../..
up() {
    sed 's|[^/][^/]*|..|g' <<<"$1"
}

# fill TEMPLATE DIRECTORY: writes DIRECTORY/name of TEMPLATE without .in
fill() {
    local out
    out=$2/$(basename "$1" .in)
    sed -e "s|@UP@|$(up "$LIBDIR/pkgconfig")|" -e "s|@CMAKE_UP@|$(up "$LIBDIR/cmake/whimbrel")|" \
        -e "s|@LIBDIR@|$LIBDIR|" -e "s|@VERSION@|$VERSION|" -e "s|@SOVERSION@|$SOVERSION|" \
        -e "s|@POINTER_BYTES@|$((bits / 8))|" -e "s|@POINTER_BITS@|$bits|" "$1" >"$out"
    chmod 644 "$out"
}

do_install() {
    bits=64
    [ "$(od -An -tu1 -j4 -N1 "$built/libwhimbrel.so" | tr -d ' ')" = 2 ] || bits=32 # ELF class
    install -d "$to/include" "$lib/pkgconfig" "$lib/cmake/whimbrel" "$to/share/doc"
    install -m 644 include/whimbrel.h "$to/include"
    install -m 644 "$built/libwhimbrel.a" "$lib"
    install -m 755 "$built/libwhimbrel.so" "$lib/libwhimbrel.so.$VERSION"
    ln -sf "libwhimbrel.so.$VERSION" "$lib/libwhimbrel.so.$SOVERSION"
    ln -sf "libwhimbrel.so.$SOVERSION" "$lib/libwhimbrel.so"
    fill sdk/whimbrel.pc.in "$lib/pkgconfig"
    fill sdk/whimbrel-static.pc.in "$lib/pkgconfig"
    fill sdk/cmake/whimbrel-config.cmake.in "$lib/cmake/whimbrel"
    fill sdk/cmake/whimbrel-config-version.cmake.in "$lib/cmake/whimbrel"
    rm -rf "$to/share/whimbrel" # what an earlier version had and this one has not
    scripts/sdk-tree.sh "$to/share/whimbrel"
    ln -sfn ../../include "$to/share/whimbrel/include"
    ln -sfn ../whimbrel "$to/share/doc/whimbrel"
}

do_uninstall() {
    rm -f "$to/include/whimbrel.h" "$lib"/libwhimbrel.a "$lib"/libwhimbrel.so "$lib"/libwhimbrel.so.* \
        "$lib"/pkgconfig/whimbrel.pc "$lib"/pkgconfig/whimbrel-static.pc "$to/share/doc/whimbrel"
    rm -rf "$lib/cmake/whimbrel" "$to/share/whimbrel"
}

case ${1:-} in
    install | uninstall) "do_$1" ;;
    *) echo "usage: scripts/install.sh install|uninstall" >&2; exit 2 ;;
esac
