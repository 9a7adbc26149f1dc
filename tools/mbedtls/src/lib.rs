//! Empty: the manifest names the C sources (scripts/mbedtls.sh).
