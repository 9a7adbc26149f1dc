#!/bin/sh
# Brings Eclipse Leshan's libraries and our compiled bridges into target/interop/leshan: the server's, and in bootstrap/ the
# bootstrap server's. Run it as often as you like: a stamp over its inputs makes the second run a few milliseconds.
# LESHAN_VERSION and LESHAN_BOOTSTRAP_VERSION override the versions of bridge/pom.xml and bootstrap/pom.xml.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
out=$(cd "$here/../../.." && pwd)/target/interop/leshan
inputs=$(cat "$here/fetch.sh" "$here"/*/pom.xml "$here"/*/*.java | sha256sum | cut -d' ' -f1)
stamp=$inputs-${LESHAN_VERSION:-pom}-${LESHAN_BOOTSTRAP_VERSION:-pom}
is_there() { [ "$(cat "$out/stamp" 2>/dev/null || true)" = "$stamp" ]; }
if is_there; then exit 0; fi
# two suites that begin at a time: the second one finds it done
mkdir -p "${out%/*}"
exec 9>"$out.lock"
flock 9
if is_there; then exit 0; fi

if ! command -v mvn >/dev/null || ! command -v javac >/dev/null; then
    if [ "$(id -u)" != 0 ]; then
        echo "fetch.sh: install maven and a JDK 17 (not root, so not installing them here)" >&2
        exit 1
    fi
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends maven openjdk-17-jdk-headless
fi

# SOURCES INTO VERSION: what the two programs share is compiled against the libraries of each
bring() {
    mkdir -p "$2/lib" "$2/classes"
    mvn -B -q -f "$here/$1/pom.xml" ${3:+"-Dleshan.version=$3"} \
        dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$2/lib"
    rm -f "$2"/lib/*-tests.jar
    javac --release 17 -Xlint:all,-processing -Werror -cp "$2/lib/*" -d "$2/classes" \
        "$here"/common/*.java "$here/$1"/*.java
}

# A half-fetched directory must never look complete: build aside, move, stamp last.
new=$out.new
rm -rf "$new"
bring bridge "$new" "${LESHAN_VERSION:-}"
bring bootstrap "$new/bootstrap" "${LESHAN_BOOTSTRAP_VERSION:-}"
rm -rf "$out"
mv "$new" "$out"
echo "$stamp" > "$out/stamp"
