#!/usr/bin/env bash
# Sourced by the tests here: counting, a PATH with nothing but a C programmer's tools, programs that register with lab-server.
set -uo pipefail # so no `| grep -q`, which ends before those who write to it
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
here=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0
server=$here/target/release/lab-server

# check NAME COMMAND…: counts, and shows the output of what went wrong.
check() {
    if (cd "$work" && "${@:2}") >"$work/output" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "sdk: FAILED: $1" >&2
        cat "$work/output" >&2
    fi
}
# refuses NAME PATTERN COMMAND…: the command must fail, and say why in words that match.
refuses() {
    check "$1" said_no "${@:2}"
}
said_no() {
    ! "${@:2}" >refused 2>&1 || { echo "was let through"; return 1; }
    cat refused
    grep -q "$1" refused
}
same() {
    [ "$1" = "$2" ] || { printf 'is       %s\nshould be %s\n' "$1" "$2"; return 1; }
}

# A directory of links to what a C programmer has, for PATH.
mkdir "$work/bin"
for tool in ar as awk basename bash cat cc chmod cmake cp dirname echo env expr false gcc grep head install ld ln ls make \
    mkdir mv nm objcopy pkg-config pkgconf ranlib readelf rm rmdir sed sh sort strip tail tar test touch tr true uname \
    arm-none-eabi-gcc aarch64-linux-gnu-gcc; do
    path=$(type -P "$tool") && ln -s "$(readlink -f "$path")" "$work/bin/$tool"
done
bare() {
    env -i PATH="$work/bin" HOME="$work" ${PKG_CONFIG_PATH:+PKG_CONFIG_PATH="$PKG_CONFIG_PATH"} \
        ${PKG_CONFIG_SYSROOT_DIR:+PKG_CONFIG_SYSROOT_DIR="$PKG_CONFIG_SYSROOT_DIR"} "$@"
}

# registers PROGRAM…: the program ends well, and the server saw it register and leave.
registers() {
    local line seen status=0
    exec 3< <(exec "$server" 0 --limit 60)
    local id=$!
    read -r line <&3
    timeout 90 "$@" "coap://127.0.0.1:${line##*:}" || status=$?
    kill $id 2>/dev/null
    seen=$(cat <&3)
    exec 3<&-
    [ $status -eq 0 ] && grep -q 'POST /rd?ep=outsider' <<<"$seen" && grep -q '2.01 Created' <<<"$seen" &&
        grep -q 'DELETE /rd/' <<<"$seen" && return
    printf 'ended with %s; the server saw:\n%s\n' "$status" "$seen"
    return 1
}

cp -R tests/sdk/outsider "$work"
check "no cargo and no Python while an outsider builds" eval '! bare sh -c "type cargo || type rustc || type python3"'

finish() {
    echo "sdk: $1: $passed passed, $failed failed"
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}
