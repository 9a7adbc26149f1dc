//! Compiles what of the DTLS targets is C, with the address sanitizer and counters: Mbed TLS, the client's backend on it, and
//! the bench's own server. The runtime of the sanitizer is rustc's: both compilers speak version 8 of its interface,
//! which the linker checks by a symbol.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

const SANITIZERS: [&str; 4] =
    ["-O2", "-g1", "-fsanitize=address", "-fsanitize-coverage=inline-8bit-counters,pc-table,trace-cmp"];

fn sources(folder: &Path) -> Vec<PathBuf> {
    println!("cargo::rerun-if-changed={}", folder.display());
    let files = folder.read_dir().expect("a folder").map(|entry| entry.expect("an entry").path());
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|ext| ext == "c")).collect();
    files.sort();
    files
}

fn main() {
    let fuzz = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let root = fuzz.join("..").canonicalize().expect("the repository");
    let built = root.join("target/mbedtls/host-fuzz");
    let script = root.join("scripts/mbedtls.sh");
    let uncounted = format!("-fsanitize-coverage-ignorelist={}", fuzz.join("uncounted.txt").display());
    let done = Command::new(&script)
        .env("CC", "clang")
        .env("MBEDTLS_VARIANT", "fuzz")
        .env("MBEDTLS_CFLAGS", format!("{} {uncounted}", SANITIZERS.join(" ")))
        .status()
        .expect("scripts/mbedtls.sh starts");
    assert!(done.success(), "scripts/mbedtls.sh builds Mbed TLS with clang");

    let flags = std::fs::read_to_string(built.join("cflags")).expect("it says how to compile against it");
    let mut c = cc::Build::new();
    c.compiler("clang").debug(false).opt_level(2);
    c.files(sources(&root.join("ports/mbedtls"))).files(sources(&root.join("tests/lab/dtls")));
    c.include(root.join("include")).include(root.join("ports/mbedtls"));
    SANITIZERS.iter().copied().chain(flags.split_whitespace()).for_each(|flag| _ = c.flag(flag));
    c.std("c99").compile("whimbrel_fuzz_dtls");

    let freertos = root.join("ports/freertos");
    let mut c = cc::Build::new();
    c.compiler("clang").debug(false).opt_level(2);
    c.files(["storage.c", "flash_log.c"].map(|name| freertos.join(name)));
    c.include(root.join("include")).include(&freertos);
    SANITIZERS.iter().copied().for_each(|flag| _ = c.flag(flag));
    c.std("c99").compile("whimbrel_fuzz_flash");
    println!("cargo::rerun-if-changed={}", freertos.display());

    println!("cargo::rustc-link-search=native={}", built.display());
    println!("cargo::rustc-link-lib=static=mbedtls");
    for input in [script, root.join("include/whimbrel.h"), built.join("libmbedtls.a"), fuzz.join("build.rs")]
    {
        println!("cargo::rerun-if-changed={}", input.display());
    }
    println!("cargo::rerun-if-env-changed=MBEDTLS");
}
