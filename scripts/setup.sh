#!/usr/bin/env bash
# Installs what a group of targets needs and the machine lacks. Idempotent: looks first, runs apt-get only for what
# is missing. usage: scripts/setup.sh [group…]   groups: check c firmware fuzz sdk zephyr dtls card python java; none means all of them.
# Each need is `group|how to see that it is there|package`. rustfmt and clippy come from rustup and are only checked.
set -euo pipefail

needs='
check|command -v clang-format|clang-format
check|command -v g++|g++
c|command -v valgrind|valgrind
c|command -v g++|g++
firmware|test -d /usr/lib/rustlib/src/rust/library/core|rust-web-src
firmware|test -x /usr/bin/rustc|rustc-web
firmware|command -v arm-none-eabi-gcc|gcc-arm-none-eabi
firmware|test -e "$(arm-none-eabi-gcc -print-file-name=libc_nano.a)"|libnewlib-arm-none-eabi
firmware|command -v qemu-system-arm|qemu-system-arm
fuzz|command -v g++|g++
fuzz|command -v clang|clang
sdk|command -v pkg-config|pkg-config
sdk|command -v cmake|cmake
sdk|command -v abidiff|abigail-tools
sdk|command -v doxygen|doxygen
sdk|command -v aarch64-linux-gnu-gcc|gcc-aarch64-linux-gnu
sdk|test -e /usr/aarch64-linux-gnu/include/stdio.h|libc6-dev-arm64-cross
sdk|command -v qemu-aarch64|qemu-user
zephyr|command -v cmake|cmake
dtls|command -v openssl|openssl
dtls|command -v gnutls-serv|gnutls-bin
card|command -v pkg-config|pkg-config
card|pkg-config --exists libpcsclite|libpcsclite-dev
card|test -x /usr/sbin/pcscd|pcscd
card|test -e /usr/lib/pcsc/drivers/serial/libifdvpcd.so|vsmartcard-vpcd
card|command -v pkcs15-tool|opensc
card|command -v scriptor|pcsc-tools
card|/usr/bin/python3 -c "import smartcard"|python3-pyscard
python|python3 -m ensurepip --version|python3-venv
java|command -v javac|default-jdk-headless
java|command -v mvn|maven
'
groups=("$@")
[ ${#groups[@]} -gt 0 ] || groups=(check c firmware fuzz sdk zephyr dtls card python java)
for group in "${groups[@]}"; do
    grep -q "^$group|" <<<"$needs" || { echo "setup: no group $group" >&2; exit 2; }
done

# Prints the packages of the groups whose test fails.
missing() {
    local group test package
    while IFS='|' read -r group test package; do
        [[ -n $group && " ${groups[*]} " == *" $group "* ]] || continue
        eval "$test" >/dev/null 2>&1 || echo "$package"
    done <<<"$needs" | sort -u
}

mapfile -t packages < <(missing)
if [ ${#packages[@]} -gt 0 ]; then
    echo "setup: missing: ${packages[*]}"
    root=()
    if [ "$(id -u)" -ne 0 ]; then root=(sudo); fi
    if ! command -v apt-get >/dev/null || ! command -v "${root[0]:-true}" >/dev/null; then
        echo "setup: no apt-get, or neither root nor sudo: install the above by other means" >&2
        exit 1
    fi
    "${root[@]}" apt-get update -qq || echo "setup: apt-get update failed, trying with the old lists" >&2
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 install -y -qq --no-install-recommends "${packages[@]}" \
        >/dev/null || true # what counts is whether the tools are there now
fi

mapfile -t packages < <(missing)
for component in fmt clippy; do
    [[ " ${groups[*]} " == *" check "* ]] || continue
    cargo "$component" --version >/dev/null 2>&1 || packages+=("cargo-$component (rustup component add)")
done
if [ ${#packages[@]} -gt 0 ]; then
    echo "setup: cannot get: ${packages[*]} (needed by: ${groups[*]})" >&2
    exit 1
fi
