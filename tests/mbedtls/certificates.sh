#!/usr/bin/env bash
# Makes the certificates that the DTLS tests use; nothing of it is committed. usage: tests/mbedtls/certificates.sh OUTDIR [ENDPOINT]
# For each name below: NAME.pem, NAME.der, NAME.key.pem and NAME.key.der (PKCS#8), all on secp256r1. ENDPOINT is the
# Common Name of `client` (default: whimbrel). Besides: client.sec1.der, its key as RFC 5915 has it; chain.der, `leaf` with
# `intermediate`; long-chain.der, with `ca` too; false-chain.der, `impostor` with `ca`. Silent and quick if they are there for this ENDPOINT.
#   ca            signs all that has no other issuer; 2020 to 2049, like all but `expired` and `future`
#   server        localhost, as DNS name, 127.0.0.1 and ::1 as addresses
#   other         other.example
#   expired       as server, ended 2021-01-01
#   future        as server, begins 2048-01-01
#   client        Common Name ENDPOINT
#   intermediate  an authority signed by ca
#   leaf          as server, signed by intermediate
#   self          as server, signed by itself
#   rogue         as server, signed by rogue-ca, which nobody trusts
#   impostor      as server, names ca as its issuer, signed by rogue-ca's key
#   ip_cn         Common Name 127.0.0.1 and no other name
#   ip_uri        URIs coaps://127.0.0.1:5684/ and coaps://[2001:db8::2:1]
#   wildcard      *.example.org
set -euo pipefail
[ $# -ge 1 ] || { sed -n '2,3s/^# //p' "$0" >&2; exit 2; }
out=$1
endpoint=${2:-whimbrel}
[ "$(cat "$out/endpoint" 2>/dev/null)" = "$endpoint $(cksum <"$0")" ] && exit 0
source=$(cd "$(dirname "$0")" && pwd)/$(basename "$0")
mkdir -p "$out"
cd "$out"
rm -f endpoint
exec 3>&2 2>log # openssl talks a lot; the log is shown if anything fails
trap 'cat log >&3' ERR

cat >openssl.cnf <<'END'
[ca]
default_ca = one
[one]
database = index
new_certs_dir = .
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
copy_extensions = copyall
[any]
commonName = supplied
[req]
distinguished_name = nothing
[nothing]
END
: >index

request() { # NAME COMMON-NAME [EXTENSION…]
    local name=$1 common=$2 extensions=()
    shift 2
    for extension; do extensions+=(-addext "$extension"); done
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$name.key.pem"
    openssl pkcs8 -topk8 -nocrypt -in "$name.key.pem" -outform DER -out "$name.key.der"
    openssl req -new -config openssl.cnf -key "$name.key.pem" -subj "/CN=$common" -out "$name.csr" "${extensions[@]}"
}

sign() { # NAME ISSUER [BEGIN [END]] [OPTION…]
    local name=$1 issuer=$2 from=${3:-20200101000000Z} until=${4:-20491231235959Z} signer
    shift $(($# < 4 ? $# : 4))
    if [ "$issuer" = "$name" ]; then signer=(-selfsign -keyfile "$name.key.pem"); else
        signer=(-cert "$issuer.pem" -keyfile "$issuer.key.pem"); fi
    openssl ca -config openssl.cnf -batch -notext -in "$name.csr" -out "$name.pem" -startdate "$from" -enddate "$until" \
        "${signer[@]}" "$@"
    openssl x509 -in "$name.pem" -outform DER -out "$name.der"
    rm "$name.csr"
}

authority=(basicConstraints=critical,CA:TRUE keyUsage=critical,keyCertSign,cRLSign subjectKeyIdentifier=hash)
server=(basicConstraints=CA:FALSE keyUsage=digitalSignature extendedKeyUsage=serverAuth)
local=("${server[@]}" "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1")

request ca "Whimbrel test authority" "${authority[@]}"
sign ca ca
request rogue-ca "Somebody else" "${authority[@]}"
sign rogue-ca rogue-ca
request intermediate "Whimbrel test intermediate" "${authority[@]}"
sign intermediate ca
for name in server expired future leaf self rogue impostor; do request $name localhost "${local[@]}"; done
sign server ca
sign expired ca 20200101000000Z 20210101000000Z
sign future ca 20480101000000Z
sign leaf intermediate
sign self self
sign rogue rogue-ca
# an issuer with the name of ca and another key
cp rogue-ca.key.pem false-ca.key.pem
openssl req -new -config openssl.cnf -key false-ca.key.pem -subj "/CN=Whimbrel test authority" -out false-ca.csr \
    -addext "${authority[0]}"
sign false-ca false-ca
sign impostor false-ca
request other other.example "${server[@]}" subjectAltName=DNS:other.example
sign other ca
request wildcard anything "${server[@]}" "subjectAltName=DNS:*.example.org"
sign wildcard ca
request ip_cn 127.0.0.1 "${server[@]}"
sign ip_cn ca
request ip_uri somewhere "${server[@]}" "subjectAltName=URI:coaps://127.0.0.1:5684/,URI:coaps://[2001:db8::2:1]"
sign ip_uri ca
request client "$endpoint" basicConstraints=CA:FALSE keyUsage=digitalSignature extendedKeyUsage=clientAuth
sign client ca
openssl ec -in client.key.pem -outform DER -out client.sec1.der
cat leaf.der intermediate.der >chain.der
cat leaf.der intermediate.der ca.der >long-chain.der
cat impostor.der ca.der >false-chain.der
rm -f index* false-ca.* [0-9A-F]*.pem log
echo "$endpoint $(cksum <"$source")" >endpoint
