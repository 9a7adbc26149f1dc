#!/usr/bin/env bash
# What somebody else meets who installs the library: programs in a directory of their own, outside this tree, built by
# pkg-config and by CMake from an installed prefix. They run against lab-server, which says what it saw. No cargo and no
# Python is to be found while they are built. Needs `make library mbedtls lab-server`. usage: tests/sdk/installed.sh
. "$(dirname "$0")/lib.sh"

# by_pkg_config PACKAGE OUT FLAG…: one compiler call, as a manual would show it
by_pkg_config() {
    local package=$1 out=$2 query=()
    shift 2
    [[ " $* " != *" -static "* ]] || query=(--static)
    # shellcheck disable=SC2016 # $ for the shell that is called
    bare sh -c 'package=$1 out=$2 query=$3; shift 3
        ports=$(pkg-config --variable=portsdir "$package") &&
        exec cc -std=c99 -Wall -Wextra -Wpedantic -Werror "$@" outsider/main.c "$ports"/posix/*.c -I"$ports"/posix \
            $(pkg-config $query --cflags --libs "$package") -lpthread -o "$out"' sh "$package" "$out" "${query[*]}" "$@"
}

needs() {
    readelf -d "$1" | grep "NEEDED.*$2"
}
needs_library() {
    needs "$1" "libwhimbrel\.so\.$2"
}

# ---- an installed prefix, by way of DESTDIR, and moved from where it was meant to be

prefix=$work/moved
install=(make -C "$here" --no-print-directory PREFIX=/opt/whimbrel)
check "install" "${install[@]}" DESTDIR="$work/root" install
mv "$work/root/opt/whimbrel" "$prefix"
lib=$prefix/lib
version=$(bare sed -n 's/.*WHIMBREL_VERSION_STRING "\(.*\)"/\1/p' "$prefix/include/whimbrel.h")
interface=${version%.*}
[[ $version = 0.* ]] || interface=${version%%.*}

soname() {
    same "$(readelf -d "$lib/libwhimbrel.so" | sed -n 's/.*soname: \[\(.*\)\]/\1/p')" "libwhimbrel.so.$interface" &&
        same "$(readlink -f "$lib/libwhimbrel.so")" "$lib/libwhimbrel.so.$version" &&
        same "$(readlink -f "$lib/libwhimbrel.so.$interface")" "$lib/libwhimbrel.so.$version"
}
check "soname and links" soname
check "nothing that was installed names this tree or the prefix it was meant for" \
    eval '! grep -rIl -e "$here" -e /opt/whimbrel "$prefix/lib" "$prefix/include"'
export PKG_CONFIG_PATH=$lib/pkgconfig
check "pkg-config knows the version" eval 'same "$(bare pkg-config --modversion whimbrel)" "$version"'
check "pkg-config: shared, builds" by_pkg_config whimbrel shared -Wl,-rpath,"$lib"
check "pkg-config: shared, is shared" needs_library shared "$interface"
check "pkg-config: shared, registers" registers ./shared
check "pkg-config: whimbrel-static, builds" by_pkg_config whimbrel-static mixed
check "pkg-config: whimbrel-static, is static" eval 'test -x mixed && ! needs_library mixed ""'
check "pkg-config: whimbrel-static, registers" registers ./mixed
check "pkg-config: --static, builds" by_pkg_config whimbrel all_static -static
check "pkg-config: --static, needs nothing" eval 'test -x all_static && ! readelf -d all_static | grep NEEDED'
check "pkg-config: --static, registers" registers ./all_static
unset PKG_CONFIG_PATH

by_cmake() {
    bare cmake -S outsider -B "$1" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_FLAGS="-Wall -Wextra -Wpedantic -Werror" \
        -DMBEDTLS_FLAGS="$(cat "$here/target/mbedtls/host/cflags")" -DMBEDTLS_ARCHIVE="$here/target/mbedtls/host/libmbedtls.a" \
        && bare cmake --build "$1"
}
check "CMake: builds" by_cmake built
check "CMake: shared, is shared" needs_library built/with_shared "$interface"
check "CMake: shared, registers" registers built/with_shared
check "CMake: static, is static" eval 'test -x built/with_static && ! needs_library built/with_static ""'
check "CMake: static, registers" registers built/with_static
check "CMake: a program with the modem's port registers" registers built/with_modem
check "CMake: DTLS by Mbed TLS is linked" eval 'nm built/with_dtls | grep " T mbedtls_ssl_handshake"'
if pkg-config --exists libpcsclite; then
    check "CMake: a program with the port of PC/SC was built" needs built/with_reader libpcsclite
else
    echo "sdk: skipped: the port of PC/SC, for there is no libpcsclite (scripts/setup.sh card)"
fi

# finds VERSION: what find_package says to it
finds() {
    mkdir -p asked
    printf 'cmake_minimum_required(VERSION 3.16)\nproject(asked C)\nfind_package(whimbrel %s REQUIRED)\n' "$1" >asked/CMakeLists.txt
    bare cmake -S asked -B asked/built -DCMAKE_PREFIX_PATH="$prefix"
}
if [[ $version = 0.* ]]; then
    next=0.$((${interface#0.} + 1))
    check "CMake: the same minor version is taken" finds "$interface"
    check "CMake: the exact version is taken" finds "$version EXACT"
    refuses "CMake: another minor version is refused" "$version" finds "$next"
    refuses "CMake: an older minor version is refused" "$version" finds 0.0
    refuses "CMake: a newer patch is refused" "$version" finds "$interface.999"
    refuses "CMake: version 1 is refused" "$version" finds 1.0
    check "CMake: a range that holds it is taken" finds "0.0...<$next"
    refuses "CMake: a range below it is refused" "$version" finds "0.0...<$interface"
fi

check "the demo of the package against lab-server" eval '
    PKG_CONFIG_PATH=$lib/pkgconfig by_pkg_config whimbrel-static unused && cp "$prefix"/share/whimbrel/examples-c/demo.c outsider/main.c &&
    PKG_CONFIG_PATH=$lib/pkgconfig by_pkg_config whimbrel-static demo && "$here/scripts/demo.sh" "$work/demo"'

# ---- another directory for libraries; uninstall leaves nothing but directories

elsewhere() {
    local package=$work/root/opt/whimbrel/lib/machine/pkgconfig
    "${install[@]}" DESTDIR="$work/root" LIBDIR=lib/machine install >/dev/null || return 1
    PKG_CONFIG_PATH=$package by_pkg_config whimbrel-static elsewhere || return 1
    "${install[@]}" DESTDIR="$work/root" LIBDIR=lib/machine uninstall >/dev/null
    same "$(find root ! -type d)" ""
}
check "LIBDIR, and uninstall" elsewhere

finish installed
