//! Empty: the manifest names the C sources (scripts/rtos.sh).
