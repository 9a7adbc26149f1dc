#!/usr/bin/env bash
# Makes the certificates and keys of the bench anew, DER, P-256, good for a hundred years from today. They protect nothing.
# usage: tests/lab/dtls/keys/make.sh
#   authority     signs the others but `stranger`
#   server        for 10.0.0.2, 10.0.0.3 and lwm2m.example
#   elsewhere     for elsewhere.example only
#   client        of the endpoint `whimbrel`
#   stranger      a client's, signed by itself
set -euo pipefail
cd "$(dirname "$0")"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

key() {
    openssl ecparam -name prime256v1 -genkey -noout -out "$scratch/$1.pem"
    openssl ec -in "$scratch/$1.pem" -outform DER -out "$1.key.der" 2>/dev/null
}

# self NAME EXTENSION
self() {
    key "$1"
    openssl req -x509 -new -key "$scratch/$1.pem" -subj "/CN=$1" -days 36500 -addext "$2" -out "$scratch/$1.crt" 2>/dev/null
    openssl x509 -in "$scratch/$1.crt" -outform DER -out "$1.der"
}

# signed NAME SUBJECT EXTENSIONS
signed() {
    key "$1"
    openssl req -new -key "$scratch/$1.pem" -subj "$2" -out "$scratch/$1.csr"
    printf '%b' "$3" >"$scratch/$1.ext"
    openssl x509 -req -in "$scratch/$1.csr" -CA "$scratch/authority.crt" -CAkey "$scratch/authority.pem" \
        -CAcreateserial -days 36500 -extfile "$scratch/$1.ext" -outform DER -out "$1.der" 2>/dev/null
}

self authority 'keyUsage=critical,keyCertSign,cRLSign'
self stranger 'keyUsage=critical,digitalSignature'
signed server /CN=lwm2m.example 'subjectAltName=DNS:lwm2m.example,IP:10.0.0.2,IP:10.0.0.3\nextendedKeyUsage=serverAuth\n'
signed elsewhere /CN=elsewhere.example 'subjectAltName=DNS:elsewhere.example\nextendedKeyUsage=serverAuth\n'
signed client /CN=whimbrel 'extendedKeyUsage=clientAuth\n'
