#!/usr/bin/env bash
# Where the C sources of FreeRTOS and lwIP lie that tools/rtos pins: fetches them, and prints both paths, one a line.
# cargo is asked only if what was found last time is gone or the lock file is newer. usage: scripts/rtos.sh
# Environment: FREERTOS, LWIP   trees to use instead (a FreeRTOS-Kernel, and an lwIP with src/ and contrib/)
set -euo pipefail
cd "$(dirname "$0")/.."
known=target/rtos
if [ ! -e "$known" ] || [ tools/rtos/Cargo.lock -nt "$known" ] || ! xargs -d '\n' -a "$known" ls -d >/dev/null 2>&1; then
    manifests=$(cargo metadata --quiet --locked --format-version 1 --manifest-path tools/rtos/Cargo.toml \
        --filter-platform x86_64-unknown-linux-gnu | grep -o '"manifest_path":"[^"]*/Cargo.toml"' | sort -u | cut -d '"' -f 4)
    freertos=$(grep '/freertos-next-[^/]*/Cargo.toml$' <<<"$manifests")
    lwip=$(grep '/lwip-[^/]*/Cargo.toml$' <<<"$manifests")
    mkdir -p target
    printf '%s\n' "${freertos%/*}/FreeRTOS-Kernel" "${lwip%/*}" >"$known.$$"
    mv "$known.$$" "$known"
fi
{ read -r freertos && read -r lwip; } <"$known"
freertos=${FREERTOS:-$freertos}
lwip=${LWIP:-$lwip}
for file in "$freertos/tasks.c" "$lwip/src/api/api_lib.c"; do
    [ -e "$file" ] || { echo "rtos: no $file" >&2; exit 1; }
done
printf '%s\n' "$freertos" "$lwip"
