#!/bin/sh
# Brings Eclipse Leshan's libraries and our compiled bridge into target/interop/leshan. Run it as often as you like:
# a stamp over its inputs makes the second run a few milliseconds. LESHAN_VERSION overrides the version of pom.xml.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
out=$(cd "$here/../../.." && pwd)/target/interop/leshan
stamp=$(cat "$here/pom.xml" "$here/fetch.sh" "$here"/bridge/*.java | sha256sum | cut -d' ' -f1)-${LESHAN_VERSION:-pom}
if [ "$(cat "$out/stamp" 2>/dev/null || true)" = "$stamp" ]; then
    exit 0
fi

if ! command -v mvn >/dev/null || ! command -v javac >/dev/null; then
    if [ "$(id -u)" != 0 ]; then
        echo "fetch.sh: install maven and a JDK 17 (not root, so not installing them here)" >&2
        exit 1
    fi
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends maven openjdk-17-jdk-headless
fi

# A half-fetched directory must never look complete: build aside, move, stamp last.
new=$out.new
rm -rf "$new"
mkdir -p "$new/lib" "$new/classes"
mvn -B -q -f "$here/pom.xml" ${LESHAN_VERSION:+"-Dleshan.version=$LESHAN_VERSION"} \
    dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$new/lib"
rm -f "$new"/lib/*-tests.jar
javac --release 17 -Xlint:all,-processing -Werror -cp "$new/lib/*" -d "$new/classes" "$here"/bridge/*.java
rm -rf "$out"
mv "$new" "$out"
echo "$stamp" > "$out/stamp"
